import type { Awaitable } from '../../vfs/index.ts';
import { XdrWriter } from '../../xdr/index.ts';
import { after } from '../after.ts';
import type { Compound } from '../compound.ts';
import { Attr, Status } from '../constants/index.ts';
import { NfsError } from '../errors.ts';
import { type Bitmap, bitmapOf, both, isEmpty, readBitmap, without, writeBitmap } from './bitmap.ts';
import { encodeAttributes } from './encode.ts';
import { WRITE_ONLY_ATTRIBUTES } from './supported.ts';
import { tableOf } from './table.ts';

const RDATTR_ERROR = bitmapOf([Attr.RDATTR_ERROR]);

/** RFC 8881 §18.31.3: ATTRNOTSUPP for what the export has not, INVAL for what has no value to compare with. */
function checkMask(c: Compound, mask: Bitmap): void {
  if (!isEmpty(both(mask, WRITE_ONLY_ATTRIBUTES)) || !isEmpty(both(mask, RDATTR_ERROR))) {
    throw new NfsError(Status.INVAL);
  }
  if (!isEmpty(without(mask, tableOf(c.here, c.minor).supported))) throw new NfsError(Status.ATTRNOTSUPP);
}

/** Reads a fattr4 and tells whether the current object has just these values: ours are encoded and the bytes compared. */
export function compareAttributes(c: Compound): Awaitable<boolean> {
  const mask = readBitmap(c.args);
  const theirs = c.args.opaque(c.args.remaining);
  checkMask(c, mask);
  const ours = new XdrWriter();
  return after(encodeAttributes(c, c.here, c.object, mask, ours), () => {
    const expected = new XdrWriter();
    writeBitmap(expected, mask);
    expected.opaque(theirs);
    return ours.bytes().equals(expected.bytes());
  });
}
