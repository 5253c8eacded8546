import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { XdrError, XdrReader, XdrWriter } from '../../src/xdr/index.ts';

const word = fc.integer({ min: 0, max: 0xffffffff });

function readerOf(words: readonly number[]): XdrReader {
  const out = new XdrWriter();
  for (const one of words) out.u32(one);
  // Not where a word of the memory begins.
  const memory = Buffer.alloc(out.position + 3, 0xee);
  out.copyTo(memory.subarray(3), 0);
  return new XdrReader(memory, 3);
}

describe('words that are compared', () => {
  it('are skipped where they are the same, and only then', () => {
    fc.assert(
      fc.property(fc.array(word), fc.array(word, { minLength: 1 }), (before, words) => {
        const source = readerOf([...before, ...words]);
        for (const _ of before) source.u32();
        const from = source.position;
        for (const one of words) expect(source.u32()).toBe(one);
        const known = source.wordsFrom(from);

        const same = readerOf([...words, 7]);
        expect(same.skipSame(known)).toBe(true);
        expect(same.u32()).toBe(7);

        const other = readerOf(words.map((one, i) => (i === words.length - 1 ? (one ^ 1) >>> 0 : one)));
        expect(other.skipSame(known)).toBe(false);
        expect(other.u32()).toBe(words.length === 1 ? (words[0]! ^ 1) >>> 0 : words[0]);
      }),
    );
  });

  it('are not looked for behind the input', () => {
    const known = readerOf([1, 2]);
    const from = known.position;
    known.skip(8);
    const reader = readerOf([1, 2]);
    const narrow = new XdrReader(reader.buffer, reader.position, reader.end - 4);
    expect(narrow.skipSame(known.wordsFrom(from))).toBe(false);
    expect(narrow.remaining).toBe(4);
  });
});

describe('an input that is narrowed', () => {
  it('ends there, until it is widened', () => {
    const reader = readerOf([1, 2, 3]);
    const end = reader.narrow(4);
    expect(reader.u32()).toBe(1);
    expect(() => reader.u32()).toThrow(XdrError);
    reader.widen(end);
    expect(reader.u32()).toBe(2);
    expect(() => reader.narrow(8)).toThrow(XdrError);
    expect(reader.u32()).toBe(3);
  });
});

it('reads what the writer wrote, wherever in its memory that lies', () => {
  const hyper = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const safe = fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(word, safe, hyper, fc.nat(9), (small, number, large, start) => {
      const memory = Buffer.alloc(64, 0xee);
      const out = new XdrWriter(0).lend(memory, start, memory.length);
      out.u32(0).u32(small).i64(number).bigU64(large).patchU32(0, small);
      const reader = new XdrReader(memory, start, start + out.position);
      expect([reader.u32(), reader.u32(), reader.i64(), reader.bigU64()]).toEqual([
        small,
        small,
        number,
        large,
      ]);
      expect(reader.remaining).toBe(0);
      expect(memory[start + out.position]).toBe(0xee);
    }),
  );
});
