import { FsError } from '@dfs/nfs';
import type { Key, KeyValue, MetadataStore } from '../metadata/store.ts';
import { Batch, type DirtyRecord } from './batch.ts';

export interface CommitLogOptions {
  /** Milliseconds that an effect nobody waits for may stay uncommitted. */
  readonly lazyCommitMs: number;
  /** Changes in one batch, beyond which it is committed though nobody waits. */
  readonly batchChanges: number;
  /** True for keys that {@link CommitLog.scan} must find. */
  readonly scanned: (key: Key) => boolean;
  /** Told once, when a commit has failed. */
  readonly onFailure?: (error: Error) => void;
}

/**
 * The one way to the metadata store: effects are seen by every read at once, gather in a batch, and are committed in order, one batch
 * at a time, so that all who wait while one is being written share the next.
 *
 * After a commit has failed nothing is true any more that was not committed before: every call answers EIO.
 */
export class CommitLog {
  readonly #store: MetadataStore;
  readonly #options: CommitLogOptions;
  #forming = new Batch();
  #committing: Batch | undefined;
  #scheduled = false;
  #timer: NodeJS.Timeout | undefined;
  #failure: Error | undefined;
  #closed = false;

  constructor(store: MetadataStore, options: CommitLogOptions) {
    this.#store = store;
    this.#options = options;
  }

