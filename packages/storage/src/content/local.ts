import fs from 'node:fs';
import { type Awaitable, FsError, type SpaceUsage, type Stretch } from '@dfs/nfs';
import { codeOf, toFsError } from '../host/errors.ts';
import { canSparse, dropCached, punchHole, readCached, reserve, seek } from '../host/libc.ts';
import { HOST_PAGE_BYTES, SYNC_READ_BYTES, SYNC_TRUNCATE_BYTES } from '../limits.ts';
import { copySparse } from './copy.ts';
import { HostFiles, type OpenFile, type OpenFiles } from './host-files.ts';
import { HostPace } from './host-pace.ts';
import { stretchOf } from './host-stretch.ts';
import { maxFileSizeIn } from './max-file-size.ts';
import { shareRange } from './share.ts';
import type { ContentStore } from './store.ts';
import { Syncs } from './syncs.ts';
import { readAt, writeAt, writeOnSpot } from './threaded-io.ts';

const STAT_BLOCK_BYTES = 512;
const probe = Buffer.alloc(1);
/** Pieces of a file that are looked at for what a write would add. */
const MAX_EXTENTS = 4096;

/** A file of the host for each file. The page cache answers on the spot where it can; threads wait for the disk. */
export class LocalContentStore implements ContentStore {
  readonly maxFileSize: number;
  readonly sparse = canSparse;
  readonly blockBytes = HOST_PAGE_BYTES;
  readonly sharedBytes: number;
  canShare = true;
  readonly #files: HostFiles;
  readonly #syncs = new Syncs<number>();
  readonly #pace: HostPace;
  /** Under way, or failed: making safe what earlier runs have written. */
  #unproven: Promise<void> | undefined;

  /** `folder` is made where it is missing. */
  constructor(folder: string, cache: OpenFiles, pace = new HostPace()) {
    fs.mkdirSync(folder, { recursive: true });
    this.#pace = pace;
    this.#files = new HostFiles(folder, cache);
    this.maxFileSize = maxFileSizeIn(folder);
    this.sharedBytes = fs.statfsSync(folder).bsize;
  }

  read(ino: number, offset: number, target: Buffer): Awaitable<number> {
    try {
      const file = this.#files.get(ino);
      if (file === undefined) return 0;
      if (target.length > SYNC_READ_BYTES) return this.#readInThread(file, offset, target, 0);
      const got = readCached(file.fd, target, 0, target.length, offset);
      if (got === target.length || got === 0) return got;
      return this.#readInThread(file, offset, target, got ?? 0);
    } catch (error) {
      throw toFsError(error);
    }
  }

  readIn(ino: number, offset: number, memory: Buffer, start: number, end: number): number | undefined {
    if (end - start > SYNC_READ_BYTES) return undefined;
    try {
      const file = this.#files.get(ino);
      if (file === undefined) return 0;
      const got = readCached(file.fd, memory, start, end, offset);
      return got === end - start || got === 0 ? got : undefined;
    } catch {
      return undefined;
    }
  }

