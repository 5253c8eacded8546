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

  read(): JournalContent | undefined {
    return this.content === undefined ? undefined : { bytes: this.content, isRetired: this.isRetired };
  }

  draft(): JournalFile {
    this.#draft = new MemoryFile(this, (file) => {
      this.writes++;
      if (file === this.#inUse) this.content = file.content;
    });
    return this.#draft;
  }

  adopt(): void {
    this.#inUse = this.#draft;
    this.content = this.#inUse?.content;
    this.isRetired = false;
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
    if (this.content !== undefined)
      copy.content = Buffer.from(this.content.subarray(0, this.content.length - torn));
    return copy;
  }

  /** What a loss of power may leave: the file that had the name on the disk, or the one that was given it last; of either what was synced, or more. */
  lost(): MemoryPlace[] {
    const found: MemoryPlace[] = [];
    for (const file of new Set([this.#named, this.#inUse])) {
      if (file === undefined) continue;
      for (const content of [file.content.subarray(0, file.synced), torn(file)]) {
        const place = new MemoryPlace();
        place.content = Buffer.from(content);
        found.push(place);
      }
    }
    return found;
  }
}

/** With something that was not synced, the beginning of which is lacking. */
function torn({ content, synced }: MemoryFile): Buffer {
  const found = Buffer.from(content);
  found.fill(0, synced, synced + Math.ceil((content.length - synced) / 2));
  return found;
}

class MemoryFile implements JournalFile {
  content: Buffer = Buffer.alloc(0);
  synced = 0;
  readonly #place: MemoryPlace;
  readonly #grown: (file: MemoryFile) => void;

  constructor(place: MemoryPlace, grown: (file: MemoryFile) => void) {
    this.#place = place;
    this.#grown = grown;
  }

  append(data: Buffer, length: number): void {
    if (this.#place.failure !== undefined) throw this.#place.failure;
    this.content = Buffer.concat([this.content, data.subarray(0, length)]);
    this.#grown(this);
  }

  async sync(): Promise<void> {
    const { length } = this.content;
    await this.#place.slow();
    this.synced = length;
  }

  close(): void {}
}
