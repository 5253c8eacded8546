import { FileType } from '../../vfs/index.ts';
import { after } from '../after.ts';
import { Op, Status } from '../constants/index.ts';
import type { Operation } from '../operation.ts';

/** RFC 8881 §18.24. */
export const readlink: Operation = {
  op: Op.READLINK,
  minor: 1,
  needsFh: true,
  modifies: false,
  replyRoom: 8,
  run(c) {
    return after(c.attributes(), ({ type }) => {
      if (type !== FileType.SYMLINK) return Status.WRONG_TYPE;
      return after(c.fs.readlink(c.object, c.cred), (target) => {
        c.out.opaque(target);
        return Status.OK;
      });
    });
  },
};
