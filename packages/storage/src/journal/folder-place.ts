import fs from 'node:fs';
import { join } from 'node:path';
import { syncFolder } from '../content/host-files.ts';
import { codeOf } from '../host/errors.ts';
import { HostFile } from './host-file.ts';
import type { JournalContent, JournalFile, JournalPlace } from './place.ts';

const FILE = 'journal';
const DRAFT = 'journal.new';
const RETIRED = 'journal.retired';
/** The one that was in use before: to be written over. */
const SPARE = 'journal.spare';
const MODE = 0o600;

/**
 * Bytes of zeros that are written ahead at a time. A sync of what lies within the file's size, on blocks that were written before, is one write to
 * the disk; one that makes a file longer costs the host's file system a transaction.
 */
const AHEAD_BYTES = 1024 * 1024;
/** The disk must have so many times as much: where there is little room, it is others'. */
const AHEAD_OF_FREE = 64;
/** The same of a file that is kept to be written over, and how large it may be then. */
const SPARE_OF_FREE = 16;
const MAX_SPARE_BYTES = 256 * 1024 * 1024;

/** Files in a folder of the host, each with a name for what it is to the journal. */
export class FolderPlace implements JournalPlace {
  readonly #folder: string;
  readonly #path: string;
  readonly #draft: string;
  readonly #retired: string;
  readonly #spare: string;
  /** The draft is made for being synced often. */
  #isSynced = false;
  /** There is one, and it is not the one in use: this process has seen that. */
  #hasSpare = false;

  constructor(folder: string) {
    this.#folder = folder;
    this.#path = join(folder, FILE);
    this.#draft = join(folder, DRAFT);
    this.#retired = join(folder, RETIRED);
    this.#spare = join(folder, SPARE);
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

  draft(isSynced: boolean, mayReuse = false): JournalFile {
    this.#isSynced = isSynced;
    const isOld = isSynced && mayReuse && this.#takeSpare();
    if (!isOld) this.#clear();
    const fd = fs.openSync(this.#draft, isOld ? 'r+' : 'wx', MODE);
    if (!isSynced) return new HostFile(fd);
    return new HostFile(fd, () => this.#bytesAhead(), isOld ? fs.fstatSync(fd).size : 0);
  }

  adopt(): void {
    this.#hasSpare = false;
    fs.rmSync(this.#spare, { force: true });
    const isKept = this.#isSynced && this.#keepSpare();
    try {
      fs.renameSync(this.#draft, this.#path);
    } catch (error) {
      fs.rmSync(this.#spare, { force: true });
      throw error;
    }
    this.#hasSpare = isKept;
  }

  trim(): boolean {
    const hadOne = this.#hasSpare;
    this.#hasSpare = false;
    fs.rmSync(this.#spare, { force: true });
    return hadOne;
  }

  /**
   * Drafts that were given up, and what an earlier process has put aside. None is emptied: that may be a second name of the file in use; and the
   * disk may take a file's new name before it takes away what was in that.
   */
  #clear(): void {
    fs.rmSync(this.#draft, { force: true });
    if (!this.#hasSpare) fs.rmSync(this.#spare, { force: true });
  }

  #bytesAhead(): number {
    return Math.min(AHEAD_BYTES, this.#free() / AHEAD_OF_FREE);
  }

  #free(): number {
    const { bavail, bsize } = fs.statfsSync(this.#folder);
    return bavail * bsize;
  }

  /** The one in use has another name as well, if it is worth it. */
  #keepSpare(): boolean {
    try {
      const { size } = fs.statSync(this.#path);
      if (size > MAX_SPARE_BYTES || size > this.#free() / SPARE_OF_FREE) return false;
      fs.linkSync(this.#path, this.#spare);
      return true;
    } catch {
      // There is none, or the host has no second names: the next file is a new one.
      return false;
    }
  }

  #takeSpare(): boolean {
    if (!this.#hasSpare) return false;
    this.#hasSpare = false;
    try {
      fs.renameSync(this.#spare, this.#draft);
      return true;
    } catch {
      return false;
    }
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
    this.#hasSpare = false;
    for (const path of [this.#draft, this.#path, this.#retired, this.#spare]) {
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
