import { after } from '../after.ts';
import { requireReadableFile } from '../checks.ts';
import { Op, Status } from '../constants/index.ts';
import type { Operation } from '../operation.ts';

/** RFC 8881 §18.3. */
export const commit: Operation = {
  op: Op.COMMIT,
  minor: 1,
  needsFh: true,
  modifies: true,
  replyRoom: 8,
  run(c) {
    const offset = c.args.u64();
    const count = c.args.u32();
    return after(c.attributes(), (attributes) => {
      requireReadableFile(attributes);
      const { fs } = c;
      return after(fs.commit(c.object, offset, count), () => {
        c.out.fixed(fs.writeVerifier);
        return Status.OK;
      });
    });
  },
};
