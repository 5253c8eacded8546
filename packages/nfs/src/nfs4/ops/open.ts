import type { Awaitable } from '../../vfs/index.ts';
import { after } from '../after.ts';
import { writeBitmap } from '../attributes/bitmap.ts';
import type { Compound } from '../compound.ts';
import {
  DelegationType,
  Op,
  OpenClaim,
  OpenResultFlag,
  OpenWant,
  Status,
  WhyNoDelegation,
} from '../constants/index.ts';
import { NfsError } from '../errors.ts';
import { clientOf } from '../io-access.ts';
import { checkName } from '../names.ts';
import type { Operation } from '../operation.ts';
import type { Client } from '../state/clients.ts';
import type { OpenState } from '../state/opens.ts';
import { writeStateid } from '../stateid.ts';
import { type OpenArguments, readOpenArguments } from './open-arguments.ts';
import { type Opened, openCurrent, openNamed, requireShare } from './open-file.ts';

const RESULT_FLAGS =
  OpenResultFlag.LOCKTYPE_POSIX | OpenResultFlag.PRESERVE_UNLINKED | OpenResultFlag.MAY_NOTIFY_LOCK;

/** RFC 8881 §18.16. */
export const open: Operation = {
  op: Op.OPEN,
  minor: 1,
  needsFh: true,
  modifies: true,
  changesFiles: false,
  replyRoom: 128,
  run(c) {
    const args = readOpenArguments(c);
    const client = clientOf(c);
    requireReclaimRules(c, client, args);
    return after(findFile(c, args), (opened) => {
      if (opened.changed) c.changed = true;
      requireShare(c, args, c.object);
      const { opens } = c.engine.state;
      const state = opens.open(client, args.ownerKey, c.here, c.object, args.access, args.deny);
      writeResult(c, args, opened, state);
      return Status.OK;
    });
  },
};

/** In grace only reclaims, and those only of clients on record; outside of it none (§8.4.2.1, §9.6). */
function requireReclaimRules(c: Compound, client: Client, args: OpenArguments): void {
  const { grace } = c.engine.state;
  if (args.claim === OpenClaim.PREVIOUS) {
    if (!grace.mayReclaim(client)) throw new NfsError(Status.NO_GRACE);
    grace.extend();
    return;
  }
  if (grace.active || !client.reclaimComplete) throw new NfsError(Status.GRACE);
}

function findFile(c: Compound, args: OpenArguments): Awaitable<Opened> {
  switch (args.claim) {
    case OpenClaim.NULL:
      return openNamed(c, args, checkName(args.name, c.engine.limits.maxName));
    case OpenClaim.PREVIOUS:
    case OpenClaim.FH:
      return openCurrent(c, args);
    case OpenClaim.DELEGATE_CUR:
    case OpenClaim.DELEG_CUR_FH:
      // No delegation is out, so no stateid is one.
      throw new NfsError(Status.BAD_STATEID);
    case OpenClaim.DELEGATE_PREV:
    case OpenClaim.DELEG_PREV_FH:
      throw new NfsError(Status.NOTSUPP);
    default:
      return args.claim satisfies never;
  }
}

function writeResult(c: Compound, args: OpenArguments, opened: Opened, state: OpenState): void {
  const { out, engine } = c;
  const id = engine.state.stateids.idOf(state);
  c.stateid = id;
  writeStateid(out, id);
  out.bool(opened.atomic).u64(opened.before).u64(opened.after);
  out.u32(RESULT_FLAGS);
  writeBitmap(out, opened.attributesSet);
  writeNoDelegation(c, args.want);
}

/** Delegations are not granted yet; a client that said what it wants is told why not. */
function writeNoDelegation(c: Compound, asked: number): void {
  const { out } = c;
  const want = asked & OpenWant.DELEG_MASK;
  if (want === OpenWant.NO_PREFERENCE) {
    out.u32(DelegationType.NONE);
    return;
  }
  out.u32(DelegationType.NONE_EXT);
  if (want === OpenWant.NO_DELEG) out.u32(WhyNoDelegation.NOT_WANTED);
  else if (want === OpenWant.CANCEL) out.u32(WhyNoDelegation.CANCELLED);
  else out.u32(WhyNoDelegation.RESOURCE).bool(false);
}
