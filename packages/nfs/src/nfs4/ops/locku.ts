import { Op, Status } from '../constants/index.ts';
import { findState, requireSameFile, resolveStateid } from '../io-access.ts';
import type { Operation } from '../operation.ts';
import { StateKind } from '../state/stateids.ts';
import { readStateid, writeStateid } from '../stateid.ts';
import { readLockType, toRange } from './lock-range.ts';

/** RFC 8881 §18.12. What was not locked is not an error. */
export const locku: Operation = {
  op: Op.LOCKU,
  minor: 1,
  needsFh: true,
  modifies: true,
  changesFiles: false,
  replyRoom: 16,
  run(c) {
    readLockType(c.args);
    c.args.u32(); // seqid, unused since 4.1
    const id = resolveStateid(c, readStateid(c.args));
    const offset = c.args.bigU64();
    const { start, end } = toRange(offset, c.args.bigU64());
    const { state } = c.engine;
    const held = findState(c, id);
    if (held.kind !== StateKind.LOCK) return Status.BAD_STATEID;
    requireSameFile(c, held.file);
    state.locks.unlock(held, start, end);
    const next = state.stateids.idOf(held);
    c.stateid = next;
    writeStateid(c.out, next);
    return Status.OK;
  },
};
