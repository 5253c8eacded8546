import type { XdrReader, XdrWriter } from '../../xdr/index.ts';
import type { Attr } from '../constants/index.ts';

/** Words of a bitmap4 that are read at all; a longer one is NFS4ERR_BADXDR. */
const MAX_WORDS = 64;
const WORD_BITS = 32;
const KNOWN_WORDS = 3;

/** A bitmap4 of attribute numbers: three words hold all that we know. */
export interface Bitmap {
  readonly w0: number;
  readonly w1: number;
  readonly w2: number;
  /** A bit is set that no word of ours has. */
  readonly beyond: boolean;
}

export const EMPTY_BITMAP: Bitmap = Object.freeze({ w0: 0, w1: 0, w2: 0, beyond: false });

/** Words are kept unsigned, so that they compare and print as they are on the wire. */
function bitmap(w0: number, w1: number, w2: number, beyond = false): Bitmap {
  return { w0: w0 >>> 0, w1: w1 >>> 0, w2: w2 >>> 0, beyond };
}

export function readBitmap(args: XdrReader): Bitmap {
  const words = args.count(MAX_WORDS);
  const w0 = words > 0 ? args.u32() : 0;
  const w1 = words > 1 ? args.u32() : 0;
  const w2 = words > 2 ? args.u32() : 0;
  let beyond = false;
  for (let i = KNOWN_WORDS; i < words; i++) if (args.u32() !== 0) beyond = true;
  return { w0, w1, w2, beyond };
}

/** Writes no more words than needed: a client may compare the bytes with its own. */
export function writeBitmap(out: XdrWriter, map: Bitmap): void {
  if (map.w2 !== 0) out.u32(3).u32(map.w0).u32(map.w1).u32(map.w2);
  else if (map.w1 !== 0) out.u32(2).u32(map.w0).u32(map.w1);
  else if (map.w0 !== 0) out.u32(1).u32(map.w0);
  else out.u32(0);
}

export function bitmapOf(attributes: Iterable<Attr>): Bitmap {
  const words = [0, 0, 0];
  for (const attr of attributes) words[Math.floor(attr / WORD_BITS)]! |= 1 << (attr % WORD_BITS);
  return bitmap(words[0]!, words[1]!, words[2]!);
}

export function hasAttr(map: Bitmap, attr: Attr): boolean {
  const word = attr < WORD_BITS ? map.w0 : attr < 2 * WORD_BITS ? map.w1 : map.w2;
  return ((word >>> (attr % WORD_BITS)) & 1) === 1;
}

export function both(a: Bitmap, b: Bitmap): Bitmap {
  return bitmap(a.w0 & b.w0, a.w1 & b.w1, a.w2 & b.w2);
}

export function union(a: Bitmap, b: Bitmap): Bitmap {
  return bitmap(a.w0 | b.w0, a.w1 | b.w1, a.w2 | b.w2, a.beyond || b.beyond);
}

/** All of `a` that is not in `b`. */
export function without(a: Bitmap, b: Bitmap): Bitmap {
  return bitmap(a.w0 & ~b.w0, a.w1 & ~b.w1, a.w2 & ~b.w2, a.beyond);
}

export function isEmpty(map: Bitmap): boolean {
  return map.w0 === 0 && map.w1 === 0 && map.w2 === 0 && !map.beyond;
}

export function sameBitmap(a: Bitmap, b: Bitmap): boolean {
  return a.w0 === b.w0 && a.w1 === b.w1 && a.w2 === b.w2;
}

/** The attribute numbers set, from the lowest: the order in which their values stand in a fattr4. */
export function attributesOf(map: Bitmap): number[] {
  const found: number[] = [];
  for (const [index, word] of [map.w0, map.w1, map.w2].entries()) {
    for (let bit = 0; bit < WORD_BITS; bit++) if ((word >>> bit) & 1) found.push(index * WORD_BITS + bit);
  }
  return found;
}
