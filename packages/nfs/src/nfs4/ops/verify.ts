import { after } from '../after.ts';
import { compareAttributes } from '../attributes/compare.ts';
import { Op, Status } from '../constants/index.ts';
import type { Operation } from '../operation.ts';

/** RFC 8881 §18.31: goes on while the attributes are the same. */
export const verify: Operation = {
  op: Op.VERIFY,
  minor: 1,
  needsFh: true,
  modifies: false,
  replyRoom: 0,
  run(c) {
    return after(compareAttributes(c), (same) => (same ? Status.OK : Status.NOT_SAME));
  },
};

/** RFC 8881 §18.15: goes on when one of them differs. */
export const nverify: Operation = {
  op: Op.NVERIFY,
  minor: 1,
  needsFh: true,
  modifies: false,
  replyRoom: 0,
  run(c) {
    return after(compareAttributes(c), (same) => (same ? Status.SAME : Status.OK));
  },
};
