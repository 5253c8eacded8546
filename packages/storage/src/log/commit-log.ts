import { FsError } from '@dfs/nfs';
import type { Journal } from '../journal/journal.ts';
import { encodeMark, MARK_KEY, NO_JOURNAL } from '../journal/mark.ts';
import { DEFAULT_STORAGE_LIMITS } from '../limits.ts';
import type { Key, KeyValue, MetadataStore } from '../metadata/store.ts';
import { Batch, type DirtyRecord } from './batch.ts';
import { CommitTimes } from './commit-times.ts';
import { merge } from './merge.ts';
import { Pending } from './pending.ts';

/** What a change survives before it is acknowledged: a loss of power, or the end of the process only. */
export type Durability = 'power' | 'crash';

/** Figures of a log, counted since the start. */
export interface LogFigures {
  batches: number;
  /** In all batches together. */
  changes: number;
  /** Milliseconds that all commits took together. */
  commitMs: number;
  /** Calls of {@link CommitLog.stable} that have not been answered. */
  waiting: number;
}

const MS = 1000;

export interface CommitLogOptions {
  /** Milliseconds that an effect nobody waits for may stay uncommitted. */
  readonly lazyCommitMs: number;
  /** Changes in one batch, beyond which it is committed though nobody waits. */
  readonly batchChanges: number;
  /** Milliseconds that a batch may be held. */
  readonly holdLimitMs?: number;
  /** True for keys that {@link CommitLog.scan} must find. */
  readonly scanned: (key: Key) => boolean;
  /** Told once, when a commit has failed. */
  readonly onFailure?: (error: Error) => void;
  /** Without it nothing outlives the process but what was committed. */
  readonly journal?: Journal;
  /** `crash` needs a journal. */
  readonly durability?: Durability;
  /** Number of the first batch: more than that of any before. */
  readonly firstBatch?: number;
}

/** With grade `crash`, how many times `batchChanges` may wait for a commit before {@link CommitLog.stable} does. */
const MAX_BACKLOG = 4;

/**
 * The one way to the metadata store: effects are seen by every read at once, gather in a batch, and are committed in order, one batch
 * at a time, so that all who wait while one is being written share the next.
 *
 * After a commit has failed nothing is true any more that was not committed before: every call answers EIO.
 */
export class CommitLog {
  readonly #store: MetadataStore;
  readonly #options: CommitLogOptions;
  readonly times = new CommitTimes();
  readonly #journal: Journal | undefined;
  readonly figures: LogFigures = { batches: 0, changes: 0, commitMs: 0, waiting: 0 };
  /** Commits are waited for. */
  readonly #waits: boolean;
  /** Who is answered flushes the journal before. */
  #callerFlushes = false;
  /** The store knows that there is no journal any more. */
  #saidLost = false;
  #forming: Batch;
  #committing: Batch | undefined;
  #scheduled = false;
  #timer: NodeJS.Timeout | undefined;
  #holdTimer: NodeJS.Timeout | undefined;
  #failure: Error | undefined;
  #closed = false;

  constructor(store: MetadataStore, options: CommitLogOptions) {
    this.#store = store;
    this.#options = options;
    this.#journal = options.journal;
    this.#waits = options.durability !== 'crash';
    this.#forming = new Batch(options.firstBatch ?? 1);
  }

