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

/** Gets one record: bytes `start` to `end` of `buffer`, which stays as it is. */
export type RecordHandler = (buffer: Buffer, start: number, end: number) => void;

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

  constructor(limits: RecordLimits, onRecord: RecordHandler) {
    this.#limits = limits;
    this.#onRecord = onRecord;
  }

  /** Takes the next chunk of the stream, which must not change afterwards. Throws {@link RecordError}. */
  push(chunk: Buffer): void {
    let at = 0;
    const end = chunk.length;
    while (at < end) {
      if (this.#missing > 0) {
        at = this.#fill(chunk, at, end);
        continue;
      }
      if (this.#headerBytes === 0 && end - at >= HEADER) {
        const word = chunk.readUInt32BE(at);
        const length = word & LENGTH_MASK;
        if (this.#record === undefined && word >= LAST_FRAGMENT && length <= end - at - HEADER) {
          this.#check(length);
          this.#onRecord(chunk, at + HEADER, at + HEADER + length);
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
      this.#record = Buffer.allocUnsafeSlow(needed);
    } else if (this.#record.length < needed) {
      const bigger = Buffer.allocUnsafeSlow(
        Math.max(needed, Math.min(this.#record.length * 2, this.#limits.maxRecord)),
      );
      this.#record.copy(bigger, 0, 0, this.#filled);
      this.#record = bigger;
    }
  }

  #fill(chunk: Buffer, at: number, end: number): number {
    const count = Math.min(this.#missing, end - at);
    chunk.copy(this.#record!, this.#filled, at, at + count);
    this.#filled += count;
    this.#missing -= count;
    if (this.#missing === 0 && this.#last) this.#finish();
    return at + count;
  }

  #finish(): void {
    const record = this.#record!;
    const length = this.#filled;
    this.#record = undefined;
    this.#filled = 0;
    this.#fragments = 0;
    this.#last = false;
    this.#onRecord(record, 0, length);
  }
}
