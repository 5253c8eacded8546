import { FsError, type SpaceUsage } from '@dfs/nfs';
import { MEMORY_PAGE_BYTES as PAGE } from '../limits.ts';
import type { ContentStore } from './store.ts';

interface MemoryFile {
  /** By number; one that is absent is a hole. */
  readonly pages: Map<number, Buffer>;
  size: number;
}

/** Bytes that all shares of one process take together. */
export class MemoryBudget {
  readonly total: number;
  used = 0;

  constructor(total: number) {
    this.total = total;
  }

  take(bytes: number): void {
    if (this.used + bytes > this.total) throw new FsError('ENOSPC');
    this.used += bytes;
  }
}

/** Keeps content in pages; holes cost nothing, and nothing survives. */
export class MemoryContentStore implements ContentStore {
  readonly maxFileSize = Number.MAX_SAFE_INTEGER;
  readonly sparse = true;
  readonly blockBytes = PAGE;
  readonly canShare = true;
  readonly sharedBytes = 1;
  readonly #files = new Map<number, MemoryFile>();
  readonly #budget: MemoryBudget;

  constructor(budget: MemoryBudget) {
    this.#budget = budget;
  }

  read(ino: number, offset: number, target: Buffer): number {
    const file = this.#files.get(ino);
    if (file === undefined || offset >= file.size) return 0;
    const count = Math.min(target.length, file.size - offset);
    eachPage(offset, count, (page, start, length, at) => {
      const source = file.pages.get(page);
      if (source === undefined) target.fill(0, at, at + length);
      else source.copy(target, at, start, start + length);
    });
    return count;
  }

  write(ino: number, offset: number, data: Buffer): void {
    if (data.length === 0) return;
    const file = this.#file(ino);
    this.#provide(file, offset, data.length);
    eachPage(offset, data.length, (page, start, length, at) => {
      data.copy(file.pages.get(page) as Buffer, start, at, at + length);
    });
    file.size = Math.max(file.size, offset + data.length);
  }