  stretch(ino: number, offset: number, length: number): Stretch | undefined {
    try {
      const file = this.#files.get(ino);
      return file === undefined ? undefined : stretchOf(this.#files, file, offset, length);
    } catch {
      // Whoever reads it then is told why.
      return undefined;
    }
  }

  write(ino: number, offset: number, data: Buffer, isNew = false): Awaitable<void> {
    try {
      const file = this.#files.make(ino, isNew);
      this.#syncs.mark(ino);
      if (this.#pace.isSlow) {
        return this.#changeInThread(file, (fd) => this.#pace.watch(writeAt(fd, data, offset)));
      }
      if (this.#wouldReadFirst(file.fd, offset, data.length)) {
        return this.#changeInThread(file, (fd) => writeAt(fd, data, offset));
      }
      const startedAt = this.#pace.now();
      writeOnSpot(file.fd, data, offset);
      this.#pace.took(startedAt);
    } catch (error) {
      throw toFsError(error);
    }
  }

  truncate(ino: number, size: number): Awaitable<void> {
    try {
      const file = size === 0 ? this.#files.get(ino) : this.#files.make(ino);
      if (file === undefined) return;
      this.#syncs.mark(ino);
      if (fs.fstatSync(file.fd).size - size <= SYNC_TRUNCATE_BYTES) fs.ftruncateSync(file.fd, size);
      else return this.#changeInThread(file, (fd) => truncateAt(fd, size));
    } catch (error) {
      throw toFsError(error);
    }
  }

  sync(ino: number): Awaitable<void> {
    if (this.#syncs.isClean(ino)) return;
    return this.#sync(ino);
  }

  distrust(): boolean {
    const all = this.#files.syncHost();
    if (all === undefined) return false;
    for (const syncs of [this.#syncs, this.#files.folders]) syncs.distrust();
    this.#unproven = all.then(() => {
      for (const syncs of [this.#syncs, this.#files.folders]) syncs.trust();
      this.#unproven = undefined;
    });
    // Should it fail, each file goes on to be synced by itself; who closes the store is told.
    this.#unproven.catch(() => {});
    return true;
  }

  async syncAll(): Promise<void> {
    await this.#unproven?.catch(rethrow);
    for (const ino of this.#syncs.unsafe()) await this.#sync(ino);
  }

  async recover(): Promise<void> {
    const doubtful = this.#syncs.unsafe();
    // Of what has failed before, the host tells once more.
    for (const ino of doubtful) await this.#sync(ino).catch(() => {});
    for (const ino of doubtful) {
      this.#syncs.mark(ino);
      await this.#sync(ino);
      const file = this.#existing(ino);
      if (file !== undefined) dropCached(file.fd);
    }
    this.#files.closeAll();
    await this.#files.probe().catch(rethrow);
  }

  async remove(ino: number): Promise<void> {
    this.#syncs.forget(ino);
    await this.#files.remove(ino).catch(rethrow);
  }

  async syncRemovals(): Promise<void> {
    await this.#files.syncRemovals().catch(rethrow);
  }

  punch(ino: number, offset: number, length: number): Awaitable<void> {
    const file = this.#existing(ino);
    if (file === undefined) return;
    this.#syncs.mark(ino);
    return this.#changeInThread(file, (fd) => punchHole(fd, offset, length));
  }

  allocate(ino: number, offset: number, length: number): Awaitable<void> {
    this.#syncs.mark(ino);
    return this.#changeInThread(this.#made(ino), (fd) => reserve(fd, offset, length));
  }

  seek(ino: number, offset: number, what: 'data' | 'hole'): number | undefined {
    const file = this.#existing(ino);
    const nothing = what === 'data' ? undefined : offset;
    if (file === undefined) return nothing;
    try {
      return seek(file.fd, offset, what) ?? nothing;
    } catch (error) {
      throw toFsError(error);
    }
  }

  async copy(from: number, fromOffset: number, to: number, toOffset: number, length: number): Promise<void> {
    const range = { fromOffset, toOffset, length };
    // Each is in use before the other is opened, which might close it.
    await this.#changeInThread(this.#made(to), async (toFd) => {
      const source = this.#existing(from);
      if (source === undefined) throw new FsError('EINVAL');
      this.#syncs.mark(to);
      await this.#inThread(source, (fromFd) => copySparse(fromFd, toFd, range));
    });
  }

  async share(from: number, fromOffset: number, to: number, toOffset: number, length: number): Promise<void> {
    const source = this.#existing(from);
    if (source === undefined) throw new FsError('EINVAL');
    try {
      await this.#files.using(source, async (fromFd) => {
        const target = this.#made(to);
        this.#syncs.mark(to);
        shareRange(fromFd, target.fd, { fromOffset, toOffset, length }, this.sharedBytes);
      });
    } catch (error) {
      const code = codeOf(error);
      if (code === 'EINVAL') throw new FsError('EINVAL');
      if (code === 'EXDEV' || code === 'ENOTTY' || code === 'EOPNOTSUPP') {
        this.canShare = false;
        throw new FsError('ENOTSUP');
      }
      throw toFsError(error);
    }
  }

  size(ino: number): number {
    return this.#stat(ino)?.size ?? 0;
  }

  usage(ino: number): number {
    return (this.#stat(ino)?.blocks ?? 0) * STAT_BLOCK_BYTES;
  }

  missing(ino: number, offset: number, length: number): number {
    const start = Math.floor(offset / this.blockBytes) * this.blockBytes;
    const end = this.#blocks(offset + length);
    try {
      const file = this.#files.get(ino);
      if (file === undefined) return end - start;
      const { size, blocks } = fs.fstatSync(file.fd);
      const reach = this.#blocks(size);
      // No holes: what was reserved looks like one to whoever seeks it.
      if (blocks * STAT_BLOCK_BYTES >= reach) return Math.max(0, end - Math.max(start, reach));
      return this.#holesIn(file.fd, start, end);
    } catch (error) {
      throw toFsError(error);
    }
  }

  list(from: number): Iterable<number> {
    return this.#files.list(from);
  }

  space(): SpaceUsage {
    const { bsize, blocks, bfree, bavail, files, ffree } = fs.statfsSync(this.#files.root);
    return {
      bytesTotal: blocks * bsize,
      bytesFree: bfree * bsize,
      bytesAvailable: bavail * bsize,
      filesTotal: files,
      filesFree: ffree,
      filesAvailable: ffree,
    };
  }

  close(): void {
    this.#files.closeAll();
  }

  #stat(ino: number): fs.Stats | undefined {
    try {
      return this.#files.stat(ino);
    } catch (error) {
      throw toFsError(error);
    }
  }

  /** Bytes of the blocks that hold so many. */
  #blocks(bytes: number): number {
    return Math.ceil(bytes / this.blockBytes) * this.blockBytes;
  }

  /** Bytes of the range without data, or the whole where that would take long to find out. */
  #holesIn(fd: number, start: number, end: number): number {
    if (!this.sparse) return end - start;
    let found = 0;
    let at = start;
    for (let step = 0; step < MAX_EXTENTS && at < end; step++) {
      const data = Math.min(seek(fd, at, 'data') ?? end, end);
      found += data - at;
      at = data < end ? Math.min(this.#blocks(seek(fd, data, 'hole') ?? end), end) : end;
    }
    return found + (end - at);
  }

  #existing(ino: number): OpenFile | undefined {
    try {
      return this.#files.get(ino);
    } catch (error) {
      throw toFsError(error);
    }
  }