  /** `power`: what is acknowledged is on the disk. */
  get durability(): Durability {
    return this.#waits ? 'power' : 'crash';
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
    clearTimeout(this.#holdTimer);
    this.#journal?.doubt();
    this.#committing?.failed(error);
    this.#forming.failed(error);
    for (const released of this.#forming.released.splice(0)) released();
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
    const pending = new Pending(this.#forming.ordered, this.#committing?.ordered, start, end);
    if (pending.key === undefined) return this.#store.scan(start, end, limit);
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
    this.#journal?.touch(record);
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

  /**
   * Undefined where nothing that was urged is less stable than promised, else a promise for when it is. With grade `crash` that takes a
   * {@link flushJournal}, which is left to the caller once {@link callerFlushes} was called.
   */
  stable(): Promise<void> | undefined {
    this.check();
    if (!this.#waits) return this.#flushed();
    const waitFor = this.#forming.urgent
      ? this.#forming
      : this.#committing?.urgent
        ? this.#committing
        : undefined;
    if (waitFor === undefined) return undefined;
    if (waitFor === this.#forming) this.#schedule();
    return this.#whenDone(waitFor);
  }

  /** From now on {@link flushJournal} is called before anything is acknowledged. */
  callerFlushes(): void {
    this.#callerFlushes = true;
    this.#journal?.rely();
  }

  /** What was changed and appended survives the process when this returns, unless it is held. Throws where it does not. */
  flushJournal(): void {
    const journal = this.#journal;
    if (journal === undefined) return;
    journal.flush(this.#forming.number, this.#forming.holds > 0);
    if (!this.#waits) this.check();
    if (journal.isLarge) this.#schedule();
  }

  /** Records of the engine, in one unit; with `withChanges` it becomes and stays what the changes so far do. */
  append(unit: Iterable<readonly [key: string, value: Buffer | undefined]>, withChanges: boolean): void {
    this.#journal?.append(unit, withChanges);
  }

  /** Changes so far, and those to come until the returned function is called, are kept together or not at all. */
  hold(): () => void {
    const batch = this.#forming;
    if (batch.holds++ === 0) {
      const { holdLimitMs = DEFAULT_STORAGE_LIMITS.holdLimitMs } = this.#options;
      this.#holdTimer = setTimeout(() => this.release(), holdLimitMs).unref();
    }
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      // Released by force, it may be another batch's turn.
      if (batch === this.#forming && batch.holds > 0 && --batch.holds === 0) this.#released();
    };
  }

  /** Ends every hold: somebody cannot go on without a commit. */
  release(): void {
    if (this.#forming.holds === 0) return;
    this.#forming.holds = 0;
    this.#released();
  }

  #released(): void {
    clearTimeout(this.#holdTimer);
    const { due, urgent, released } = this.#forming;
    if (due || (urgent && this.#waits)) this.#schedule();
    if (released.length === 0) return;
    this.#journal?.flush(this.#forming.number, false);
    for (const tell of released.splice(0)) tell();
  }

  /** The journal could not be written. Nothing that was acknowledged depends on it, unless commits are not waited for. */
  journalLost(error: Error): void {
    if (!this.#waits) {
      this.fail(error);
      return;
    }
    this.#journal?.remove();
    // The next batch says that there is none, should its file still be found.
    this.hasten();
  }

  /** Grade `crash`: what waits is a unit that is not whole, or too much for the disk. */
  #flushed(): Promise<void> | undefined {
    const forming = this.#forming;
    if (!this.#callerFlushes) this.flushJournal();
    if (forming.urgent && forming.holds > 0) {
      return this.#counted(new Promise<void>((resolve) => forming.released.push(resolve))).then(() =>
        this.check(),
      );
    }
    const backlog = forming.changes.size + forming.records.length;
    if (backlog < MAX_BACKLOG * this.#options.batchChanges || this.#committing === undefined)
      return undefined;
    return this.#whenDone(this.#committing);
  }

  #whenDone(batch: Batch): Promise<void> {
    return this.#counted(
      batch.done.catch((error: Error) => {
        throw new FsError('EIO', `stopped: ${error.message}`);
      }),
    );
  }

  async #counted(waiting: Promise<void>): Promise<void> {
    this.figures.waiting++;
    try {
      await waiting;
    } finally {
      this.figures.waiting--;
    }
  }

  /** Commits all there is. */
  async flush(): Promise<void> {
    for (;;) {
      this.check();
      const batch = this.#forming.isEmpty ? this.#committing : this.#forming;
      if (batch === undefined) return;
      if (batch === this.#forming) {
        this.release();
        this.#schedule();
      }
      await this.#whenDone(batch);
    }
  }

  /** Flushes and lets nothing more in. The store stays open. */
  async close(): Promise<void> {
    try {
      if (this.#failure === undefined) await this.flush();
    } finally {
      this.#closed = true;
      clearTimeout(this.#timer);
      clearTimeout(this.#holdTimer);
      this.#journal?.close();
    }
  }

  #change(key: Key, value: Buffer | undefined): void {
    this.check();
    if (this.#closed) throw new FsError('EIO', 'closed');
    this.#forming.changes.set(key, value);
    this.#journal?.change(key, value);
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
    this.#forming.due = true;
    if (this.#scheduled || this.#committing !== undefined || this.#forming.holds > 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#committing === undefined && this.#forming.holds === 0) this.#commit();
    });
  }

  #commit(): void {
    const batch = this.#forming;
    if (this.#failure !== undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // What is committed must be in the journal with all that belongs to it.
    const journal = this.#journal;
    journal?.flush(batch.number, false);
    if (this.#failure !== undefined) return;
    const mustSay = journal?.isLost === true && !this.#saidLost;
    if (batch.isEmpty && !mustSay) {
      if (journal?.isLarge) journal.rewrite(batch.number, undefined);
      this.#restart(batch);
      return;
    }
    batch.seal();
    this.#mark(batch);
    this.#forming = new Batch(batch.number + 1);
    this.#committing = batch;
    if (journal?.isLarge) journal.rewrite(batch.number, batch.changes);
    const startedAt = performance.now();
    this.#store.commit(batch.changes).then(
      () => {
        if (this.#failure !== undefined) return;
        this.#count(batch, startedAt);
        this.times.add((performance.now() - startedAt) / MS);
        this.#committing = undefined;
        batch.committed();
        if (this.#forming.due || (this.#forming.urgent && this.#waits)) this.#schedule();
      },
      (error: unknown) => this.fail(error instanceof Error ? error : new Error(String(error))),
    );
  }

  #count(batch: Batch, startedAt: number): void {
    this.figures.batches++;
    this.figures.changes += batch.changes.size;
    this.figures.commitMs += performance.now() - startedAt;
  }

  /** What the next start needs to know of the journal. */
  #mark(batch: Batch): void {
    const journal = this.#journal;
    if (journal === undefined) return;
    this.#saidLost = journal.isLost;
    const id = journal.isLost ? NO_JOURNAL : journal.header.id;
    batch.changes.set(MARK_KEY, encodeMark({ batch: batch.number, id, frame: journal.frame }));
  }

  /** An empty batch that somebody waits for is stable as it is. */
  #restart(batch: Batch): void {
    this.#forming = new Batch(batch.number);
    batch.committed();
  }
}