  /** EIO once a commit (or the sync of content) has failed. */
  check(): void {
    if (this.#failure !== undefined) throw new FsError('EIO', `stopped: ${this.#failure.message}`);
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Stops everything: what is in memory is no longer what is stored. */
  fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    clearTimeout(this.#timer);
    this.#committing?.failed(error);
    this.#forming.failed(error);
    this.#options.onFailure?.(error);
  }

  /** The value, good only until the next call into the log. Sees what is not yet committed, but no {@link DirtyRecord}. */
  get(key: Key): Buffer | undefined {
    if (this.#forming.changes.has(key)) return this.#forming.changes.get(key);
    if (this.#committing?.changes.has(key)) return this.#committing.changes.get(key);
    return this.#store.get(key);
  }

  /** As {@link MetadataStore.scan}, and sees what is not yet committed. Only for keys that are `scanned`. */
  scan(start: Key, end: Key, limit: number): readonly KeyValue[] {
    const pending = this.#pending(start, end);
    if (pending === undefined) return this.#store.scan(start, end, limit);
    const found: KeyValue[] = [];
    for (let from = start; ; ) {
      const page = this.#store.scan(from, end, limit);
      // Beyond the last key of a full page the store may hold more, which comes before later pending ones.
      const bound = page.length < limit ? end : `${page.at(-1)?.key}\x00`;
      merge(page, pending, bound, limit, found);
      if (found.length >= limit || page.length < limit) return found;
      from = bound;
    }
  }

  /** The last entry of a range as it is committed. */
  lastStored(start: Key, end: Key): KeyValue | undefined {
    return this.#store.scan(start, end, 1, true)[0];
  }

  put(key: Key, value: Buffer): void {
    this.#change(key, value);
  }

  delete(key: Key): void {
    this.#change(key, undefined);
  }

  /** Has the record written with the batch that is forming, as it will be when that closes. */
  touch(record: DirtyRecord): void {
    const batch = this.#forming;
    if (record.batch === batch) return;
    record.batch = batch;
    record.unwritten++;
    batch.records.push(record);
    this.#formed();
  }

  /** What has changed so far is waited for: it is committed soon, and {@link stable} answers after that. */
  urge(): void {
    this.#forming.urgent = true;
    this.#formed();
  }

  /** Commits what has changed so far without waiting for anybody to ask. */
  hasten(): void {
    this.#schedule();
  }

  /** Runs one of them, once all effects so far are committed or never will be. Neither may throw. */
  afterCommit(committed: () => void, failed?: () => void): void {
    this.#forming.afterwards.push({ committed, failed });
    this.#formed();
  }

  /** Undefined where nothing that was urged is uncommitted, else a promise for when it is. */
  stable(): Promise<void> | undefined {
    this.check();
    const waitFor = this.#forming.urgent
      ? this.#forming
      : this.#committing?.urgent
        ? this.#committing
        : undefined;
    if (waitFor === undefined) return undefined;
    if (waitFor === this.#forming) this.#schedule();
    return waitFor.done.catch((error: Error) => {
      throw new FsError('EIO', `stopped: ${error.message}`);
    });
  }

  /** Commits all there is. */
  async flush(): Promise<void> {
    while (!this.#forming.isEmpty || this.#committing !== undefined) {
      this.#forming.urgent = true;
      await this.stable();
    }
    this.check();
  }

  /** Flushes and lets nothing more in. The store stays open. */
  async close(): Promise<void> {
    try {
      if (this.#failure === undefined) await this.flush();
    } finally {
      this.#closed = true;
      clearTimeout(this.#timer);
    }
  }

  #change(key: Key, value: Buffer | undefined): void {
    this.check();
    if (this.#closed) throw new FsError('EIO', 'closed');
    this.#forming.changes.set(key, value);
    if (this.#options.scanned(key)) this.#forming.ordered.set(key, value);
    this.#formed();
  }

  /** Something is in the forming batch: sees to it that it does not stay there for ever. */
  #formed(): void {
    if (this.#failure !== undefined) return;
    const { changes, records } = this.#forming;
    if (changes.size + records.length >= this.#options.batchChanges) this.#schedule();
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#schedule();
    }, this.#options.lazyCommitMs).unref();
  }

  /** Commits at the end of this turn of the event loop, so that all requests that came in it share the batch. */
  #schedule(): void {
    this.#forming.urgent = true;
    if (this.#scheduled || this.#committing !== undefined) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#committing === undefined) this.#commit();
    });
  }

  #commit(): void {
    const batch = this.#forming;
    if (this.#failure !== undefined || batch.isEmpty) {
      if (this.#failure === undefined) this.#restart(batch);
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    batch.seal();
    this.#forming = new Batch();
    this.#committing = batch;
    this.#store.commit(batch.changes).then(
      () => {
        if (this.#failure !== undefined) return;
        this.#committing = undefined;
        batch.committed();
        if (this.#forming.urgent) this.#schedule();
      },
      (error: unknown) => this.fail(error instanceof Error ? error : new Error(String(error))),
    );
  }

  /** An empty batch that somebody waits for is stable as it is. */
  #restart(batch: Batch): void {
    this.#forming = new Batch();
    batch.committed();
  }

  /** The uncommitted changes of the range in order; undefined where there are none. */
  #pending(start: Key, end: Key): (readonly [Key, Buffer | undefined])[] | undefined {
    const forming = [...this.#forming.ordered.range(start, end)];
    const committing = this.#committing === undefined ? [] : [...this.#committing.ordered.range(start, end)];
    if (committing.length === 0) return forming.length === 0 ? undefined : forming;
    if (forming.length === 0) return committing;
    const all = new Map(committing);
    for (const [key, value] of forming) all.set(key, value);
    return [...all].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

/** Appends to `found` what the page and the pending changes (whose later ones win) make of the keys below `bound`. */
function merge(
  page: readonly KeyValue[],
  pending: (readonly [Key, Buffer | undefined])[],
  bound: Key,
  limit: number,
  found: KeyValue[],
): void {
  let next = 0;
  let taken = 0;
  for (; found.length < limit; ) {
    const stored = page[next];
    const change = pending[taken];
    const changeKey = change !== undefined && change[0] < bound ? change[0] : undefined;
    if (changeKey === undefined) {
      if (stored === undefined) break;
      found.push(stored);
      next++;
    } else if (stored !== undefined && stored.key < changeKey) {
      found.push(stored);
      next++;
    } else {
      if (stored?.key === changeKey) next++;
      taken++;
      const value = change?.[1];
      if (value !== undefined) found.push({ key: changeKey, value: Buffer.from(value) });
    }
  }
  pending.splice(0, taken);
}
