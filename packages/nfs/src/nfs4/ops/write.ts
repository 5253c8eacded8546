import { Stability } from '../../vfs/index.ts';
import { after } from '../after.ts';
import { requireReadableFile } from '../checks.ts';
import { Op, Status } from '../constants/index.ts';
import { NfsError } from '../errors.ts';
import { requireIo } from '../io-access.ts';
import type { Operation } from '../operation.ts';
import { readStateid } from '../stateid.ts';

/** RFC 8881 §18.32. The payload goes to the file system as it lies in the request. */
export const write: Operation = {
  op: Op.WRITE,
  minor: 1,
  needsFh: true,
  modifies: true,
  changesFiles: false,
  replyRoom: 16,
  run(c) {
    const id = readStateid(c.args);
    const offset = c.args.u64();
    const stability = c.args.u32();
    const data = c.args.opaque(c.args.remaining);
    if (!isStability(stability)) return Status.BADXDR;
    c.requireWritable();
    return after(c.glance(), (attributes) => {
      requireReadableFile(attributes);
      if (offset + data.length > c.fs.abilities.maxFileSize) throw new NfsError(Status.FBIG);
      const { fs } = c;
      return after(requireIo(c, id, true), () =>
        after(
          data.length === 0 ? stability : fs.write(c.object, offset, data, stability, c.cred),
          (stable) => {
            if (stability !== Stability.UNSTABLE) c.changed = true;
            c.out.u32(data.length).u32(stable).fixed(fs.writeVerifier);
            return Status.OK;
          },
        ),
      );
    });
  },
};

function isStability(value: number): value is Stability {
  return value <= Stability.FILE_SYNC;
}
