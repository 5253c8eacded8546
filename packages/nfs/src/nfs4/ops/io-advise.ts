import { after } from '../after.ts';
import { readBitmap } from '../attributes/bitmap.ts';
import { requireReadableFile } from '../checks.ts';
import { Op, Status } from '../constants/index.ts';
import { findState, requireSameFile, resolveStateid } from '../io-access.ts';
import type { Operation } from '../operation.ts';
import { isSpecialOther, readStateid } from '../stateid.ts';

/** IO_ADVISE4_NORMAL: no advice is followed. */
const NORMAL = 1 << 0;

/** RFC 7862 §15.5: hints may be ignored, and the answer says that they are. */
export const ioAdvise: Operation = {
  op: Op.IO_ADVISE,
  minor: 2,
  needsFh: true,
  modifies: false,
  replyRoom: 8,
  run(c) {
    const id = readStateid(c.args);
    c.args.u64();
    c.args.u64();
    readBitmap(c.args);
    return after(c.attributes(), (attributes) => {
      requireReadableFile(attributes);
      const meant = resolveStateid(c, id);
      if (!isSpecialOther(meant)) requireSameFile(c, findState(c, meant).file);
      c.out.u32(1).u32(NORMAL);
      return Status.OK;
    });
  },
};
