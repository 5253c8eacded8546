import type { Key } from './store.ts';

/** Keys in one chunk at the most: a balance of moving within a chunk and of finding it. */
const CHUNK = 512;

interface Chunk<V> {
  readonly keys: Key[];
  readonly values: V[];
}

/** A map in the order of its keys. Finding and changing cost O(log n) comparisons and a move within one chunk. */
export class SortedMap<V> {
  readonly #chunks: Chunk<V>[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: Key): V | undefined {
    const chunk = this.#chunks[this.#chunkOf(key)];
    if (chunk === undefined) return undefined;
    const i = lowerBound(chunk.keys, key);
    return chunk.keys[i] === key ? chunk.values[i] : undefined;
  }

  set(key: Key, value: V): void {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) {
      this.#chunks.push({ keys: [key], values: [value] });
      this.#size++;
      return;
    }
    const i = lowerBound(chunk.keys, key);
    if (chunk.keys[i] === key) {
      chunk.values[i] = value;
      return;
    }
    this.#size++;
    if (i === chunk.keys.length) {
      chunk.keys.push(key);
      chunk.values.push(value);
    } else {
      chunk.keys.splice(i, 0, key);
      chunk.values.splice(i, 0, value);
    }
    if (chunk.keys.length > CHUNK) this.#split(at, chunk);
  }

  delete(key: Key): boolean {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return false;
    const i = lowerBound(chunk.keys, key);
    if (chunk.keys[i] !== key) return false;
    chunk.keys.splice(i, 1);
    chunk.values.splice(i, 1);
    if (chunk.keys.length === 0) this.#chunks.splice(at, 1);
    this.#size--;
    return true;
  }

  /** Stands on the first entry from `start` on, and ends before `end`. The map must not change meanwhile. */
  cursor(start: Key, end: Key): Cursor<V> {
    const at = this.#chunkOf(start);
    return new Cursor(this.#chunks, at, lowerBound(this.#chunks[at]?.keys ?? [], start), end);
  }

  /** Entries from `start` up to, without, `end`. The map must not change meanwhile. */
  *range(start: Key, end: Key): Generator<readonly [Key, V]> {
    for (let at = this.#chunkOf(start); at < this.#chunks.length; at++) {
      const { keys, values } = this.#chunks[at] as Chunk<V>;
      for (let i = lowerBound(keys, start); i < keys.length; i++) {
        const key = keys[i] as Key;
        if (key >= end) return;
        yield [key, values[i] as V];
      }
    }
  }

  /** The same range from its end to its start. */
  *rangeReverse(start: Key, end: Key): Generator<readonly [Key, V]> {
    for (let at = Math.min(this.#chunkOf(end), this.#chunks.length - 1); at >= 0; at--) {
      const { keys, values } = this.#chunks[at] as Chunk<V>;
      for (let i = lowerBound(keys, end) - 1; i >= 0; i--) {
        const key = keys[i] as Key;
        if (key < start) return;
        yield [key, values[i] as V];
      }
    }
  }

  /** The chunk where `key` is or belongs: the last that starts at or before it. */
  #chunkOf(key: Key): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#chunks[middle]?.keys[0] as Key) <= key) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : low - 1;
  }

  #split(at: number, chunk: Chunk<V>): void {
    // Keys that only grow (cookies, inode numbers) fill their chunks; others leave room on both sides.
    const last = at === this.#chunks.length - 1;
    const keep = last ? CHUNK : CHUNK / 2;
    this.#chunks.splice(at + 1, 0, { keys: chunk.keys.splice(keep), values: chunk.values.splice(keep) });
  }
}

/** A place in a map, which goes from entry to entry. */
export class Cursor<V> {
  /** Of the entry that it stands on; undefined behind the last. */
  key: Key | undefined;
  readonly #chunks: readonly Chunk<V>[];
  readonly #end: Key;
  #chunk: number;
  #at: number;

  constructor(chunks: readonly Chunk<V>[], chunk: number, at: number, end: Key) {
    this.#chunks = chunks;
    this.#chunk = chunk;
    this.#at = at;
    this.#end = end;
    this.#look();
  }

  /** Of the entry that it stands on. */
  get value(): V | undefined {
    return this.#chunks[this.#chunk]?.values[this.#at];
  }

  next(): void {
    this.#at++;
    this.#look();
  }

  #look(): void {
    let keys = this.#chunks[this.#chunk]?.keys;
    if (keys !== undefined && this.#at === keys.length) {
      keys = this.#chunks[++this.#chunk]?.keys;
      this.#at = 0;
    }
    const key = keys?.[this.#at];
    this.key = key !== undefined && key < this.#end ? key : undefined;
  }
}

function lowerBound(keys: readonly Key[], key: Key): number {
  let low = 0;
  let high = keys.length;
  if (high > 0 && (keys[high - 1] as Key) < key) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as Key) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