  truncate(ino: number, size: number): void {
    if (size === 0 && !this.#files.has(ino)) return;
    const file = this.#file(ino);
    if (size < file.size) this.#clear(file, size, file.size - size);
    file.size = size;
  }

  sync(): void {}

  syncAll(): void {}

  distrust(): boolean {
    return true;
  }

  remove(ino: number): void {
    const file = this.#files.get(ino);
    if (file === undefined) return;
    this.#budget.used -= file.pages.size * PAGE;
    this.#files.delete(ino);
  }

  syncRemovals(): void {}

  punch(ino: number, offset: number, length: number): void {
    const file = this.#files.get(ino);
    if (file !== undefined && offset < file.size)
      this.#clear(file, offset, Math.min(length, file.size - offset));
  }

  allocate(ino: number, offset: number, length: number): void {
    const file = this.#file(ino);
    this.#provide(file, offset, length);
    file.size = Math.max(file.size, offset + length);
  }

  seek(ino: number, offset: number, what: 'data' | 'hole'): number | undefined {
    const file = this.#files.get(ino);
    if (file === undefined || offset >= file.size) return what === 'data' ? undefined : offset;
    return what === 'data' ? nextData(file, offset) : nextHole(file, offset);
  }

  copy(from: number, fromOffset: number, to: number, toOffset: number, length: number): void {
    const end = fromOffset + length;
    for (let at = fromOffset; at < end; ) {
      const data = Math.min(this.seek(from, at, 'data') ?? end, end);
      if (data > at) this.punch(to, toOffset + (at - fromOffset), data - at);
      const hole = Math.min(this.seek(from, data, 'hole') ?? end, end);
      for (let part = data; part < hole; part += PAGE) {
        const chunk = Buffer.allocUnsafe(Math.min(PAGE, hole - part));
        this.read(from, part, chunk);
        this.write(to, toOffset + (part - fromOffset), chunk);
      }
      at = hole;
    }
    if (this.size(to) < toOffset + length) this.truncate(to, toOffset + length);
  }

  share(): void {
    throw new FsError('ENOTSUP');
  }

  size(ino: number): number {
    return this.#files.get(ino)?.size ?? 0;
  }

  usage(ino: number): number {
    return (this.#files.get(ino)?.pages.size ?? 0) * PAGE;
  }

  missing(ino: number, offset: number, length: number): number {
    const pages = this.#files.get(ino)?.pages;
    const first = Math.floor(offset / PAGE);
    const end = Math.ceil((offset + length) / PAGE);
    let found = 0;
    // Whichever are fewer: the pages that there are, or those asked for.
    if (pages !== undefined && end - first > pages.size) {
      for (const page of pages.keys()) if (page >= first && page < end) found++;
    } else for (let page = first; page < end; page++) if (pages?.has(page)) found++;
    return (end - first - found) * PAGE;
  }

  *list(from: number): Iterable<number> {
    for (const ino of this.#files.keys()) if (ino >= from) yield ino;
  }

  space(): SpaceUsage {
    const { total, used } = this.#budget;
    const free = total - used;
    // What a file costs beside its content is not bounded here, so that figure stands in for "as many as there are bytes for".
    const files = Math.floor(total / PAGE);
    const filesFree = Math.max(0, files - this.#files.size);
    return {
      bytesTotal: total,
      bytesFree: free,
      bytesAvailable: free,
      filesTotal: files,
      filesFree,
      filesAvailable: filesFree,
    };
  }

  /** What it holds is there when its share is opened again. */
  close(): void {}

  #file(ino: number): MemoryFile {
    let file = this.#files.get(ino);
    if (file === undefined) {
      file = { pages: new Map(), size: 0 };
      this.#files.set(ino, file);
    }
    return file;
  }

  /** Gives every page of the range storage, all or none. */
  #provide(file: MemoryFile, offset: number, length: number): void {
    const missing: number[] = [];
    const room = (this.#budget.total - this.#budget.used) / PAGE;
    const last = Math.floor((offset + length - 1) / PAGE);
    for (let page = Math.floor(offset / PAGE); page <= last; page++) {
      if (!file.pages.has(page)) missing.push(page);
      if (missing.length > room) throw new FsError('ENOSPC');
    }
    this.#budget.take(missing.length * PAGE);
    for (const page of missing) file.pages.set(page, Buffer.alloc(PAGE));
  }

  #clear(file: MemoryFile, offset: number, length: number): void {
    const end = offset + length;
    const first = Math.floor(offset / PAGE);
    const last = Math.floor((end - 1) / PAGE);
    // A hole may span more pages than there are: look at those that are.
    const pages = last - first > file.pages.size ? [...file.pages.keys()] : span(first, last);
    for (const page of pages) {
      if (page < first || page > last) continue;
      const buffer = file.pages.get(page);
      if (buffer === undefined) continue;
      const from = Math.max(0, offset - page * PAGE);
      const to = Math.min(PAGE, end - page * PAGE);
      const nothingBehind = page * PAGE + to >= file.size;
      if (from === 0 && (to === PAGE || nothingBehind)) {
        file.pages.delete(page);
        this.#budget.used -= PAGE;
      } else buffer.fill(0, from, to);
    }
  }
}

function* span(first: number, last: number): Generator<number> {
  for (let page = first; page <= last; page++) yield page;
}

function nextHole(file: MemoryFile, offset: number): number {
  let page = Math.floor(offset / PAGE);
  while (page * PAGE < file.size && file.pages.has(page)) page++;
  return Math.min(Math.max(offset, page * PAGE), file.size);
}

function nextData(file: MemoryFile, offset: number): number | undefined {
  const first = Math.floor(offset / PAGE);
  if (file.pages.has(first)) return offset;
  let next = Number.POSITIVE_INFINITY;
  for (const page of file.pages.keys()) if (page > first && page < next) next = page;
  return next * PAGE < file.size ? next * PAGE : undefined;
}

/** Calls with each page's number, the range within it, and where that lies in the whole. */
function eachPage(
  offset: number,
  count: number,
  visit: (page: number, start: number, length: number, at: number) => void,
): void {
  for (let at = 0; at < count; ) {
    const page = Math.floor((offset + at) / PAGE);
    const start = (offset + at) % PAGE;
    const length = Math.min(PAGE - start, count - at);
    visit(page, start, length, at);
    at += length;
  }
}
