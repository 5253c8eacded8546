import { SortedMap } from './sorted-map.ts';
import {
  type Changes,
  type Key,
  type KeyValue,
  MAX_KEY_BYTES,
  type MetadataSnapshot,
  type MetadataStore,
} from './store.ts';

/** Behind every key. */
const END = '\xff'.repeat(MAX_KEY_BYTES + 1);

/** Keeps nothing: for `--memory`, and for tests. */
export class MemoryMetadataStore implements MetadataStore {
  readonly #map = new SortedMap<Buffer>();

  get(key: Key): Buffer | undefined {
    return this.#map.get(key);
  }

  scan(start: Key, end: Key, limit: number, reverse = false): readonly KeyValue[] {
    const found: KeyValue[] = [];
    if (limit <= 0) return found;
    for (const [key, value] of reverse ? this.#map.rangeReverse(start, end) : this.#map.range(start, end)) {
      found.push({ key, value: Buffer.from(value) });
      if (found.length === limit) break;
    }
    return found;
  }

  async commit(changes: Changes): Promise<void> {
    for (const [key, value] of changes) {
      if (value === undefined) this.#map.delete(key);
      else this.#map.set(key, value);
    }
  }

  /** A copy: values are shared, as they are never altered. */
  snapshot(): MetadataSnapshot {
    const copy = new MemoryMetadataStore();
    for (const [key, value] of this.#map.range('', END)) copy.#map.set(key, value);
    return { scan: (start, end, limit) => copy.scan(start, end, limit), close: () => {} };
  }

  async close(): Promise<void> {}
}
