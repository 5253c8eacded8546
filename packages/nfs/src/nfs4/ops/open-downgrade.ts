import { Op, ShareAccess, ShareDeny, Status } from '../constants/index.ts';
import { findState, requireSameFile, resolveStateid } from '../io-access.ts';
import type { Operation } from '../operation.ts';
import { StateKind } from '../state/stateids.ts';
import { readStateid, writeStateid } from '../stateid.ts';

/** RFC 8881 §18.18. */
export const openDowngrade: Operation = {
  op: Op.OPEN_DOWNGRADE,
  minor: 1,
  needsFh: true,
  modifies: true,
  changesFiles: false,
  replyRoom: 16,
  run(c) {
    const id = resolveStateid(c, readStateid(c.args));
    c.args.u32(); // seqid, unused since 4.1
    const access = c.args.u32() & ShareAccess.BOTH;
    const deny = c.args.u32();
    if (access === 0 || deny > ShareDeny.BOTH) return Status.INVAL;
    const open = findState(c, id);
    if (open.kind !== StateKind.OPEN) return Status.BAD_STATEID;
    requireSameFile(c, open.file);
    if (!open.downgrade(access, deny)) return Status.INVAL;
    c.engine.state.marks.touch(open);
    const next = c.engine.state.stateids.idOf(open);
    c.stateid = next;
    writeStateid(c.out, next);
    return Status.OK;
  },
};
