import { XattrMode } from '../../vfs/index.ts';
import { XdrError, type XdrReader } from '../../xdr/index.ts';
import { after } from '../after.ts';
import { CHANGE_INFO_BYTES, changing, writeChangeInfo } from '../change-info.ts';
import { Op, Status } from '../constants/index.ts';
import { withoutDelegations } from '../delegation-conflict.ts';
import type { Operation } from '../operation.ts';
import { readKey, xattrsOf } from './xattr-key.ts';

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
    const { here, object, cred } = c;
    const free = withoutDelegations(c, here, object, true);
    return after(
      after(free, () => c.attributes()),
      ({ change }) =>
        changing(
          here,
          object,
          change,
          () => xattrs.set(object, cred, key, value, mode),
          (_, info) => {
            writeChangeInfo(c.out, info);
            return Status.OK;
          },
        ),
    );
  },
};