  #made(ino: number): OpenFile {
    try {
      return this.#files.make(ino);
    } catch (error) {
      throw toFsError(error);
    }
  }

  /** True where the write covers part of a page that lies on the disk only: the host would read it, and the loop wait. */
  #wouldReadFirst(fd: number, offset: number, length: number): boolean {
    const end = offset + length;
    if (offset % HOST_PAGE_BYTES !== 0 && readCached(fd, probe, 0, 1, offset) === undefined) return true;
    return end % HOST_PAGE_BYTES !== 0 && readCached(fd, probe, 0, 1, end) === undefined;
  }

  async #sync(ino: number): Promise<void> {
    try {
      await this.#syncs.sync(ino, async () => {
        // Only now: it may have been closed, or removed, while another sync ran.
        const file = this.#files.get(ino);
        if (file === undefined) return;
        await this.#files.using(file, dataSync);
        this.#files.countSync();
      });
      if (this.#files.get(ino) !== undefined) await this.#files.syncFolders(ino);
    } catch (error) {
      throw toFsError(error);
    }
  }

  #inThread<T>(file: OpenFile, run: (fd: number) => Promise<T>): Promise<T> {
    return this.#files.using(file, run).catch(rethrow);
  }

  async #readInThread(file: OpenFile, offset: number, target: Buffer, done: number): Promise<number> {
    return await this.#inThread(file, (fd) => readAt(fd, target, done, offset));
  }

  /** Marked again at its end: a sync that has run meanwhile took the mark, and may lack what came after. */
  #changeInThread(file: OpenFile, run: (fd: number) => Promise<void>): Promise<void> {
    return this.#inThread(file, run).finally(() => this.#syncs.mark(file.ino));
  }
}

function rethrow(error: unknown): never {
  throw toFsError(error);
}

function dataSync(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.fdatasync(fd, (error) => (error ? reject(error) : resolve()));
  });
}

function truncateAt(fd: number, size: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.ftruncate(fd, size, (error) => (error ? reject(error) : resolve()));
  });
}
