import { after } from '../after.ts';
import { readBitmap } from '../attributes/bitmap.ts';
import { encodeAttributes, requireReadable } from '../attributes/encode.ts';
import { Op, Status } from '../constants/index.ts';
import { heldAttributes } from '../holder-attributes.ts';
import type { Operation } from '../operation.ts';

/** RFC 8881 §18.7. */
export const getattr: Operation = {
  op: Op.GETATTR,
  minor: 1,
  needsFh: true,
  modifies: false,
  replyRoom: 8,
  run(c) {
    const asked = readBitmap(c.args);
    requireReadable(asked);
    const held = heldAttributes(c, asked);
    if (held instanceof Promise) {
      return held.then((known) =>
        after(encodeAttributes(c, c.here, c.object, asked, c.out, known), () => Status.OK),
      );
    }
    const written = encodeAttributes(c, c.here, c.object, asked);
    return written instanceof Promise ? after(written, () => Status.OK) : Status.OK;
  },
};
