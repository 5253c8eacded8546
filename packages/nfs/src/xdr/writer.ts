import { takeMemory } from '../memory.ts';
import { viewOf } from './word.ts';

const TWO_32 = 2 ** 32;
const INITIAL = 4096;
/** Up to so many bytes a loop is done sooner than a call into the runtime. */
const SHORT = 64;

/**
 * Encodes XDR (RFC 4506) into a Buffer that grows. Positions are offsets from where the message starts; what is written may be cut off or
 * patched until it is taken.
 */
export class XdrWriter {
  #buffer: Buffer;
  #view: DataView;
  /** Offsets in the buffer: where the message starts, where it goes on, what it may not reach. */
  #start = 0;
  #position = 0;
  #end: number;

  constructor(capacity: number = INITIAL) {
    this.#buffer = Buffer.allocUnsafeSlow(capacity);
    this.#view = viewOf(this.#buffer);
    this.#end = capacity;
  }

  get position(): number {
    return this.#position - this.#start;
  }

  /** The memory that the message lies in, and where in it. */
  get buffer(): Buffer {
    return this.#buffer;
  }

  get start(): number {
    return this.#start;
  }

  /** What has been written: a view, good until the next write. */
  bytes(from = 0): Buffer {
    return this.#buffer.subarray(this.#start + from, this.#position);
  }

  /** Copies what was written from `from` on to the start of `target`. */
  copyTo(target: Buffer, from: number): void {
    const start = this.#start + from;
    const count = this.#position - start;
    if (count > SHORT) this.#buffer.copy(target, 0, start, this.#position);
    else for (let i = 0; i < count; i++) target[i] = this.#buffer[start + i]!;
  }

  /** Writes bytes `start` to `end` of `source`, a multiple of four. */
  copyFrom(source: Buffer, start: number, end: number): void {
    const at = this.#reserve(end - start);
    source.copy(this.#buffer, at, start, end);
  }

  /** Hands over what was written with its memory, and starts over on new memory. */
  detach(): Buffer {
    const bytes = this.bytes();
    this.lend(Buffer.allocUnsafeSlow(INITIAL), 0, INITIAL);
    return bytes;
  }

  /** Starts a message in bytes `start` to `end` of somebody's memory. One that needs more moves to memory of its own. */
  lend(buffer: Buffer, start: number, end: number): this {
    // Most often it is the same memory again.
    if (buffer !== this.#buffer) {
      this.#buffer = buffer;
      this.#view = viewOf(buffer);
    }
    this.#start = start;
    this.#position = start;
    this.#end = end;
    return this;
  }

  /** Gives back what of the lent memory is more than `spare` bytes behind what was written; returns the offset where that begins. */
  shrink(spare: number): number {
    this.#end = Math.min(this.#end, this.#position + spare);
    return this.#end;
  }

  /** Forgets all that was written, keeps the memory. */
  clear(): void {
    this.#position = this.#start;
  }

  /** Cuts off what was written from `position` on. */
  truncate(position: number): void {
    this.#position = this.#start + position;
  }

  #reserve(count: number): number {
    if (this.#position + count > this.#end) this.#grow(count);
    const at = this.#position;
    this.#position = at + count;
    return at;
  }

  #grow(count: number): void {
    const length = this.position;
    const bigger = takeMemory(Math.max(length + count, 2 * length, INITIAL));
    this.#buffer.copy(bigger, 0, this.#start, this.#position);
    this.lend(bigger, 0, bigger.length);
    this.#position = length;
  }

  u32(value: number): this {
    // Asked for first: it may change the view.
    const at = this.#reserve(4);
    this.#view.setUint32(at, value);
    return this;
  }

  /** Bytes as words that were taken from them. */
  words(words: Int32Array): this {
    const at = this.#reserve(words.length * 4);
    for (let i = 0; i < words.length; i++) this.#view.setInt32(at + i * 4, words[i]!);
    return this;
  }

  bool(value: boolean): this {
    return this.u32(value ? 1 : 0);
  }

  /** A non-negative integer up to 2^53 as an unsigned hyper, or a negative one as a signed. */
  u64(value: number): this {
    const at = this.#reserve(8);
    const view = this.#view;
    view.setUint32(at, Math.floor(value / TWO_32));
    view.setUint32(at + 4, value);
    return this;
  }

  /** A signed hyper from an integer within ±2^53. */
  i64(value: number): this {
    return this.u64(value);
  }

  bigU64(value: bigint): this {
    const at = this.#reserve(8);
    this.#view.setBigUint64(at, value);
    return this;
  }

  /** Bytes whose count the reader knows, padded. */
  fixed(bytes: Uint8Array): this {
    const count = bytes.length;
    const at = this.#reserve((count + 3) & ~3);
    const b = this.#buffer;
    if (count > SHORT) b.set(bytes, at);
    else for (let i = 0; i < count; i++) b[at + i] = bytes[i]!;
    this.#pad(at + count);
    return this;
  }

  opaque(bytes: Uint8Array): this {
    return this.u32(bytes.length).fixed(bytes);
  }

  /** Opaque bytes that are `head` and `tail`, both short: a filehandle. */
  joined(head: Uint8Array, tail: Uint8Array): this {
    const count = head.length + tail.length;
    const at = this.u32(count).#reserve((count + 3) & ~3);
    const b = this.#buffer;
    const tailAt = at + head.length;
    for (let i = 0; i < head.length; i++) b[at + i] = head[i]!;
    for (let i = 0; i < tail.length; i++) b[tailAt + i] = tail[i]!;
    this.#pad(at + count);
    return this;
  }

  /** Opaque bytes that a string holds one in each character. */
  latin1(text: string): this {
    const { length } = text;
    const at = this.u32(length).#reserve((length + 3) & ~3);
    const b = this.#buffer;
    if (length > SHORT) b.write(text, at, 'latin1');
    else for (let i = 0; i < length; i++) b[at + i] = text.charCodeAt(i);
    this.#pad(at + length);
    return this;
  }

  /** A string as UTF-8. */
  string(text: string): this {
    if (text.length <= SHORT && this.#ascii(text)) return this;
    const lengthAt = this.#reserve(4) - this.#start;
    const most = text.length * 3;
    if (this.#position + most + 4 > this.#end) this.#grow(most + 4);
    const at = this.#position;
    const count = this.#buffer.write(text, at, 'utf8');
    this.#position = at + ((count + 3) & ~3);
    this.#pad(at + count);
    this.patchU32(lengthAt, count);
    return this;
  }

  /** Writes a short string that is ASCII; false, and nothing is written, where it is not. */
  #ascii(text: string): boolean {
    const { length } = text;
    const before = this.#position;
    const at = this.u32(length).#reserve((length + 3) & ~3);
    const b = this.#buffer;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        this.#position = before;
        return false;
      }
      b[at + i] = code;
    }
    this.#pad(at + length);
    return true;
  }

  /** Leaves room for `count` bytes and their padding and returns it: to be filled by somebody else before the next write. */
  room(count: number): Buffer {
    const at = this.roomAt(count);
    return this.#buffer.subarray(at, at + count);
  }

  /** The same as an offset in {@link buffer}. */
  roomAt(count: number): number {
    const at = this.#reserve((count + 3) & ~3);
    this.#pad(at + count);
    return at;
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
    this.#view.setUint32(this.#start + position, value);
  }
}
