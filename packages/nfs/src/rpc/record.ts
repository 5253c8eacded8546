import { returnMemory, takeMemory } from '../memory.ts';
import { wordAt } from '../xdr/index.ts';

const HEADER = 4;
const LAST_FRAGMENT = 0x80000000;
const LENGTH_MASK = 0x7fffffff;

/** A record that breaks its bounds. The connection cannot go on: nothing tells where the next record starts. */
export class RecordError extends Error {
  readonly code = 'RPC_RECORD';
}

export interface RecordLimits {
  /** Bytes of one record, all fragments together. */
  readonly maxRecord: number;
  /** Fragments of one record. */
  readonly maxFragments: number;
}

/**
 * Gets one record: bytes `start` to `end` of `buffer`. With `false` nobody uses them any more once it has returned, and memory that a record was put
 * together in is used again; who uses them longer may give that back later ({@link returnMemory}).
 */
export type RecordHandler = (buffer: Buffer, start: number, end: number) => boolean | void;

const KEEP_BYTES = 256 * 1024;
/** What a record must still lack for the rest to be read straight to its place. */
const TARGET_BYTES = 32 * 1024;

/** Where records are copied to that arrive in memory which is written over: filled from front to back, in the end left to the collector. */
class Keep {
  #buffer = Buffer.allocUnsafeSlow(KEEP_BYTES);
  #used = 0;
  /** Where the last copy begins. */
  at = 0;

  /** The last copy is not needed any more. */
  undo(): void {
    this.#used = this.at;
  }

  /** Copies bytes `start` to `end` of `chunk`: they lie at `at` of what it returns. */
  copy(chunk: Buffer, start: number, end: number): Buffer {
    const length = end - start;
    if (this.#used + length > this.#buffer.length) {
      this.#buffer = Buffer.allocUnsafeSlow(Math.max(KEEP_BYTES, length));
      this.#used = 0;
    }
    chunk.copy(this.#buffer, this.#used, start, end);
    this.at = this.#used;
    this.#used += length;
    return this.#buffer;
  }
}

const keep = new Keep();

/**
 * Takes a TCP stream apart into RPC records (RFC 5531 §11). A record that arrives whole in one chunk is handed on where it lies; one that
 * arrives in pieces is put together in a buffer of its own.
 */
export class RecordSplitter {
  readonly #limits: RecordLimits;
  readonly #onRecord: RecordHandler;
  /** Header bytes that have arrived of a fragment whose header is cut. */
  #header = 0;
  #headerBytes = 0;
  /** The record being put together, how much of it is there, and what its current fragment still lacks. */
  #record: Buffer | undefined;
  #filled = 0;
  #missing = 0;
  #fragments = 0;
  #last = false;
  #target: Buffer | undefined;

  constructor(limits: RecordLimits, onRecord: RecordHandler) {
    this.#limits = limits;
    this.#onRecord = onRecord;
  }

  /** Takes the next bytes of the stream, the first `end` of a chunk, which must not change afterwards. Throws {@link RecordError}. */
  push(chunk: Buffer, end: number = chunk.length): void {
    this.#take(chunk, 0, end);
  }

  /** The same from memory that is written over after this call: whole records are copied together, what is cut goes where it belongs at once. */
  pushPassing(chunk: Buffer, end: number): void {
    if (chunk === this.#target) {
      this.#advance(end);
      return;
    }
    const at = this.#missing > 0 ? this.#fill(chunk, 0, end) : 0;
    const whole = this.#missing > 0 ? at : this.#wholeRecords(chunk, at, end);
    if (whole > at) {
      const kept = keep.copy(chunk, at, whole);
      if (!this.#take(kept, keep.at, keep.at + whole - at)) keep.undo();
    }
    this.#take(chunk, whole, end);
  }

  /** Where the next bytes belong, if they are many: read to there, they need not be copied. */
  target(): Buffer | undefined {
    const record = this.#record;
    this.#target =
      record === undefined || this.#missing < TARGET_BYTES
        ? undefined
        : record.subarray(this.#filled, this.#filled + this.#missing);
    return this.#target;
  }

  /** Where the last of the records ends that lie whole and in one fragment between `from` and `end`. */
  #wholeRecords(chunk: Buffer, from: number, end: number): number {
    let at = from;
    if (this.#record !== undefined || this.#headerBytes > 0) return at;
    while (end - at >= HEADER) {
      const word = wordAt(chunk, at);
      const length = word & LENGTH_MASK;
      if (word < LAST_FRAGMENT || length > end - at - HEADER) break;
      at += HEADER + length;
    }
    return at;
  }

  /** False where nobody uses the bytes any more. */
  #take(chunk: Buffer, from: number, end: number): boolean {
    let used = false;
    let at = from;
    while (at < end) {
      if (this.#missing > 0) {
        at = this.#fill(chunk, at, end);
        continue;
      }
      if (this.#headerBytes === 0 && end - at >= HEADER) {
        const word = wordAt(chunk, at);
        const length = word & LENGTH_MASK;
        if (this.#record === undefined && word >= LAST_FRAGMENT && length <= end - at - HEADER) {
          this.#check(length);
          if (this.#onRecord(chunk, at + HEADER, at + HEADER + length) !== false) used = true;
          at += HEADER + length;
          continue;
        }
        at += HEADER;
        this.#begin(word);
        continue;
      }
      this.#header = this.#header * 256 + chunk[at]!;
      at++;
      if (++this.#headerBytes === HEADER) {
        const word = this.#header;
        this.#header = 0;
        this.#headerBytes = 0;
        this.#begin(word);
      }
    }
    return used;
  }

  #check(length: number): void {
    if (this.#filled + length > this.#limits.maxRecord) {
      throw new RecordError(`record of more than ${this.#limits.maxRecord} bytes`);
    }
  }

  #begin(word: number): void {
    const length = word & LENGTH_MASK;
    this.#check(length);
    if (++this.#fragments > this.#limits.maxFragments) {
      throw new RecordError(`record of more than ${this.#limits.maxFragments} fragments`);
    }
    this.#last = word >= LAST_FRAGMENT;
    this.#reserve(length);
    this.#missing = length;
    if (length === 0 && this.#last) this.#finish();
  }

  #reserve(length: number): void {
    const needed = this.#filled + length;
    if (this.#record === undefined) {
      this.#record = takeMemory(needed);
    } else if (this.#record.length < needed) {
      const bigger = takeMemory(Math.max(needed, Math.min(this.#record.length * 2, this.#limits.maxRecord)));
      this.#record.copy(bigger, 0, 0, this.#filled);
      returnMemory(this.#record);
      this.#record = bigger;
    }
  }

  #fill(chunk: Buffer, at: number, end: number): number {
    const count = Math.min(this.#missing, end - at);
    chunk.copy(this.#record!, this.#filled, at, at + count);
    this.#advance(count);
    return at + count;
  }

  #advance(count: number): void {
    this.#filled += count;
    this.#missing -= count;
    if (this.#missing === 0 && this.#last) this.#finish();
  }

  #finish(): void {
    const record = this.#record!;
    const length = this.#filled;
    this.#record = undefined;
    this.#filled = 0;
    this.#fragments = 0;
    this.#last = false;
    if (this.#onRecord(record, 0, length) === false) returnMemory(record);
  }
}
