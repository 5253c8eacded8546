import type { Awaitable } from '../../vfs/index.ts';
import { after } from '../after.ts';
import { writeBitmap } from '../attributes/bitmap.ts';
import type { Compound } from '../compound.ts';
import { Op, OpenClaim, OpenResultFlag, Status } from '../constants/index.ts';
import { NfsError } from '../errors.ts';
import { clientOf, findState, requireSameFile, resolveStateid } from '../io-access.ts';
import { checkName } from '../names.ts';
import type { Operation } from '../operation.ts';
import type { Client } from '../state/clients.ts';
import type { DelegationState } from '../state/delegations.ts';
import type { OpenState } from '../state/opens.ts';
import { StateKind } from '../state/stateids.ts';
import { writeStateid } from '../stateid.ts';
import { type OpenArguments, readOpenArguments } from './open-arguments.ts';
import { writeDelegation } from './open-delegation.ts';
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
  replyRoom: 256,
  run(c) {
    const args = readOpenArguments(c);
    const client = clientOf(c);
    requireReclaimRules(c, client, args);
    return after(findFile(c, args), (opened) => {
      if (opened.changed) c.changed = true;
      // Between the open and its reply nothing waits: both are recorded, or neither is.
      return after(c.glance(), ({ change }) => {
        requireShare(c, args, c.object);
        const { opens } = c.engine.state;
        const state = opens.open(client, args.ownerKey, c.here, c.object, args.access, args.deny);
        writeResult(c, args, opened, state, change);
        return Status.OK;
      });
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
      return openNamed(c, args, checkName(c.args.buffer, args.name, c.engine.limits.maxName));
    case OpenClaim.PREVIOUS:
    case OpenClaim.FH:
      return openCurrent(c, args);
    case OpenClaim.DELEGATE_CUR: {
      const delegation = findDelegation(c, args);
      const opened = openNamed(c, args, checkName(c.args.buffer, args.name, c.engine.limits.maxName));
      return after(opened, (known) => {
        requireSameFile(c, delegation.file);
        return known;
      });
    }
    case OpenClaim.DELEG_CUR_FH:
      requireSameFile(c, findDelegation(c, args).file);
      return openCurrent(c, args);
    case OpenClaim.DELEGATE_PREV:
    case OpenClaim.DELEG_PREV_FH:
      throw new NfsError(Status.NOTSUPP);
    default:
      return args.claim satisfies never;
  }
}

/** The delegation under which the client opened the file by itself, and now tells us (§10.4.1). */
function findDelegation(c: Compound, args: OpenArguments): DelegationState {
  if (args.delegation === undefined) throw new NfsError(Status.BAD_STATEID);
  const delegation = findState(c, resolveStateid(c, args.delegation));
  if (delegation.kind !== StateKind.DELEGATION) throw new NfsError(Status.BAD_STATEID);
  return delegation;
}

function writeResult(
  c: Compound,
  args: OpenArguments,
  opened: Opened,
  state: OpenState,
  change: number,
): void {
  const { out, engine } = c;
  const id = engine.state.stateids.idOf(state);
  c.stateid = id;
  writeStateid(out, id);
  out.bool(opened.atomic).u64(opened.before).u64(opened.after);
  out.u32(RESULT_FLAGS);
  writeBitmap(out, opened.attributesSet);
  writeDelegation(c, args, state, change);
}
