import { CHANGE_INFO_BYTES } from '../change-info.ts';
import { Op } from '../constants/index.ts';
import type { Operation } from '../operation.ts';
import { changeXattr, readKey, xattrsOf } from './xattr-key.ts';

/** RFC 8276 §8.4.4. */
export const removexattr: Operation = {
  op: Op.REMOVEXATTR,
  minor: 2,
  needsFh: true,
  modifies: true,
  replyRoom: CHANGE_INFO_BYTES,
  run(c) {
    const key = readKey(c);
    const xattrs = xattrsOf(c);
    c.requireWritable();
    const { object, cred } = c;
    return changeXattr(c, () => xattrs.remove(object, cred, key));
  },
};
