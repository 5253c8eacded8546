import { XattrMode } from '../../vfs/index.ts';
import { XdrError, type XdrReader } from '../../xdr/index.ts';
import { CHANGE_INFO_BYTES } from '../change-info.ts';
import { Op, Status } from '../constants/index.ts';
import type { Operation } from '../operation.ts';
import { changeXattr, readKey, xattrsOf } from './xattr-key.ts';

function readMode(args: XdrReader): XattrMode {
  const option = args.u32();
  switch (option) {
    case XattrMode.EITHER:
    case XattrMode.CREATE:
    case XattrMode.REPLACE:
      return option;
    default:
      throw new XdrError(`${option} is no setxattr_option4`);
  }
}

/** RFC 8276 §8.4.2. */
export const setxattr: Operation = {
  op: Op.SETXATTR,
  minor: 2,
  needsFh: true,
  modifies: true,
  replyRoom: CHANGE_INFO_BYTES,
  run(c) {
    const mode = readMode(c.args);
    const key = readKey(c);
    const value = c.args.opaque(c.args.remaining);
    if (value.length > c.engine.limits.maxXattrValue) return Status.XATTR2BIG;
    const xattrs = xattrsOf(c);
    c.requireWritable();
    const { object, cred } = c;
    return changeXattr(c, () => xattrs.set(object, cred, key, value, mode));
  },
};
