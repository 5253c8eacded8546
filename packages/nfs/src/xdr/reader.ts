import { XdrError } from './errors.ts';

const TWO_32 = 2 ** 32;
const EMPTY = Buffer.alloc(0);
const scratch = new DataView(new ArrayBuffer(8));

/**
 * Decodes XDR (RFC 4506) from a part of a Buffer, without copying: what it returns as Buffer lies in the input. Throws
 * {@link XdrError} where the bytes end too soon or a length exceeds its bound; has then moved no further than the field at fault.
 */
export class XdrReader {
  #buffer: Buffer = EMPTY;
  #position = 0;
  #end = 0;

  constructor(buffer?: Buffer, start = 0, end = buffer?.length ?? 0) {
    if (buffer !== undefined) this.reset(buffer, start, end);
  }

  /** Starts over on bytes `start` to `end` (exclusive) of `buffer`. */
  reset(buffer: Buffer, start = 0, end = buffer.length): this {
    this.#buffer = buffer;
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
    const b = this.#buffer;
    return b[at]! * 0x1000000 + ((b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!);
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
    const at = this.#take(8);
    const b = this.#buffer;
    for (let i = 0; i < 8; i++) scratch.setUint8(i, b[at + i]!);
    return scratch.getBigUint64(0);
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

  /** Skips bytes that are those of `expected`; stays, and returns false, where they are others. */
  skipSame(expected: Uint8Array): boolean {
    const at = this.#position;
    const { length } = expected;
    if (length > this.#end - at) return false;
    const b = this.#buffer;
    for (let i = 0; i < length; i++) if (b[at + i] !== expected[i]) return false;
    this.#position = at + length;
    return true;
  }

  skip(count: number): void {
    this.#take((count + 3) & ~3);
  }
}
