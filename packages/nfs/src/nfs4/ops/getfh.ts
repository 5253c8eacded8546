import { FH_SIZE, Op, Status } from '../constants/index.ts';
import type { Operation } from '../operation.ts';

/** RFC 8881 §18.8. */
export const getfh: Operation = {
  op: Op.GETFH,
  minor: 1,
  needsFh: true,
  modifies: false,
  isBrief: true,
  replyRoom: FH_SIZE,
  run(c) {
    c.engine.namespace.writeHandle(c.out, c.here, c.object);
    return Status.OK;
  },
};
