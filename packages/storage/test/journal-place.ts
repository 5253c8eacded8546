import type { JournalContent, JournalFile, JournalPlace } from '../src/index.ts';

/** A journal's file in memory: what another process would find in the page cache, and what a disk would have kept. */
export class MemoryPlace implements JournalPlace {
  content: Buffer | undefined;
  /** Thrown by every write and sync from now on. */
  failure: Error | undefined;
  writes = 0;
  isRetired = false;
  /** Waited for by each sync. */
  slowness: (() => Promise<void>) | undefined;
  #draft: MemoryFile | undefined;
  #inUse: MemoryFile | undefined;
  /** The one that has the name on the disk. */
  #named: MemoryFile | undefined;
  /** The one that was in use before. */
  #spare: MemoryFile | undefined;
  /** Files that were written over. */
  reused = 0;
  /** Of these, such as the journal's name may still lead to after a loss of power. */
  misused = 0;
  /** Told when the spare file was given back. */
  trimmed: (() => void) | undefined;

  read(): JournalContent | undefined {
    return this.content === undefined ? undefined : { bytes: this.content, isRetired: this.isRetired };
  }

  draft(isSynced: boolean, mayReuse = false): JournalFile {
    const spare = isSynced && mayReuse ? this.#spare : undefined;
    if (spare !== undefined) {
      if (spare === this.#named || spare === this.#inUse)
        throw new Error('a loss of power would find this one');
      this.#spare = undefined;
      this.reused++;
    }
    const written = (file: MemoryFile) => {
      this.writes++;
      if (file === this.#inUse) this.content = file.content;
    };
    this.#draft = new MemoryFile(this, written, spare?.content);
    return this.#draft;
  }

  adopt(): void {
    this.#spare = this.#inUse;
    this.#inUse = this.#draft;
    this.content = this.#inUse?.content;
    this.isRetired = false;
  }

  trim(): boolean {
    if (this.#spare === undefined) return false;
    this.#spare = undefined;
    this.trimmed?.();
    return true;
  }

  async syncNames(): Promise<void> {
    const named = this.#inUse;
    await this.slow();
    this.#named = named;
  }

  retire(): void {
    this.isRetired = this.content !== undefined;
    this.#inUse = undefined;
  }

  remove(): void {
    this.content = undefined;
    this.#inUse = undefined;
  }

  async slow(): Promise<void> {
    await this.slowness?.();
    if (this.failure !== undefined) throw this.failure;
  }

  /** As another process finds it, with all but the last `torn` bytes. */
  copy(torn = 0): MemoryPlace {
    const copy = new MemoryPlace();
    copy.isRetired = this.isRetired;
    copy.content = this.content && (this.#inUse?.torn(torn) ?? Buffer.from(this.content));
    return copy;
  }

  /** What a loss of power may leave: the file that had the name on the disk, or the one that was given it last; of either what was synced, or more. */
  lost(): MemoryPlace[] {
    const found: MemoryPlace[] = [];
    for (const file of new Set([this.#named, this.#inUse])) {
      if (file === undefined) continue;
      for (const content of [file.disk, file.half()]) {
        const place = new MemoryPlace();
        place.content = Buffer.from(content);
        found.push(place);
      }
    }
    return found;
  }
}

class MemoryFile implements JournalFile {
  content: Buffer;
  /** What was synced of it. */
  disk: Buffer;
  readonly isUsed: boolean;
  readonly #old: Buffer;
  readonly #place: MemoryPlace;
  readonly #written: (file: MemoryFile) => void;
  #size = 0;
  #synced = 0;

  constructor(place: MemoryPlace, written: (file: MemoryFile) => void, old: Buffer = Buffer.alloc(0)) {
    this.#place = place;
    this.#written = written;
    this.#old = old;
    this.content = old;
    this.disk = old;
    this.isUsed = old.length > 0;
  }

  append(data: Buffer, length: number): void {
    if (this.#place.failure !== undefined) throw this.#place.failure;
    const end = this.isUsed ? Buffer.alloc(END_BYTES) : Buffer.alloc(0);
    const head = [this.content.subarray(0, this.#size), data.subarray(0, length), end];
    this.#size += length;
    this.content = Buffer.concat([...head, this.content.subarray(this.#size + END_BYTES)]);
    this.#written(this);
  }

  async sync(): Promise<void> {
    const [size, content] = [this.#size, this.content];
    await this.#place.slow();
    this.#synced = size;
    this.disk = content;
  }

  /** Without what was written last. */
  torn(bytes: number): Buffer {
    const from = this.#size - bytes;
    const old = this.#old.subarray(from);
    return Buffer.concat([this.content.subarray(0, from), old]);
  }

  /** With something that was not synced, the beginning of which is lacking. */
  half(): Buffer {
    const found = Buffer.from(this.content);
    const to = this.#synced + Math.ceil((this.#size - this.#synced) / 2);
    found.fill(0, this.#synced, to);
    this.disk.copy(found, this.#synced, this.#synced, to);
    return found;
  }

  close(): void {}
}

const END_BYTES = 4;
