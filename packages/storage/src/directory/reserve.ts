import fs from 'node:fs';
import { join } from 'node:path';
import { reserve } from '../host/libc.ts';
import { lacksRoom, type Reserve } from '../log/room.ts';

const FILE = 'reserve';
const MODE = 0o600;
const STAT_BLOCK_BYTES = 512;
/** A disk gives at most one of so many parts. */
const PARTS = 16;
/** What a commit takes at the least, of what would be set aside. */
const COMMIT_PART = 8;

/** So many bytes, less on a small disk. */
export function withinDisk(bytes: number, { blocks, bsize }: Pick<fs.StatsFs, 'blocks' | 'bsize'>): number {
  return Math.min(bytes, Math.floor((blocks * bsize) / PARTS));
}

/** A file that holds nothing but room. */
export class FileReserve implements Reserve {
  readonly #folder: string;
  readonly #bytes: number;
  #fd: number | undefined;
  #isFilled = false;
  #filling: Promise<boolean> | undefined;
  #isClosed = false;

  constructor(folder: string, bytes: number) {
    this.#folder = folder;
    this.#bytes = bytes;
  }

  release(): boolean {
    if (!this.#isFilled || this.#fd === undefined) return false;
    try {
      fs.ftruncateSync(this.#fd);
      this.#isFilled = false;
      return true;
    } catch {
      return false;
    }
  }

  refill(): Promise<boolean> {
    if (this.#isFilled || this.#isClosed) return Promise.resolve(this.#isFilled);
    this.#filling ??= this.#fill().finally(() => {
      this.#filling = undefined;
    });
    return this.#filling;
  }

  hasRoom(): boolean {
    try {
      const disk = fs.statfsSync(this.#folder);
      return disk.bavail * disk.bsize * COMMIT_PART >= withinDisk(this.#bytes, disk);
    } catch {
      return true;
    }
  }

  close(): void {
    this.#isClosed = true;
    if (this.#filling === undefined) this.#letGo();
  }

  /** A host that cannot set room aside has none set aside; that is no reason to take it for full. */
  async #fill(): Promise<boolean> {
    try {
      this.#fd ??= fs.openSync(join(this.#folder, FILE), fs.constants.O_RDWR | fs.constants.O_CREAT, MODE);
      const bytes = this.#share(this.#fd);
      if (bytes === undefined) return false;
      if (bytes > 0) await reserve(this.#fd, 0, bytes);
      this.#isFilled = true;
      return true;
    } catch (error) {
      if (lacksRoom(error)) return false;
      return true;
    } finally {
      if (this.#isClosed) this.#letGo();
    }
  }

  /** What to set aside, less on a small disk; undefined unless as much again is left to others: it would be taken from under them. */
  #share(fd: number): number | undefined {
    const disk = fs.statfsSync(this.#folder);
    const bytes = withinDisk(this.#bytes, disk);
    const has = fs.fstatSync(fd).blocks * STAT_BLOCK_BYTES;
    return has >= bytes || disk.bavail * disk.bsize >= 2 * bytes ? bytes : undefined;
  }

  #letGo(): void {
    if (this.#fd !== undefined) fs.closeSync(this.#fd);
    this.#fd = undefined;
  }
}
