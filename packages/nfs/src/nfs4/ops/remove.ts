import { after } from '../after.ts';
import { CHANGE_INFO_BYTES, changing, writeChangeInfo } from '../change-info.ts';
import { requireDirectory } from '../checks.ts';
import { Op, Status } from '../constants/index.ts';
import { withoutDelegationsOn } from '../delegation-conflict.ts';
import { junctionsBelow } from '../junction.ts';
import { readName } from '../names.ts';
import type { Operation } from '../operation.ts';

/** RFC 8881 §18.25. */
export const remove: Operation = {
  op: Op.REMOVE,
  minor: 1,
  needsFh: true,
  modifies: true,
  replyRoom: CHANGE_INFO_BYTES,
  run(c) {
    const name = readName(c.args, c.engine.limits.maxName);
    c.requireWritable();
    // Another share is mounted there.
    if (junctionsBelow(c.here, c.object)?.has(name)) return Status.FILE_OPEN;
    const free = withoutDelegationsOn(c, c.here, c.object, name);
    return after(
      after(free, () => c.attributes()),
      (attributes) => {
        requireDirectory(attributes);
        const { here, object, cred } = c;
        return changing(
          here,
          object,
          attributes.change,
          () => c.fs.remove(object, cred, name),
          (_, info) => {
            writeChangeInfo(c.out, info);
            return Status.OK;
          },
        );
      },
    );
  },
};
