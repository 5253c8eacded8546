import { Op, Status } from '../constants/index.ts';
import { findState, resolveStateid } from '../io-access.ts';
import type { Operation } from '../operation.ts';
import { readStateid } from '../stateid.ts';

/** RFC 8881 §18.6. No delegation is out, so no stateid that finds its state is one. */
export const delegreturn: Operation = {
  op: Op.DELEGRETURN,
  minor: 1,
  needsFh: true,
  modifies: false,
  replyRoom: 0,
  run(c) {
    findState(c, resolveStateid(c, readStateid(c.args)));
    return Status.BAD_STATEID;
  },
};
