export { type Bitmap, readBitmap, writeBitmap } from './bitmap.ts';
export { compareAttributes } from './compare.ts';
export { type DecodedChanges, readAttributeChanges } from './decode.ts';
export { encodeAttributes, requireReadable } from './encode.ts';
export { EXCLUSIVE_CREATE_ATTRIBUTES } from './supported.ts';
