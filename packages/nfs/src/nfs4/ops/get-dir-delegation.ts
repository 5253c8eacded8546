import { readBitmap } from '../attributes/bitmap.ts';
import { Op, Status } from '../constants/index.ts';
import type { Operation } from '../operation.ts';

const GDD4_UNAVAIL = 1;

/** RFC 8881 §18.39. None is to be had: said in the form that lets the client go on without (GDD4_UNAVAIL). */
export const getDirDelegation: Operation = {
  op: Op.GET_DIR_DELEGATION,
  minor: 1,
  needsFh: true,
  modifies: false,
  replyRoom: 8,
  run(c) {
    c.args.bool();
    readBitmap(c.args);
    c.args.i64();
    c.args.u32();
    c.args.i64();
    c.args.u32();
    readBitmap(c.args);
    readBitmap(c.args);
    c.out.u32(GDD4_UNAVAIL).bool(false);
    return Status.OK;
  },
};
