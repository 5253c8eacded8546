import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  attributesOf,
  type Bitmap,
  bitmapOf,
  both,
  hasAttr,
  isEmpty,
  readBitmap,
  sameBitmap,
  without,
  writeBitmap,
} from '../../src/nfs4/attributes/bitmap.ts';
import { Attr } from '../../src/nfs4/constants/index.ts';
import { XdrError, XdrReader, XdrWriter } from '../../src/xdr/index.ts';

const known = fc.subarray(Object.values(Attr));

function written(map: Bitmap): Buffer {
  const out = new XdrWriter();
  writeBitmap(out, map);
  return Buffer.from(out.bytes());
}

function read(words: readonly number[]): Bitmap {
  const out = new XdrWriter().u32(words.length);
  for (const word of words) out.u32(word);
  return readBitmap(new XdrReader(Buffer.from(out.bytes())));
}

describe('bitmap4', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(known, (attributes) => {
        const map = bitmapOf(attributes);
        const back = readBitmap(new XdrReader(written(map)));
        expect(sameBitmap(back, map)).toBe(true);
        expect(back.beyond).toBe(false);
        expect(attributesOf(back)).toEqual([...attributes].sort((a, b) => a - b));
        for (const attr of Object.values(Attr)) expect(hasAttr(back, attr)).toBe(attributes.includes(attr));
      }),
    );
  });

  it('is written without trailing zero words', () => {
    expect(written(bitmapOf([]))).toHaveLength(4);
    expect(written(bitmapOf([Attr.RDATTR_ERROR]))).toHaveLength(8);
    expect(written(bitmapOf([Attr.MODE]))).toHaveLength(12);
    expect(written(bitmapOf([Attr.XATTR_SUPPORT]))).toHaveLength(16);
  });

  it('takes any number of words, and tells of bits that it has no place for', () => {
    expect(isEmpty(read([]))).toBe(true);
    expect(read([0, 0, 0, 0, 0]).beyond).toBe(false);
    expect(read([1, 2, 3, 0, 8])).toEqual({ w0: 1, w1: 2, w2: 3, beyond: true });
    expect(isEmpty(read([0, 0, 0, 1]))).toBe(false);
    expect(read([0xffffffff]).w0).toBe(0xffffffff);
  });

  it('refuses more words than a bitmap can have, and fewer than it says', () => {
    expect(() => read(new Array(65).fill(0))).toThrow(XdrError);
    expect(() => readBitmap(new XdrReader(Buffer.from([0, 0, 0, 2, 0, 0, 0, 0])))).toThrow(XdrError);
    expect(() => readBitmap(new XdrReader(Buffer.from([255, 255, 255, 255])))).toThrow(XdrError);
  });

  it('has the algebra of sets', () => {
    fc.assert(
      fc.property(known, known, (a, b) => {
        const union = attributesOf(both(bitmapOf(a), bitmapOf(b)));
        expect(union).toEqual(a.filter((x) => b.includes(x)).sort((x, y) => x - y));
        const rest = attributesOf(without(bitmapOf(a), bitmapOf(b)));
        expect(rest).toEqual(a.filter((x) => !b.includes(x)).sort((x, y) => x - y));
      }),
    );
  });
});
