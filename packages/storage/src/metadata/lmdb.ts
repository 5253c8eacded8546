import fs from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { codeOf, errnoName, hostError } from '../host/errors.ts';
import { dropCached } from '../host/libc.ts';
import { DATA_FILE, requireOpenable } from './lmdb-files.ts';
import {
  type Changes,
  type Key,
  type KeyValue,
  MetadataClosedError,
  type MetadataSnapshot,
  type MetadataStore,
} from './store.ts';

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

/** A disk with no more room than this is full, where a write has failed. */
const FULL_BYTES = 4 * 1024 * 1024;

/** What lmdb says of a page that the host would not take. */
const PAGE_REFUSED = /Attempting to write page/;

function openDatabase(path: string): RootDatabase<Buffer, Key> {
  requireOpenable(path);
  try {
    return open<Buffer, Key>({
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
  } catch (error) {
    throw named(error);
  }
}

/** LMDB in one folder. Its own thread writes and syncs; reads come from the memory map, on the caller's thread. */
export class LmdbMetadataStore implements MetadataStore {
  readonly #path: string;
  #open: RootDatabase<Buffer, Key> | undefined;
  /** Why it is not open. */
  #reason = 'closed';
  #snapshots = 0;

  /** `path` is the folder, made where it is missing. Throws what LMDB says where it cannot be opened. */
  constructor(path: string) {
    this.#path = path;
    this.#open = openDatabase(path);
  }

  get #db(): RootDatabase<Buffer, Key> {
    if (this.#open === undefined) throw new MetadataClosedError(this.#reason);
    return this.#open;
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
      const cause = named(await causeOf(error));
      const { ENOSPC, EIO } = constants.errno;
      if (await this.#lacksRoom(cause)) throw codeOf(cause) === 'EIO' ? hostError('write', ENOSPC) : cause;
      throw codeOf(cause) === 'ENOSPC' || codeOf(cause) === 'EDQUOT' ? hostError('sync', EIO) : cause;
    }
  }

  /**
   * True where a commit has failed for want of room, and the next one can be relied on.
   *
   * Where the host has refused a page, LMDB is as before. Of one that found room for a part only LMDB says EIO, as of a disk that fails; and
   * where it is a sync that finds no room it may answer nothing any more: then it is opened anew.
   */
  async #lacksRoom(cause: unknown): Promise<boolean> {
    switch (codeOf(cause)) {
      case 'ENOSPC':
      case 'EDQUOT':
        return PAGE_REFUSED.test((cause as Error).message) || (await this.#reopen());
      case 'EIO':
        return this.#isFull() && (await this.#reopen());
      default:
        return false;
    }
  }

  #isFull(): boolean {
    try {
      const { bavail, bsize } = fs.statfsSync(this.#path);
      return bavail * bsize < FULL_BYTES;
    } catch {
      return false;
    }
  }

  /** As {@link recover}, in one go: what it waits for is done already, so that nobody's turn comes while it is closed. False where it cannot. */
  async #reopen(): Promise<boolean> {
    if (this.#snapshots > 0) return false;
    try {
      const file = fs.openSync(join(this.#path, DATA_FILE), 'r+');
      try {
        syncWhereRoom(file);
        const db = this.#db;
        this.#open = undefined;
        await db.close();
        dropCached(file);
      } finally {
        fs.closeSync(file);
        this.#open ??= this.#reopened();
      }
      return true;
    } catch {
      // It is a disk that fails, then.
      return false;
    }
  }

  /**
   * LMDB writes pages that nothing refers to, syncs them, and only then writes the page that refers to them. So after a failure the last commit
   * is whole, on the disk and in the file's cached pages; but a page that was to be written may be cached as if it were on the disk. Pages
   * are read again therefore, and those of the next commit all written anew.
   */
  async recover(): Promise<void> {
    // They read from what would be closed.
    if (this.#snapshots > 0) throw new Error('a backup is being made: wait until it has ended');
    // Where that much fails there is no use in closing it: what can be read is read meanwhile.
    const file = await fs.promises.open(join(this.#path, DATA_FILE), 'r+');
    try {
      await file.datasync();
      const db = this.#open;
      this.#open = undefined;
      await db?.close();
      // Nothing maps it now, so its pages can go.
      await file.datasync();
      dropCached(file.fd);
    } finally {
      await file.close();
      this.#open ??= this.#reopened();
    }
  }

  #reopened(): RootDatabase<Buffer, Key> {
    try {
      return openDatabase(this.#path);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#reason = `the records of the data directory cannot be opened: ${reason}`;
      throw new MetadataClosedError(this.#reason, error);
    }
  }

  /** While it is open LMDB writes over nothing that it shows: its file grows by what is changed. */
  snapshot(): MetadataSnapshot {
    const db = this.#db;
    const transaction = db.useReadTransaction();
    this.#snapshots++;
    return {
      scan(start, end, limit) {
        const found: KeyValue[] = [];
        if (limit <= 0 || start >= end) return found;
        for (const { key, value } of db.getRange({ start, end, limit, transaction })) {
          found.push({ key, value: Buffer.from(value) });
        }
        return found;
      },
      close: () => {
        this.#snapshots--;
        transaction.done();
      },
    };
  }

  async close(): Promise<void> {
    const db = this.#open;
    this.#open = undefined;
    this.#reason = 'closed';
    await db?.close();
  }
}

/** What finds no room is clean after it, and may be dropped: the next commit writes it anew. */
function syncWhereRoom(fd: number): void {
  try {
    fs.fdatasyncSync(fd);
  } catch (error) {
    if (codeOf(error) !== 'ENOSPC' && codeOf(error) !== 'EDQUOT') throw error;
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

/** lmdb gives errno's number where the host gives its name. */
function named(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'number') return error;
  const code = errnoName(error.code);
  if (code === undefined) return error;
  return Object.assign(new Error(`${code}: ${error.message}`, { cause: error }), { code });
}
