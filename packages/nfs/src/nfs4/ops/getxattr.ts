import { after } from '../after.ts';
import { Op, Status } from '../constants/index.ts';
import type { Operation } from '../operation.ts';
import { readKey, xattrsOf } from './xattr-key.ts';

/** RFC 8276 §8.4.1. */
export const getxattr: Operation = {
  op: Op.GETXATTR,
  minor: 2,
  needsFh: true,
  modifies: false,
  replyRoom: 4,
  run(c) {
    const key = readKey(c);
    const found = xattrsOf(c).get(c.object, c.cred, key, c.engine.limits.maxXattrValue);
    return after(found, (value) => {
      c.out.opaque(value);
      return Status.OK;
    });
  },
};
