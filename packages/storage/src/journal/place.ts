import fs from 'node:fs';
import { join } from 'node:path';
import { syncFolder } from '../content/host-files.ts';
import { codeOf } from '../host/errors.ts';
import { WRITE_PIECE_BYTES } from '../limits.ts';

/** A file that only grows. Its calls are synchronous, its refusals the host's errors. */
export interface JournalFile {
  /** Adds the first `length` bytes of `data`, all of them: they survive the process when this returns. */
  append(data: Buffer, length: number): void;
  /** All that was added before survives a loss of power when this answers. One at a time. */
  sync(): Promise<void>;
  /** Lets go of it, as soon as no sync is under way. */
  close(): void;
}

/** All that is in a journal's file. */
export interface JournalContent {
  readonly bytes: Buffer;
  /** Its process gave it up, and went on without it. */
  readonly isRetired: boolean;
}

/** Where a journal lies: one file, which is replaced as a whole. Nothing but syncs waits for a disk. */
export interface JournalPlace {
  /** What there is; undefined where there is nothing. Throws where the host does not give it. */
  read(): JournalContent | undefined;
  /** Begins a file beside the one in use, in place of one begun before; `isSynced`, it is made for being synced often. */
  draft(isSynced: boolean): JournalFile;
  /** The draft becomes the one in use. */
  adopt(): void;
  /** What was adopted or removed is so after a loss of power, too, when this answers. */
  syncNames(): Promise<void>;
  /** The one in use is that no more, but kept. */
  retire(): void;
  /** There is none in use any more, no draft, and none that was retired. */
  remove(): void;
}

const FILE = 'journal';
const DRAFT = 'journal.new';
const RETIRED = 'journal.retired';
const MODE = 0o600;

/**
 * Bytes of zeros that are written ahead at a time. A sync of what lies within the file's size, on blocks that were written before, is one write to
 * the disk; one that makes a file longer costs the host's file system a transaction.
 */
const AHEAD_BYTES = 1024 * 1024;
/** The disk must have so many times as much: where there is little room, it is others'. */
const AHEAD_OF_FREE = 64;
const ZEROS = Buffer.alloc(WRITE_PIECE_BYTES);

/** Two names in a folder of the host. */
export class FolderPlace implements JournalPlace {
  readonly #folder: string;
  readonly #path: string;
  readonly #draft: string;
  readonly #retired: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.#path = join(folder, FILE);
    this.#draft = join(folder, DRAFT);
    this.#retired = join(folder, RETIRED);
  }

  read(): JournalContent | undefined {
    for (const path of [this.#path, this.#retired]) {
      try {
        return { bytes: readWhole(path), isRetired: path === this.#retired };
      } catch (error) {
        const code = codeOf(error);
        if (code === 'ENOENT') continue;
        const reason = error instanceof Error ? error.message : String(error);
        throw Object.assign(
          new Error(
            `the journal ${path} cannot be read (${reason}). It may hold what was answered and is nowhere else: see to the disk; or move it away, to start without that`,
            { cause: error },
          ),
          { code },
        );
      }
    }
    return undefined;
  }

  draft(isSynced: boolean): JournalFile {
    return new HostFile(fs.openSync(this.#draft, 'w', MODE), isSynced ? () => this.#bytesAhead() : undefined);
  }

  #bytesAhead(): number {
    const { bavail, bsize } = fs.statfsSync(this.#folder);
    return Math.min(AHEAD_BYTES, (bavail * bsize) / AHEAD_OF_FREE);
  }

  adopt(): void {
    fs.renameSync(this.#draft, this.#path);
  }

  syncNames(): Promise<void> {
    return syncFolder(this.#folder);
  }

  retire(): void {
    try {
      fs.renameSync(this.#path, this.#retired);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }

  remove(): void {
    for (const path of [this.#draft, this.#path, this.#retired]) {
      // One that cannot be unlinked is emptied at least: nobody may take it for whole.
      try {
        fs.truncateSync(path);
      } catch {}
      fs.rmSync(path, { force: true });
    }
  }
}

/** Node reads at most 2 GiB at a time. */
const READ_BYTES = 1024 * 1024 * 1024;

function readWhole(path: string): Buffer {
  const fd = fs.openSync(path, 'r');
  try {
    const bytes = Buffer.allocUnsafeSlow(fs.fstatSync(fd).size);
    for (let at = 0; at < bytes.length; ) {
      const count = fs.readSync(fd, bytes, at, Math.min(READ_BYTES, bytes.length - at), at);
      if (count === 0) return bytes.subarray(0, at);
      at += count;
    }
    return bytes;
  } finally {
    fs.closeSync(fd);
  }
}

class HostFile implements JournalFile {
  readonly #fd: number;
  /** Bytes to write ahead, where any are. */
  readonly #bytesAhead: (() => number) | undefined;
  #size = 0;
  /** Bytes of the file, those written ahead among them. */
  #reach = 0;
  #syncing = false;
  #isClosed = false;

  constructor(fd: number, bytesAhead: (() => number) | undefined) {
    this.#fd = fd;
    this.#bytesAhead = bytesAhead;
  }

  append(data: Buffer, length: number): void {
    this.#write(data, length, this.#size);
    this.#size += length;
    if (this.#bytesAhead !== undefined && this.#size > this.#reach) this.#writeAhead(this.#bytesAhead);
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
      for (const end = this.#size + bytesAhead(); this.#reach + ZEROS.length <= end; this.#reach += ZEROS.length)
        this.#write(ZEROS, ZEROS.length, this.#reach);
    } catch {
      // No room, it may be: what was to be added is there.
    }
  }

  #write(data: Buffer, length: number, at: number): void {
    for (let done = 0; done < length; ) {
      done += fs.writeSync(this.#fd, data, done, length - done, at + done);
    }
  }
}
