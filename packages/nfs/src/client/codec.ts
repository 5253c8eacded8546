import type { XdrReader, XdrWriter } from '../xdr/index.ts';

/** A 64-bit unsigned argument: a bigint where it may exceed 2^53. */
export type Hyper = number | bigint;

const BITS_PER_WORD = 32;
const HYPER_BITS = 64;
const MAX_BITMAP_WORDS = 1024;
const WORD_BYTES = 4;

/** The largest variable-length field that the client takes. */
export const MAX_FIELD = 32 * 1024 * 1024;
/** The largest list that the client takes. */
export const MAX_LIST = 1024 * 1024;

export function writeHyper(out: XdrWriter, value: Hyper): void {
  if (typeof value === 'bigint') out.bigU64(BigInt.asUintN(HYPER_BITS, value));
  else out.u64(value);
}

/** A bitmap4 as the numbers of its set bits, ascending. */
export function readBitmap(reader: XdrReader): number[] {
  const words = reader.count(MAX_BITMAP_WORDS, WORD_BYTES);
  const bits: number[] = [];
  for (let word = 0; word < words; word++) {
    const value = reader.u32();
    for (let bit = 0; bit < BITS_PER_WORD; bit++) {
      if ((value >>> bit) & 1) bits.push(word * BITS_PER_WORD + bit);
    }
  }
  return bits;
}

export function writeBitmap(out: XdrWriter, bits: readonly number[]): void {
  const words: number[] = [];
  for (const bit of bits) {
    const word = Math.floor(bit / BITS_PER_WORD);
    while (words.length <= word) words.push(0);
    words[word] = (words[word]! | (1 << (bit % BITS_PER_WORD))) >>> 0;
  }
  out.u32(words.length);
  for (const word of words) out.u32(word);
}

/** Bytes of a UTF-8 string, or any bytes, for names that a test wants wrong. */
export type Text = string | Uint8Array;

export function writeText(out: XdrWriter, text: Text): void {
  if (typeof text === 'string') out.string(text);
  else out.opaque(text);
}

export function readText(reader: XdrReader): string {
  return reader.opaque(MAX_FIELD).toString('utf8');
}

export function readList<T>(reader: XdrReader, elementBytes: number, read: () => T): T[] {
  const count = reader.count(MAX_LIST, elementBytes);
  return Array.from({ length: count }, read);
}

/** Seconds since 1970 and nanoseconds. */
export interface Time {
  readonly sec: number;
  readonly nsec: number;
}

export function readTime(reader: XdrReader): Time {
  return { sec: reader.i64(), nsec: reader.u32() };
}

export function writeTime(out: XdrWriter, time: Time): void {
  out.i64(time.sec).u32(time.nsec);
}

/** A directory's change attribute before and after an operation. */
export interface ChangeInfo {
  readonly atomic: boolean;
  readonly before: bigint;
  readonly after: bigint;
}

export function readChangeInfo(reader: XdrReader): ChangeInfo {
  return { atomic: reader.bool(), before: reader.bigU64(), after: reader.bigU64() };
}

/** An open or lock owner. */
export interface StateOwner {
  readonly clientId: bigint;
  readonly owner: Uint8Array;
}

export function writeStateOwner(out: XdrWriter, owner: StateOwner): void {
  out.bigU64(owner.clientId).opaque(owner.owner);
}

export function readStateOwner(reader: XdrReader): StateOwner {
  return { clientId: reader.bigU64(), owner: reader.opaque(MAX_FIELD) };
}
