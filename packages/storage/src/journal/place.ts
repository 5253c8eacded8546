import fs from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../host/errors.ts';

/** A file that only grows. Its calls are synchronous, its refusals the host's errors. */
export interface JournalFile {
  /** Adds the first `length` bytes of `data`, all of them: they survive the process when this returns. */
  append(data: Buffer, length: number): void;
  close(): void;
}

/** Where a journal lies: one file, which is replaced as a whole. Nothing here waits for a disk. */
export interface JournalPlace {
  /** All that is in the file; undefined where there is none. */
  read(): Buffer | undefined;
  /** Begins a file beside the one in use, in place of one begun before. */
  draft(): JournalFile;
  /** The draft becomes the one in use. */
  adopt(): void;
  /** There is none in use any more, nor a draft. */
  remove(): void;
}

const FILE = 'journal';
const DRAFT = 'journal.new';
const MODE = 0o600;

/** Two names in a folder of the host. */
export class FolderPlace implements JournalPlace {
  readonly #path: string;
  readonly #draft: string;

  constructor(folder: string) {
    this.#path = join(folder, FILE);
    this.#draft = join(folder, DRAFT);
  }

  read(): Buffer | undefined {
    try {
      return fs.readFileSync(this.#path);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  draft(): JournalFile {
    return new HostFile(fs.openSync(this.#draft, 'w', MODE));
  }

  adopt(): void {
    fs.renameSync(this.#draft, this.#path);
  }

  remove(): void {
    for (const path of [this.#draft, this.#path]) {
      // One that cannot be unlinked is emptied at least: nobody may take it for whole.
      try {
        fs.truncateSync(path);
      } catch {}
      fs.rmSync(path, { force: true });
    }
  }
}

class HostFile implements JournalFile {
  readonly #fd: number;
  #size = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  append(data: Buffer, length: number): void {
    for (let done = 0; done < length; ) {
      done += fs.writeSync(this.#fd, data, done, length - done, this.#size + done);
    }
    this.#size += length;
  }

  close(): void {
    fs.closeSync(this.#fd);
  }
}
