import fs from 'node:fs';
import { HOST_PAGE_BYTES, WRITE_PIECE_BYTES } from '../limits.ts';
import type { JournalFile } from './place.ts';

/** Behind what was added to a file that is written over. */
const END_BYTES = 4;
const ZEROS = Buffer.alloc(WRITE_PIECE_BYTES);

/** A journal's file on the host. */
export class HostFile implements JournalFile {
  readonly #fd: number;
  /** Bytes to write ahead, where any are. */
  readonly #bytesAhead: (() => number) | undefined;
  #size = 0;
  /** Bytes of the file, those written ahead among them, or before this. */
  #reach: number;
  /** From there on lies what was written before this. */
  #oldFrom = 0;
  readonly #oldEnd: number;
  #syncing = false;
  #isClosed = false;

  /** `oldBytes` are those that the file has, to be written over. */
  constructor(fd: number, bytesAhead?: () => number, oldBytes = 0) {
    this.#fd = fd;
    this.#bytesAhead = bytesAhead;
    this.#reach = oldBytes;
    this.#oldEnd = oldBytes;
  }

  append(data: Buffer, length: number): void {
    const end = this.#size + length;
    if (end + END_BYTES > this.#oldFrom && this.#oldFrom < this.#oldEnd) this.#writeOver(data, length);
    else this.#write(data, length, this.#size);
    this.#size = end;
    if (this.#bytesAhead !== undefined && end > this.#reach) this.#writeAhead(this.#bytesAhead);
  }

  get isUsed(): boolean {
    return this.#oldEnd > 0;
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.#fd, (error) => {
        this.#syncing = false;
        try {
          if (this.#isClosed) fs.closeSync(this.#fd);
        } catch (closing) {
          reject(error ?? closing);
        }
        if (error === null) resolve();
        else reject(error);
      });
      this.#syncing = true;
    });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // The number might be another file's before the sync gets to it.
    if (!this.#syncing) fs.closeSync(this.#fd);
  }

  #writeAhead(bytesAhead: () => number): void {
    this.#reach = this.#size;
    try {
      for (
        const end = this.#size + bytesAhead();
        this.#reach + ZEROS.length <= end;
        this.#reach += ZEROS.length
      )
        this.#write(ZEROS, ZEROS.length, this.#reach);
    } catch {
      // No room, it may be: what was to be added is there.
    }
  }

  /** Whole pages: the host would have to read what is left of one first. What is behind tells where the end is. */
  #writeOver(data: Buffer, length: number): void {
    const end = this.#size + length;
    const pageEnd = Math.ceil((end + END_BYTES) / HOST_PAGE_BYTES) * HOST_PAGE_BYTES;
    const parts = [data.subarray(0, length), ZEROS.subarray(0, pageEnd - end)];
    const done = fs.writevSync(this.#fd, parts, this.#size);
    if (done < length) this.#write(data.subarray(done), length - done, this.#size + done);
    const zeros = Math.max(0, done - length);
    this.#write(ZEROS.subarray(zeros), pageEnd - end - zeros, end + zeros);
    this.#oldFrom = pageEnd;
  }

  #write(data: Buffer, length: number, at: number): void {
    for (let done = 0; done < length; ) {
      done += fs.writeSync(this.#fd, data, done, length - done, at + done);
    }
  }
}
