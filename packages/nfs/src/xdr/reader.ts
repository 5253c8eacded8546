import { XdrError } from './errors.ts';
import { viewOf, wordsOf } from './word.ts';

const TWO_32 = 2 ** 32;
const WORD = 4;
const EMPTY = Buffer.alloc(0);
const NOTHING = viewOf(EMPTY);

/**
 * Decodes XDR (RFC 4506) from a part of a Buffer, without copying: what it returns as Buffer lies in the input. Throws
 * {@link XdrError} where the bytes end too soon or a length exceeds its bound; has then moved no further than the field at fault.
 */
export class XdrReader {
  #buffer: Buffer = EMPTY;
  #view = NOTHING;
  #position = 0;
  #end = 0;

  constructor(buffer?: Buffer, start = 0, end = buffer?.length ?? 0) {
    if (buffer !== undefined) this.reset(buffer, start, end);
  }

  /** Starts over on bytes `start` to `end` (exclusive) of `buffer`. */
  reset(buffer: Buffer, start = 0, end = buffer.length): this {
    // Most often it is the same memory again.
    if (buffer !== this.#buffer) {
      this.#buffer = buffer;
      this.#view = viewOf(buffer);
    }
    this.#position = start;
    this.#end = end;
    return this;
  }

  /** The offset in the Buffer of the next byte. */
  get position(): number {
    return this.#position;
  }

  get remaining(): number {
    return this.#end - this.#position;
  }

  get buffer(): Buffer {
    return this.#buffer;
  }

  /** The same as {@link buffer}, word by word. */
  get view(): DataView {
    return this.#view;
  }

  /** The offset of the first byte behind the input. */
  get end(): number {
    return this.#end;
  }

  #take(count: number): number {
    const at = this.#position;
    if (count > this.#end - at) throw new XdrError(`needs ${count} bytes, ${this.#end - at} are left`);
    this.#position = at + count;
    return at;
  }

  u32(): number {
    const at = this.#position;
    if (this.#end - at < 4) throw new XdrError(`needs 4 bytes, ${this.#end - at} are left`);
    this.#position = at + 4;
    return this.#view.getUint32(at);
  }

  i32(): number {
    return this.u32() | 0;
  }

  /** 0 is false; any other value than 1 is an error (RFC 4506 §4.4). */
  bool(): boolean {
    const value = this.u32();
    if (value > 1) throw new XdrError(`${value} is no boolean`);
    return value === 1;
  }

  /** An unsigned hyper as a number: exact up to 2^53, rounded above. */
  u64(): number {
    const high = this.u32();
    return high * TWO_32 + this.u32();
  }

  /** A signed hyper as a number: exact within ±2^53. */
  i64(): number {
    const high = this.u32() | 0;
    return high * TWO_32 + this.u32();
  }

  /** An unsigned hyper, exact. */
  bigU64(): bigint {
    return this.#view.getBigUint64(this.#take(8));
  }

  /** `count` bytes and their padding. */
  fixed(count: number): Buffer {
    const at = this.#take((count + 3) & ~3);
    return this.#buffer.subarray(at, at + count);
  }

  /** Variable-length bytes, at most `max`. */
  opaque(max: number): Buffer {
    const count = this.length(max);
    return count === 0 ? EMPTY : this.fixed(count);
  }

  /** The length of variable-length bytes, which follow: at most `max`. */
  length(max: number): number {
    const count = this.u32();
    if (count > max) throw new XdrError(`${count} bytes where ${max} are allowed`);
    return count;
  }

  /** The length of a list, at most `max`: each element takes at least `elementBytes`, so a count that cannot be is refused at once. */
  count(max: number, elementBytes = 4): number {
    const count = this.u32();
    if (count > max || count * elementBytes > this.remaining) {
      throw new XdrError(`${count} elements where at most ${max} fit`);
    }
    return count;
  }

  /** `count` bytes and their padding as an offset in the buffer: where they are only looked at, a Buffer of their own costs more than that. */
  offset(count: number): number {
    return this.#take((count + 3) & ~3);
  }

  /** A copy of the whole words from offset `from` of the buffer on that were read, for {@link skipSame}. */
  wordsFrom(from: number): Int32Array {
    return wordsOf(this.#buffer.subarray(from, this.#position));
  }

  /** Skips words that are those of `expected`; stays, and returns false, where they are others. */
  skipSame(expected: Int32Array): boolean {
    const at = this.#position;
    const { length } = expected;
    if (length * WORD > this.#end - at) return false;
    const view = this.#view;
    for (let i = 0; i < length; i++) if (view.getInt32(at + i * WORD) !== expected[i]) return false;
    this.#position = at + length * WORD;
    return true;
  }

  /** From now on the input ends behind the next `count` bytes, which must be there; answers where it did, for {@link widen}. */
  narrow(count: number): number {
    const end = this.#end;
    if (count > this.remaining) throw new XdrError(`needs ${count} bytes, ${this.remaining} are left`);
    this.#end = this.#position + count;
    return end;
  }

  /** The input ends where it did before {@link narrow}. */
  widen(end: number): void {
    this.#end = end;
  }

  skip(count: number): void {
    this.#take((count + 3) & ~3);
  }
}
