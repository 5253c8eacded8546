import { BACKUP_CHUNK_BYTES as CHUNK } from '../limits.ts';

/** Chunks of one file that are told apart; of one with more, everything behind the first counts as changed. */
const MAX_CHUNKS = 4096;

/** Which parts of one file have changed: whole chunks, and everything from an offset on. */
export class DirtyFile {
  #from = Number.POSITIVE_INFINITY;
  /** The last end of a change that had one. */
  #last = 0;
  readonly #chunks = new Set<number>();

  static whole(): DirtyFile {
    const file = new DirtyFile();
    file.add(0, Number.POSITIVE_INFINITY);
    return file;
  }

  /** From `start` to before `end`, which may be infinite. */
  add(start: number, end: number): void {
    if (start >= end) return;
    if (end !== Number.POSITIVE_INFINITY) this.#last = Math.max(this.#last, end);
    if (start >= this.#from) return;
    const first = Math.floor(start / CHUNK);
    if (end === Number.POSITIVE_INFINITY) {
      this.#cutAt(first);
      return;
    }
    const last = Math.ceil(Math.min(end, this.#from) / CHUNK);
    if (last - first + this.#chunks.size > MAX_CHUNKS) this.#cutAt(Math.min(first, ...this.#chunks));
    else for (let chunk = first; chunk < last; chunk++) this.#chunks.add(chunk);
  }

  #cutAt(first: number): void {
    this.#from = first * CHUNK;
    for (const chunk of this.#chunks) if (chunk >= first) this.#chunks.delete(chunk);
  }

  merge(other: DirtyFile): void {
    this.add(other.#from, Number.POSITIVE_INFINITY);
    this.#last = Math.max(this.#last, other.#last);
    for (const chunk of other.#chunks) this.add(chunk * CHUNK, (chunk + 1) * CHUNK);
  }

  /** The changed ranges of a file that has `size` bytes now. */
  ranges(size: number): (readonly [start: number, end: number])[] {
    const found: [number, number][] = [];
    for (const chunk of [...this.#chunks].sort((a, b) => a - b)) {
      const start = chunk * CHUNK;
      const end = Math.min(start + CHUNK, size, this.#from);
      const last = found.at(-1);
      if (start >= end) continue;
      if (last?.[1] === start) last[1] = end;
      else found.push([start, end]);
    }
    if (this.#from < size) found.push([this.#from, size]);
    return found;
  }

  /** Bytes that have changed, about. */
  get bytes(): number {
    return this.#chunks.size * CHUNK + Math.max(0, this.#last - this.#from);
  }
}

/** What has changed in the content of all shares. */
export class DirtyContent {
  readonly shares = new Map<number, Map<number, DirtyFile>>();
  #files = 0;

  get files(): number {
    return this.#files;
  }

  get bytes(): number {
    let sum = 0;
    for (const files of this.shares.values()) for (const file of files.values()) sum += file.bytes;
    return sum;
  }

  file(share: number, ino: number): DirtyFile {
    let files = this.shares.get(share);
    if (files === undefined) {
      files = new Map();
      this.shares.set(share, files);
    }
    let file = files.get(ino);
    if (file === undefined) {
      file = new DirtyFile();
      files.set(ino, file);
      this.#files++;
    }
    return file;
  }

  /** Takes one out; undefined where nothing is left. */
  take(): { readonly share: number; readonly ino: number; readonly file: DirtyFile } | undefined {
    for (const [share, files] of this.shares) {
      for (const [ino, file] of files) {
        files.delete(ino);
        this.#files--;
        return { share, ino, file };
      }
      this.shares.delete(share);
    }
    return undefined;
  }

  *takeAll(): Generator<{ readonly share: number; readonly ino: number; readonly file: DirtyFile }> {
    for (let next = this.take(); next !== undefined; next = this.take()) yield next;
  }

  merge(other: DirtyContent): void {
    for (const [share, files] of other.shares) {
      for (const [ino, file] of files) this.file(share, ino).merge(file);
    }
  }
}
