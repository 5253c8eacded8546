const TWO_32 = 2 ** 32;
const INITIAL = 4096;

/**
 * Encodes XDR (RFC 4506) into a Buffer that grows. Positions are offsets from its start; what is written may be cut off or patched
 * until it is taken.
 */
export class XdrWriter {
  #buffer: Buffer;
  #position = 0;

  constructor(capacity: number = INITIAL) {
    this.#buffer = Buffer.allocUnsafeSlow(capacity);
  }

  get position(): number {
    return this.#position;
  }

  get capacity(): number {
    return this.#buffer.length;
  }

  /** What has been written: a view, good until the next write. */
  bytes(from = 0): Buffer {
    return this.#buffer.subarray(from, this.#position);
  }

  /** Hands over what was written with its memory, and starts over on new memory. */
  detach(): Buffer {
    const bytes = this.#buffer.subarray(0, this.#position);
    this.#buffer = Buffer.allocUnsafeSlow(INITIAL);
    this.#position = 0;
    return bytes;
  }

  /** Forgets all that was written, keeps the memory. */
  clear(): void {
    this.#position = 0;
  }

  /** Cuts off what was written from `position` on. */
  truncate(position: number): void {
    this.#position = position;
  }

  #reserve(count: number): number {
    const at = this.#position;
    if (at + count > this.#buffer.length) this.#grow(at + count);
    this.#position = at + count;
    return at;
  }

  #grow(needed: number): void {
    let size = this.#buffer.length * 2;
    while (size < needed) size *= 2;
    const bigger = Buffer.allocUnsafeSlow(size);
    this.#buffer.copy(bigger, 0, 0, this.#position);
    this.#buffer = bigger;
  }

  u32(value: number): this {
    const at = this.#reserve(4);
    const b = this.#buffer;
    b[at] = value >>> 24;
    b[at + 1] = value >>> 16;
    b[at + 2] = value >>> 8;
    b[at + 3] = value;
    return this;
  }

  bool(value: boolean): this {
    return this.u32(value ? 1 : 0);
  }

  /** A non-negative integer up to 2^53 as an unsigned hyper, or a negative one as a signed. */
  u64(value: number): this {
    return this.u32(Math.floor(value / TWO_32)).u32(value % TWO_32);
  }

  /** A signed hyper from an integer within ±2^53. */
  i64(value: number): this {
    const high = Math.floor(value / TWO_32);
    return this.u32(high).u32(value - high * TWO_32);
  }

  bigU64(value: bigint): this {
    const at = this.#reserve(8);
    this.#buffer.writeBigUInt64BE(value, at);
    return this;
  }

  /** Bytes whose count the reader knows, padded. */
  fixed(bytes: Uint8Array): this {
    const count = bytes.length;
    const at = this.#reserve((count + 3) & ~3);
    this.#buffer.set(bytes, at);
    this.#pad(at + count);
    return this;
  }

  opaque(bytes: Uint8Array): this {
    return this.u32(bytes.length).fixed(bytes);
  }

  /** A string as UTF-8. */
  string(text: string): this {
    const lengthAt = this.#reserve(4);
    const most = text.length * 3;
    if (this.#position + most + 4 > this.#buffer.length) this.#grow(this.#position + most + 4);
    const at = this.#position;
    const count = this.#buffer.write(text, at, 'utf8');
    this.#position = at + ((count + 3) & ~3);
    this.#pad(at + count);
    this.patchU32(lengthAt, count);
    return this;
  }

  /** Leaves room for `count` bytes and their padding and returns it: to be filled by somebody else before the next write. */
  room(count: number): Buffer {
    const at = this.#reserve((count + 3) & ~3);
    this.#pad(at + count);
    return this.#buffer.subarray(at, at + count);
  }

  /** Writes the zeros that follow `count` bytes of opaque data. */
  pad(count: number): void {
    const missing = (4 - (count & 3)) & 3;
    const at = this.#reserve(missing);
    this.#pad(at);
  }

  #pad(from: number): void {
    for (let at = from; at < this.#position; at++) this.#buffer[at] = 0;
  }

  /** Overwrites four bytes that were written before. */
  patchU32(position: number, value: number): void {
    this.#buffer.writeUInt32BE(value >>> 0, position);
  }
}
