import type { JournalFile, JournalPlace } from '../src/index.ts';

/** A journal's file in memory: what another process would find in the page cache. */
export class MemoryPlace implements JournalPlace {
  content: Buffer | undefined;
  /** Thrown by every write from now on. */
  failure: Error | undefined;
  writes = 0;
  #draft: MemoryFile | undefined;
  #inUse: MemoryFile | undefined;

  read(): Buffer | undefined {
    return this.content;
  }

  draft(): JournalFile {
    this.#draft = new MemoryFile((file, bytes) => this.#append(file, bytes));
    return this.#draft;
  }

  adopt(): void {
    this.#inUse = this.#draft;
    this.content = this.#inUse?.content;
  }

  remove(): void {
    this.content = undefined;
    this.#inUse = undefined;
  }

  /** As another process finds it, with all but the last `torn` bytes. */
  copy(torn = 0): MemoryPlace {
    const copy = new MemoryPlace();
    if (this.content !== undefined)
      copy.content = Buffer.from(this.content.subarray(0, this.content.length - torn));
    return copy;
  }

  #append(file: MemoryFile, bytes: Buffer): void {
    if (this.failure !== undefined) throw this.failure;
    this.writes++;
    file.content = Buffer.concat([file.content, bytes]);
    if (file === this.#inUse) this.content = file.content;
  }
}

class MemoryFile implements JournalFile {
  content: Buffer = Buffer.alloc(0);
  readonly #append: (file: MemoryFile, bytes: Buffer) => void;

  constructor(append: (file: MemoryFile, bytes: Buffer) => void) {
    this.#append = append;
  }

  append(data: Buffer, length: number): void {
    this.#append(this, data.subarray(0, length));
  }

  close(): void {}
}
