import { Op, Status } from '../constants/index.ts';
import { findState, requireSameFile, resolveStateid } from '../io-access.ts';
import type { Operation } from '../operation.ts';
import { StateKind } from '../state/stateids.ts';
import { readStateid } from '../stateid.ts';

/** The stateid in CLOSE's result is of no use, and must not be mistaken for one that is (RFC 8881 §18.2.4). */
const CLOSED_SEQID = 0xffffffff;

/** RFC 8881 §18.2. */
export const close: Operation = {
  op: Op.CLOSE,
  minor: 1,
  needsFh: true,
  modifies: true,
  changesFiles: false,
  replyRoom: 16,
  run(c) {
    c.args.u32(); // seqid, unused since 4.1
    const id = resolveStateid(c, readStateid(c.args));
    const { state } = c.engine;
    const open = findState(c, id);
    if (open.kind !== StateKind.OPEN) return Status.BAD_STATEID;
    requireSameFile(c, open.file);
    for (const lock of open.locks) if (state.locks.holdsAny(lock)) return Status.LOCKS_HELD;
    state.closeOpen(open);
    c.stateid = undefined;
    c.out.u32(CLOSED_SEQID).u32(0).u32(0).u32(0);
    return Status.OK;
  },
};
