/** Bytes that a disk writes whole or not at all. */
export const SECTOR = 512;

/** A change of a file that is not safe yet. */
export interface FileChange {
  readonly number: number;
  readonly kind: 'write' | 'size' | 'punch' | 'reserve';
  readonly offset: number;
  readonly length: number;
  readonly data: Buffer;
}

/** A file as it is on the disk, and what waits to get there. */
export class DiskFile {
  /** Zeros from here to the end of the file. */
  #bytes: Buffer;
  size: number;
  pending: FileChange[] = [];

  constructor(bytes: Buffer = Buffer.alloc(0), size = bytes.length) {
    this.#bytes = bytes;
    this.size = size;
  }

  /** What was written of it; zeros follow, to its end. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, Math.min(this.size, this.#bytes.length));
  }

  apply(change: FileChange): void {
    const { kind, offset, length, data } = change;
    switch (kind) {
      case 'write':
        this.#provide(offset + data.length);
        data.copy(this.#bytes, offset);
        return;
      case 'size':
        this.#clear(offset, this.size);
        this.size = offset;
        return;
      case 'punch':
        this.#clear(offset, offset + length);
        return;
      case 'reserve':
        this.size = Math.max(this.size, offset + length);
    }
  }

  /** Some sectors of a write. */
  applyTorn(change: FileChange, keeps: () => boolean): void {
    const { offset, data } = change;
    for (let at = 0; at < data.length; ) {
      const end = Math.min(data.length, at + SECTOR - ((offset + at) % SECTOR));
      if (keeps()) this.apply({ ...change, offset: offset + at, data: data.subarray(at, end) });
      at = end;
    }
  }

  /** Everything up to the note of that number is safe. */
  sync(before: number): void {
    const left: FileChange[] = [];
    for (const change of this.pending) {
      if (change.number < before) this.apply(change);
      else left.push(change);
    }
    this.pending = left;
  }

  #clear(from: number, to: number): void {
    const { length } = this.#bytes;
    if (from < length) this.#bytes.fill(0, from, Math.min(to, length));
  }

  /** A file may be far larger than what is written of it: the store tries how large. */
  #provide(end: number): void {
    if (end > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(end, 2 * this.#bytes.length));
      this.#bytes.copy(larger);
      this.#bytes = larger;
    }
    this.size = Math.max(this.size, end);
  }
}

/** Names that changed together; undefined takes one away. */
interface NameChange {
  readonly number: number;
  readonly names: readonly (readonly [name: string, node: DiskNode | undefined])[];
}

/** A folder as the process sees it, as it is on the disk, and what waits to get there, in order. */
export class DiskFolder {
  readonly seen = new Map<string, DiskNode>();
  readonly kept = new Map<string, DiskNode>();
  pending: NameChange[] = [];

  change(number: number, names: NameChange['names']): void {
    set(this.seen, names);
    this.pending.push({ number, names });
  }

  sync(before: number): void {
    this.keep(this.pending.filter(({ number }) => number < before).length);
  }

  /** The first `count` changes reach the disk. */
  keep(count: number): void {
    for (const { names } of this.pending.splice(0, count)) set(this.kept, names);
  }
}

export type DiskNode = DiskFile | DiskFolder;

function set(map: Map<string, DiskNode>, names: NameChange['names']): void {
  for (const [name, node] of names) {
    if (node === undefined) map.delete(name);
    else map.set(name, node);
  }
}
