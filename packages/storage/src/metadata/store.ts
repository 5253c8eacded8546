import { FsError } from '@dfs/nfs';

/**
 * A key: bytes, one for each character (U+0000 to U+00FF), so that keys serve in a Map and compare as bytes with `<`.
 * 1 to {@link MAX_KEY_BYTES} of them.
 */
export type Key = string;

/** Every store takes keys of this length. */
export const MAX_KEY_BYTES = 1024;

/** What a batch leaves behind: a value for each key that it puts, undefined for each that it deletes. */
export type Changes = ReadonlyMap<Key, Buffer | undefined>;

export interface KeyValue {
  readonly key: Key;
  readonly value: Buffer;
}

/**
 * An ordered map from keys to values that survives the process. One process uses it at a time, and reads its own commits: a read
 * that starts after a commit was answered sees all of it, one that starts before sees all of it or nothing.
 */
export interface MetadataStore {
  /** The value, good only until the next call into the store: decode or copy it at once. */
  get(key: Key): Buffer | undefined;

  /**
   * The first `limit` entries with `start` <= key < `end` in the order of keys, or with `reverse` the last ones in falling order.
   * The values are the caller's. A longer range is read page by page, so that no range is ever in memory as a whole.
   */
  scan(start: Key, end: Key, limit: number, reverse?: boolean): readonly KeyValue[];

  /**
   * Applies all of the changes or none, after those of every commit called before. Answers when they would survive a loss of
   * power. The values must not be altered afterwards. A rejection leaves open whether they were applied: the caller stops, or commits the
   * same again. Errors of the host have errno's name as their code.
   */
  commit(changes: Changes): Promise<void>;

  /** All entries as the commits answered so far have left them, whatever comes after. Closed before the store is. */
  snapshot(): MetadataSnapshot;

  /**
   * After a commit was rejected: the next one can be relied on as the first. Nothing else may be under way. Rejects where the
   * store still cannot be used, with a {@link MetadataClosedError} where not even read; a later call may succeed.
   */
  recover?(): Promise<void>;

  /** Answers when all commits have been, and frees what is held. Nothing may be called after. */
  close(): Promise<void>;
}

/** The entries of one moment. */
export interface MetadataSnapshot {
  /** As {@link MetadataStore.scan}, forward. */
  scan(start: Key, end: Key, limit: number): readonly KeyValue[];
  /** Lets go of what keeps it. Nothing may be called after. */
  close(): void;
}

/** The store is not open; it says why. All calls but `recover` and `close` are refused with it then. */
export class MetadataClosedError extends FsError {
  constructor(reason: string, cause?: unknown) {
    super('EIO', reason);
    this.name = 'MetadataClosedError';
    if (cause !== undefined) this.cause = cause;
  }
}
