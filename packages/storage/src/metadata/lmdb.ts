import { open, type RootDatabase } from 'lmdb';
import type { Changes, Key, KeyValue, MetadataSnapshot, MetadataStore } from './store.ts';

/** Writes and reads keys as they are, a byte for each character. lmdb expects a RangeError where the target is too short. */
const keyEncoder = {
  writeKey(key: Key, target: Buffer, start: number): number {
    const end = start + key.length;
    if (end > target.length) throw new RangeError('key too long');
    target.write(key, start, 'latin1');
    return end;
  },
  readKey(source: Buffer, start: number, end: number): Key {
    return source.toString('latin1', start, end);
  },
};

/** LMDB in one folder. Its own thread writes and syncs; reads come from the memory map, on the caller's thread. */
export class LmdbMetadataStore implements MetadataStore {
  readonly #db: RootDatabase<Buffer, Key>;

  /** `path` is the folder, made where it is missing. Throws what LMDB says where it cannot be opened. */
  constructor(path: string) {
    this.#db = open<Buffer, Key>({
      path,
      noSubdir: false,
      encoding: 'binary',
      keyEncoder,
      cache: false,
      // A commit is answered when it is synced, not when it is merely visible.
      overlappingSync: false,
      // Commits are gathered by the commit log, which waits for the end of the event turn already.
      eventTurnBatching: false,
    });
  }

  get(key: Key): Buffer | undefined {
    const found = this.#db.getBinaryFast(key);
    if (found === undefined) return undefined;
    // lmdb hands out one reused buffer whose `length` property is a plain number set by hand: behind `subarray` and
    // the like it is still the whole buffer. A view of the right length cannot be read beyond the value.
    return Buffer.from(found.buffer, found.byteOffset, found.length);
  }

  scan(start: Key, end: Key, limit: number, reverse = false): readonly KeyValue[] {
    const found: KeyValue[] = [];
    if (limit <= 0 || start >= end) return found;
    const range = reverse
      ? { start: end, exclusiveStart: true, end: start, inclusiveEnd: true, reverse, limit }
      : { start, end, limit };
    for (const { key, value } of this.#db.getRange(range)) found.push({ key, value: Buffer.from(value) });
    return found;
  }

  async commit(changes: Changes): Promise<void> {
    const db = this.#db;
    try {
      await db.batch(() => {
        for (const [key, value] of changes) {
          if (value === undefined) db.remove(key);
          else db.put(key, value);
        }
      });
    } catch (error) {
      throw await causeOf(error);
    }
  }

  /** While it is open LMDB writes over nothing that it shows: its file grows by what is changed. */
  snapshot(): MetadataSnapshot {
    const db = this.#db;
    const transaction = db.useReadTransaction();
    return {
      scan(start, end, limit) {
        const found: KeyValue[] = [];
        if (limit <= 0 || start >= end) return found;
        for (const { key, value } of db.getRange({ start, end, limit, transaction })) {
          found.push({ key, value: Buffer.from(value) });
        }
        return found;
      },
      close: () => transaction.done(),
    };
  }

  async close(): Promise<void> {
    await this.#db.close();
  }
}

/** lmdb rejects with an error that says nothing but carries a promise, rejected with the reason: unhandled, that ends the process. */
async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error && 'commitError' in error && error.commitError instanceof Promise))
    return error;
  return await error.commitError.then(
    () => error,
    (cause: unknown) => cause,
  );
}
