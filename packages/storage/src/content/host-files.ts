import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { ClockCache } from '../clock-cache.ts';
import { codeOf } from '../host/errors.ts';
import { canSyncHost, syncHost } from '../host/libc.ts';
import { Syncs } from './syncs.ts';

/** A content file that is open. */
export interface OpenFile {
  readonly ino: number;
  readonly fd: number;
  readonly owner: HostFiles;
  /** Operations on threads that use `fd` at this moment, and stretches of it that are being sent. */
  users: number;
  /** Close it when the last of them is done. */
  doomed: boolean;
  /** Sending straight from it has failed: it is read instead, which tells why. */
  unsendable: boolean;
  referenced: boolean;
}

/** The bound on open files, over all shares of a data directory. */
export class OpenFiles extends ClockCache<OpenFile, OpenFile> {
  /** How often one of them was brought to the disk. */
  syncs = 0;
}

export function openFilesCache(capacity: number): OpenFiles {
  return new OpenFiles(
    capacity,
    (file) => file.users === 0,
    (file) => file.owner.close(file),
  );
}

/** Files in one folder: 1,024, and as many of those in the folder above. */
const SHARD_BITS = 10;
const SHARD = 2 ** SHARD_BITS;
const FILE_MODE = 0o600;
/** No number, and so no file's. */
const PROBE_NAME = 'probe';

/** One file for each inode, named by its number in hexadecimal, in two levels of folders. */
export class HostFiles {
  readonly root: string;
  readonly #cache: OpenFiles;
  readonly #open = new Map<number, OpenFile>();
  /** Names in folders that are not safe yet. */
  readonly folders = new Syncs<string>();

  constructor(root: string, cache: OpenFiles) {
    this.root = root;
    this.#cache = cache;
  }

  /** One of them was brought to the disk. */
  countSync(): void {
    this.#cache.syncs++;
  }

  path(ino: number): string {
    return join(this.root, pathOf(ino));
  }

  /** The open file, opened where need be; undefined where there is none. */
  get(ino: number): OpenFile | undefined {
    const open = this.#open.get(ino);
    if (open !== undefined) {
      open.referenced = true;
      return open;
    }
    try {
      return this.#keep(ino, fs.openSync(this.path(ino), fs.constants.O_RDWR));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** The open file, made where there is none. `isNew`, that is likely: to be told so by the host first costs an Error. */
  make(ino: number, isNew = false): OpenFile {
    const found = isNew ? this.#open.get(ino) : this.get(ino);
    if (found !== undefined) return found;
    const path = this.path(ino);
    const flags = fs.constants.O_RDWR | fs.constants.O_CREAT;
    let fd: number;
    try {
      fd = fs.openSync(path, flags, FILE_MODE);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      this.#makeFolder(dirname(path));
      fd = fs.openSync(path, flags, FILE_MODE);
    }
    this.folders.mark(dirname(path));
    return this.#keep(ino, fd);
  }

  /** Runs something on a thread with the file, which stays open until that is done. */
  async using<T>(file: OpenFile, run: (fd: number) => Promise<T>): Promise<T> {
    this.hold(file);
    try {
      return await run(file.fd);
    } finally {
      this.letGo(file);
    }
  }

  /** The file stays open until it is let go as often. */
  hold(file: OpenFile): void {
    file.users++;
  }

  letGo(file: OpenFile): void {
    file.users--;
    if (file.doomed && file.users === 0) fs.closeSync(file.fd);
  }

  close(file: OpenFile): void {
    this.#open.delete(file.ino);
    this.#cache.delete(file);
    if (file.users === 0) fs.closeSync(file.fd);
    else file.doomed = true;
  }

  closeAll(): void {
    for (const file of [...this.#open.values()]) this.close(file);
  }

  async remove(ino: number): Promise<void> {
    const open = this.#open.get(ino);
    if (open !== undefined) this.close(open);
    try {
      await fs.promises.unlink(this.path(ino));
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
    this.folders.mark(dirname(this.path(ino)));
  }

  /** What was removed before cannot come back when this answers. */
  async syncRemovals(): Promise<void> {
    for (const path of this.folders.unsafe()) await this.folders.sync(path, () => syncWhereThere(path));
  }

  stat(ino: number): fs.Stats | undefined {
    const open = this.#open.get(ino);
    return open === undefined
      ? fs.statSync(this.path(ino), { throwIfNoEntry: false })
      : fs.fstatSync(open.fd);
  }

  /** The names of the file and of the folders above it are safe when this answers. */
  async syncFolders(ino: number): Promise<void> {
    for (let path = dirname(this.path(ino)); ; path = dirname(path)) {
      if (!this.folders.isClean(path)) await this.folders.sync(path, () => syncFolder(path));
      if (path.length <= this.root.length) return;
    }
  }

  /** Answers when all that was written to the host's file system before is safe; undefined where the host has no such call. */
  syncHost(): Promise<void> | undefined {
    if (!canSyncHost) return undefined;
    const fd = fs.openSync(this.root, 'r');
    return syncHost(fd).finally(() => fs.closeSync(fd));
  }

  /** Writes and syncs a file of its own, as those of clients are. */
  async probe(): Promise<void> {
    const path = join(this.root, PROBE_NAME);
    const file = await fs.promises.open(path, 'w', FILE_MODE);
    try {
      await file.writeFile(PROBE_NAME);
      await file.datasync();
    } finally {
      await file.close();
      await fs.promises.rm(path, { force: true });
    }
    await syncFolder(this.root);
  }

  list(from: number): Iterable<number> {
    return filesIn(this.root, from);
  }

  #keep(ino: number, fd: number): OpenFile {
    const file: OpenFile = {
      ino,
      fd,
      owner: this,
      users: 0,
      doomed: false,
      unsendable: false,
      referenced: true,
    };
    this.#open.set(ino, file);
    this.#cache.set(file, file);
    return file;
  }

  #makeFolder(path: string): void {
    fs.mkdirSync(path, { recursive: true });
    for (let above = dirname(path); above.length >= this.root.length; above = dirname(above)) {
      this.folders.mark(above);
    }
  }
}

/** Where the file of an inode lies in its share's folder. */
export function pathOf(ino: number): string {
  const shard = Math.floor(ino / SHARD);
  return join(Math.floor(shard / SHARD).toString(16), (shard % SHARD).toString(16), ino.toString(16));
}

/** The inode numbers, from `from` on, of all files in a share's folder, in their order. */
export function* filesIn(root: string, from: number): Iterable<number> {
  const firstShard = Math.floor(from / SHARD);
  for (const upper of numbersIn(root)) {
    if (upper < Math.floor(firstShard / SHARD)) continue;
    const folder = join(root, upper.toString(16));
    for (const lower of numbersIn(folder)) {
      if (upper * SHARD + lower < firstShard) continue;
      for (const ino of numbersIn(join(folder, lower.toString(16)))) if (ino >= from) yield ino;
    }
  }
}

function numbersIn(folder: string): number[] {
  try {
    return fs
      .readdirSync(folder)
      .map((name) => Number.parseInt(name, 16))
      .filter((number) => Number.isSafeInteger(number))
      .sort((a, b) => a - b);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** What a folder that was never made, or not kept, had in it is not there either. */
async function syncWhereThere(path: string): Promise<void> {
  try {
    await syncFolder(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

export async function syncFolder(path: string): Promise<void> {
  const handle = await fs.promises.open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
