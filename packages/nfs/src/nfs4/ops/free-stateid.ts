import { Op, Status } from '../constants/index.ts';
import { findState, resolveStateid } from '../io-access.ts';
import type { Operation } from '../operation.ts';
import { StateKind } from '../state/stateids.ts';
import { readStateid } from '../stateid.ts';

/** RFC 8881 §18.38: a lock stateid that locks nothing any more, or one that was revoked. */
export const freeStateid: Operation = {
  op: Op.FREE_STATEID,
  minor: 1,
  needsFh: false,
  modifies: true,
  changesFiles: false,
  replyRoom: 0,
  run(c) {
    const id = resolveStateid(c, readStateid(c.args));
    const { state } = c.engine;
    const entry = findState(c, id);
    if (entry.kind === StateKind.OPEN || state.locks.holdsAny(entry)) return Status.LOCKS_HELD;
    state.locks.free(entry);
    return Status.OK;
  },
};
