import { after } from '../after.ts';
import { requireReadableFile } from '../checks.ts';
import type { Compound } from '../compound.ts';
import { Op, Status } from '../constants/index.ts';
import { requireIo } from '../io-access.ts';
import type { Operation, OpResult } from '../operation.ts';
import { readStateid } from '../stateid.ts';

const RESULT_HEADER = 8;

/** RFC 8881 §18.22. The file system reads straight into the reply. */
export const read: Operation = {
  op: Op.READ,
  minor: 1,
  needsFh: true,
  modifies: false,
  replyRoom: RESULT_HEADER,
  run(c) {
    const id = readStateid(c.args);
    const offset = c.args.u64();
    const asked = c.args.u32();
    return after(c.attributes(), (attributes) => {
      requireReadableFile(attributes);
      const { size } = attributes;
      return after(requireIo(c, id, false), () => readInto(c, offset, asked, size));
    });
  },
};

function readInto(c: Compound, offset: number, asked: number, size: number): OpResult {
  const { out } = c;
  const wanted = Math.min(asked, c.engine.limits.maxReadSize, c.room - RESULT_HEADER - 8);
  const count = Math.max(0, Math.min(wanted, size - offset));
  const at = out.position;
  out.u32(0).u32(0);
  if (count === 0) {
    out.patchU32(at, offset >= size ? 1 : 0);
    return Status.OK;
  }
  const target = out.room(count);
  return after(c.fs.read(c.object, offset, target), (got) => {
    out.truncate(at + RESULT_HEADER + got);
    out.pad(got);
    out.patchU32(at, offset + got >= size ? 1 : 0);
    out.patchU32(at + 4, got);
    return Status.OK;
  });
}
