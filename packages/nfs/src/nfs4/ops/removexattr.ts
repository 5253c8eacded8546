import { after } from '../after.ts';
import { CHANGE_INFO_BYTES, changing, writeChangeInfo } from '../change-info.ts';
import { Op, Status } from '../constants/index.ts';
import { withoutDelegations } from '../delegation-conflict.ts';
import type { Operation } from '../operation.ts';
import { readKey, xattrsOf } from './xattr-key.ts';

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
    const { here, object, cred } = c;
    const free = withoutDelegations(c, here, object, true);
    return after(
      after(free, () => c.attributes()),
      ({ change }) =>
        changing(
          here,
          object,
          change,
          () => xattrs.remove(object, cred, key),
          (_, info) => {
            writeChangeInfo(c.out, info);
            return Status.OK;
          },
        ),
    );
  },
};
