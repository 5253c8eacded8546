import { FsError } from '@dfs/nfs';
import { refusalOf, type Stop, type StopCause, stopFor } from '../faults/stop.ts';
import type { Journal } from '../journal/journal.ts';
import { encodeMark, MARK_KEY, NO_JOURNAL } from '../journal/mark.ts';
import { DEFAULT_STORAGE_LIMITS } from '../limits.ts';
import { type Key, type KeyValue, MetadataClosedError, type MetadataStore } from '../metadata/store.ts';
import { Batch, type DirtyRecord } from './batch.ts';
import type { CommitTimes } from './commit-times.ts';
import { Committer, type LogFigures } from './committer.ts';
import { JournalSyncs } from './journal-syncs.ts';
import { type KeptContent, KeptContents, type KeptFiles } from './kept-content.ts';
import type { CommitLogOptions, Durability } from './options.ts';
import { Pending } from './pending.ts';
import { Room } from './room.ts';
import { scanThrough } from './scan.ts';
import { Standing } from './standing.ts';

export type { LogFigures } from './committer.ts';
export type { CommitLogOptions, Durability } from './options.ts';

/** How many times `batchChanges` may wait for a commit before those wait who otherwise would not. */
const MAX_BACKLOG = 4;

/**
 * The one way to the metadata store: effects are seen by every read at once, gather in a batch, and are committed in order, one batch
 * at a time, so that all who wait while one is being written share the next.
 *
 * With a journal nobody waits for a commit: what was changed is in the journal, and with grade `power` on the disk with it, before it is
 * acknowledged. Where there is none, or it cannot be written, grade `power` waits for the commit.
 *
 * What is in memory stays true. Where a commit fails, whoever waits is refused, and so is everybody from then on; but the batch is kept, as
 * are all effects, and {@link start} commits it again. Where it fails for want of room only, it is tried again by itself.
 */
export class CommitLog {
  readonly #store: MetadataStore;
  readonly #options: CommitLogOptions;
  readonly #journal: Journal | undefined;
  readonly room: Room;
  readonly #maxBacklog: number;
  readonly #batchBytes: number;
  readonly #standing: Standing;
  readonly #committer: Committer;
  /** What is acknowledged is on the disk. */
  readonly #isPower: boolean;
  readonly #syncs: JournalSyncs | undefined;
  /** Content that the journal keeps. */
  readonly kept = new KeptContents();
  /** Who is answered flushes the journal before. */
  #callerFlushes = false;
  /** The store knows, or will with the commit under way, that there is no journal any more. */
  #saidLost = false;
  /** A journal that is lost could be taken for whole. */
  #isWithheld = false;
  #forming: Batch;
  #committing: Batch | undefined;
  #scheduled = false;
  #timer: NodeJS.Timeout | undefined;
  #holdTimer: NodeJS.Timeout | undefined;
  #starting: Promise<void> | undefined;
  #closed = false;

  constructor(store: MetadataStore, options: CommitLogOptions) {
    this.#store = store;
    this.#options = options;
    this.#journal = options.journal;
    this.#isPower = options.durability !== 'crash';
    if (this.#journal !== undefined) {
      this.#syncs = new JournalSyncs(this.#journal, {
        flush: () => this.#flush(),
        unheld: () => this.#unheld(),
        synced: (count) => this.#synced(count),
      });
    }
    this.#maxBacklog = MAX_BACKLOG * options.batchChanges;
    this.#batchBytes = options.batchBytes ?? DEFAULT_STORAGE_LIMITS.batchBytes;
    this.#forming = new Batch(options.firstBatch ?? 1);
    const { reserve, retryMs = DEFAULT_STORAGE_LIMITS.fullRetryMs, onRoom } = options;
    this.room = new Room(reserve, retryMs, (reason) => onRoom?.(reason));
    this.#standing = new Standing(this.room);
    this.#committer = new Committer(store, this.room);
  }

  get figures(): LogFigures {
    return this.#committer.figures;
  }

  /** Of what is waited for: syncs of the journal where it is synced, else commits. */
  get times(): CommitTimes {
    const journal = this.#journal;
    return journal?.header.isSynced === true ? journal.syncTimes : this.#committer.times;
  }

  /** The journal keeps what is acknowledged until it is committed; otherwise commits are waited for. */
  get #isCarried(): boolean {
    return this.#journal?.isLost === false;
  }

  /** What is acknowledged is on the disk, by way of the journal. */
  get isSynced(): boolean {
    return this.#isPower && this.#isCarried && this.#standing.stop === undefined;
  }

  /** What the journal keeps of a share's content. */
  keptContent(share: number, files: KeptFiles): KeptContent {
    return this.kept.open(this, this.#journal, share, files);
  }

  /** `power`: what is acknowledged is on the disk. */
  get durability(): Durability {
    return this.#isPower ? 'power' : 'crash';
  }

  /** Refuses while it is stopped; see {@link Standing}. */
  check(): void {
    this.#standing.check();
  }

  /** Refuses while the store is closed for a moment. */
  checkReadable(): void {
    this.#standing.checkReadable();
  }

  /** Refuses changes besides: what is changed after this is kept in any case. */
  checkChange(frees = false): void {
    this.#standing.checkChange(frees);
  }

  /** Why nothing is committed. */
  get stopped(): Stop | undefined {
    return this.#standing.stop;
  }

  /** So much waits for the disk that no more should come without waiting for it. */
  get isBacklogged(): boolean {
    const { changes, records, bytes } = this.#forming;
    return changes.size + records.length >= this.#maxBacklog || bytes >= MAX_BACKLOG * this.#batchBytes;
  }

  /** Answers when less waits. */
  async relief(): Promise<void> {
    this.checkChange(true);
    const batch = this.#committing ?? this.#forming;
    this.#schedule();
    await this.#whenDone(batch);
  }

  /** The forming batch, once no unit of it is half done. */
  async #whole(): Promise<Batch> {
    if (this.#forming.holds > 0) await this.#unheld();
    this.#flushAll();
    return this.#forming;
  }

  #unheld(): Promise<void> {
    const { released, holds } = this.#forming;
    return holds === 0 ? Promise.resolve() : new Promise((resolve) => released.push(resolve));
  }

  #flush(): void {
    if (this.#forming.holds === 0) this.#flushAll();
    else this.#journal?.flush(this.#forming.number, true);
  }

  #flushAll(): void {
    this.#journal?.flush(this.#forming.number, false);
    this.#syncs?.flushed();
  }

  #stop(cause: StopCause, error: unknown): void {
    if (this.#standing.stop !== undefined) return;
    const stop = stopFor(cause, error, (this.#options.now ?? Date.now)());
    this.#standing.stop = stop;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#committing?.failed(refusalOf(stop));
    this.#forming.failed(refusalOf(stop));
    for (const released of this.#forming.released.splice(0)) released();
    if (!this.#closed) this.#options.onStop?.(stop);
  }

  /** Commits what was kept, and goes on. Rejects where the cause has not gone. Nothing to do where nothing has stopped. */
  start(): Promise<void> {
    if (this.#standing.stop === undefined) return Promise.resolve();
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #start(): Promise<void> {
    this.#standing.isStarting = true;
    try {
      await this.#recover();
      // All of it, so that nothing depends on a journal that may have failed as well.
      while (this.#committing !== undefined || !this.#forming.isEmpty) await this.#commitPatiently();
      if (this.#journal?.isLost === true) await this.kept.settle();
      const wasLost = this.#journal?.isLost;
      this.#journal?.revive();
      // The store knows of it before anything depends on it.
      if (wasLost === true && this.#isCarried) await this.#commitPatiently();
      if (!this.#isPower && this.#journal?.isLost === true)
        throw new FsError('EIO', 'the journal cannot be written');
      this.#standing.stop = undefined;
      // What came meanwhile waits for nobody else to come.
      if (this.#forming.due || !this.#forming.isEmpty) this.#schedule();
    } finally {
      this.#standing.isStarting = false;
    }
  }

  async #commitPatiently(): Promise<void> {
    this.#committing ??= this.#close(await this.#whole());
    const batch = this.#committing;
    await this.room.patiently(this.#bring(batch));
    this.#committed(batch);
  }

  /** A store that could be read until now may be closed by it: then that is why nothing is answered. */
  async #recover(): Promise<void> {
    try {
      await this.#committer.recover();
    } catch (error) {
      const { stop } = this.#standing;
      if (error instanceof MetadataClosedError && stop !== undefined)
        this.#standing.stop = stopFor(stop.cause, error, stop.since);
      throw error;
    }
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
    return scanThrough(this.#store, pending, start, end, limit);
  }

  /** What the store has of the key will change with a batch that is not committed. */
  isPending(key: Key): boolean {
    return this.#forming.changes.has(key) || this.#committing?.changes.has(key) === true;
  }

  /** The last entry of a range as it is committed. */
  lastStored(start: Key, end: Key): KeyValue | undefined {
    return this.#store.scan(start, end, 1, true)[0];
  }

  put(key: Key, value: Buffer): void {
    this.#change(key, value);
  }

  /**
   * As {@link put}, of a key that {@link get} does not find. Answers the batch in which it is new: deleted in the same, it need not come to the
   * store at all. 0 where the store may have it.
   */
  putNew(key: Key, value: Buffer): number {
    // What is deleted in this batch the store may still have.
    const isNew = !this.#forming.changes.has(key);
    this.#change(key, value);
    return isNew ? this.#forming.number : 0;
  }

  /** `newIn` is what {@link putNew} has answered, if it was that. */
  delete(key: Key, newIn = 0): void {
    this.#change(key, undefined, newIn === this.#forming.number);
  }

  /** Has the record written with the batch that is forming, as it will be when that closes. */
  touch(record: DirtyRecord): void {
    const batch = this.#forming;
    this.#journal?.touch(record);
    if (record.batch === batch) return;
    batch.touch(record);
    this.#formed();
  }

  /** The record is deleted, for good. True where the store never gets it: nobody need keep it, or look for it any more. */
  bury(record: DirtyRecord): boolean {
    this.touch(record);
    if (record.isStored) return false;
    this.#forming.untouch(record);
    return true;
  }

  /** What has changed so far is waited for: {@link stable} answers when it is as safe as the grade promises. */
  urge(): void {
    this.#forming.urgent = true;
    this.#syncs?.urge();
    this.#formed();
  }

  /** Begins to make stable what was urged, without waiting for anybody to ask. */
  begin(): void {
    if (!this.#isCarried) this.#schedule();
    else if (this.#isPower) this.#syncs?.sync();
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
    if (this.#standing.stop !== undefined) this.checkChange(true);
    if (!this.#isPower) return this.#flushed();
    if (!this.#isCarried) return this.#whenCommitted();
    if (this.#syncs === undefined || this.#syncs.isSynced) return undefined;
    this.figures.waiting++;
    return this.#syncs.whenSynced();
  }

  /** As {@link stable}, and rejects where that waits for room on the disk. */
  async stablePatiently(): Promise<void> {
    const stable = Promise.resolve(this.stable());
    await (this.#isCarried ? stable : this.room.patiently(stable));
  }

  /** Answers when what was urged is committed. */
  #whenCommitted(): Promise<void> | undefined {
    // What a lost journal keeps of content is on the disk with the commit that says so, which may not have begun.
    if (this.#journal?.isLost === true && !this.kept.isEmpty) this.#forming.urgent = true;
    const waitFor = this.#forming.urgent
      ? this.#forming
      : this.#committing?.urgent
        ? this.#committing
        : undefined;
    if (waitFor === undefined) return undefined;
    if (waitFor === this.#forming) this.#schedule();
    return this.#whenDone(waitFor);
  }

  /** So many waited for the journal. */
  #synced(count: number): Promise<void> | undefined {
    const more = this.#isCarried && !this.isBacklogged ? undefined : this.#afterJournal();
    const answered = () => {
      this.figures.waiting -= count;
    };
    if (more === undefined) answered();
    return more?.finally(answered);
  }

  async #afterJournal(): Promise<void> {
    // A stop after which nobody commits.
    this.checkChange(true);
    // What was to be kept by it is in batches that are not committed.
    await (this.#isCarried ? this.#committing?.done : this.#whenCommitted());
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
    this.#flush();
    if (journal.isLost && (!this.#isPower || this.#isWithheld))
      throw new FsError('EIO', `stopped: ${this.stopped?.reason ?? 'no journal'}`);
    if (!journal.isLarge) return;
    if (this.#standing.stop === undefined) this.#schedule();
    else this.#rewriteStopped(journal);
  }

  /** Nothing is committed, but clients go on to lock and to be heard of. */
  #rewriteStopped(journal: Journal): void {
    const { holds, number, changes, records } = this.#forming;
    if (holds > 0) return;
    const all = new Map([...(this.#committing?.changes ?? []), ...changes]);
    for (const record of records) all.set(record.key, record.encode());
    journal.rewrite(number, all);
  }

  /** Changes so far, and those to come until the returned function is called, are kept together or not at all. */
  hold(): () => void {
    const batch = this.#forming;
    if (batch.cannotBeHeld) return () => {};
    if (batch.holds++ === 0) {
      const { holdLimitMs = DEFAULT_STORAGE_LIMITS.holdLimitMs } = this.#options;
      this.#holdTimer = setTimeout(() => this.release(), holdLimitMs).unref();
    }
    let isHeld = true;
    const { forced } = batch;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      // Released by force, it may be another batch's turn, or somebody else's hold.
      if (batch === this.#forming && batch.forced === forced && --batch.holds === 0) this.#released();
    };
  }

  /**
   * Ends every hold, and has the journal take what was held: somebody cannot go on before the changes so far are kept. Where that takes a commit, or
   * one is due, of who comes later, too.
   */
  release(): void {
    this.#forming.cannotBeHeld = (this.#forming.due || !this.#isCarried) && !this.#forming.isEmpty;
    this.#forming.holds = 0;
    this.#forming.forced++;
    this.#released();
  }

  #released(): void {
    clearTimeout(this.#holdTimer);
    const { due, urgent, released } = this.#forming;
    if (due || (urgent && !this.#isCarried)) this.#schedule();
    // Who holds it next does not keep this from being kept.
    this.#flushAll();
    for (const tell of released.splice(0)) tell();
  }

  /**
   * The journal could not be written. What it has of files counts until the next commit, which says that there is none; what it has of the engine
   * does not, from now on: where that cannot be said, nobody is to hear anything before the commit.
   */
  journalLost(error: Error): void {
    if (!this.#isPower) {
      this.#stop('journal', error);
      return;
    }
    this.#isWithheld = this.#journal?.retire() === false;
    this.hasten();
  }

  /** Grade `crash`: what waits is a unit that is not whole, or too much for the disk. */
  #flushed(): Promise<void> | undefined {
    if (!this.#callerFlushes) this.flushJournal();
    if (this.#forming.holds > 0 && this.#syncs?.isFlushed === false) {
      return this.#counted(this.#unheld()).then(() => this.check());
    }
    if (!this.isBacklogged || this.#committing === undefined) return undefined;
    return this.#whenDone(this.#committing);
  }

  #whenDone(batch: Batch): Promise<void> {
    return this.#counted(batch.done);
  }

  async #counted(waiting: Promise<void>): Promise<void> {
    this.figures.waiting++;
    try {
      await waiting;
    } finally {
      this.figures.waiting--;
    }
  }

  /** Commits all there is. Rejects where the disk has no room for it, without waiting until it has. */
  async flush(): Promise<void> {
    for (;;) {
      this.checkChange(true);
      const batch = this.#forming.isEmpty ? this.#committing : this.#forming;
      if (batch === undefined) return;
      if (batch === this.#forming) {
        batch.due = true;
        this.release();
        this.#schedule();
      }
      await this.room.patiently(this.#whenDone(batch));
    }
  }

  /** Flushes and lets nothing more in. The store stays open. */
  async close(): Promise<void> {
    try {
      if (this.#standing.stop === undefined) await this.flush();
    } finally {
      this.#closed = true;
      this.room.close();
      clearTimeout(this.#timer);
      clearTimeout(this.#holdTimer);
      this.#journal?.close();
    }
  }

  #change(key: Key, value: Buffer | undefined, isForgotten = false): void {
    if (this.#closed) throw new FsError('EIO', 'closed');
    const isOrdered = this.#options.scanned(key);
    if (isForgotten) this.#forming.forget(key, isOrdered);
    else this.#forming.set(key, value, isOrdered);
    // That may have been flushed with it.
    this.#journal?.change(key, value);
    this.#formed();
  }

  /** Something is in the forming batch: sees to it that it does not stay there for ever. */
  #formed(): void {
    if (this.#standing.stop !== undefined) return;
    const { changes, records, bytes } = this.#forming;
    if (changes.size + records.length >= this.#options.batchChanges || bytes >= this.#batchBytes)
      this.#schedule();
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
    if (this.#standing.stop !== undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // What is committed must be in the journal with all that belongs to it.
    const journal = this.#journal;
    this.#flushAll();
    if (this.stopped !== undefined) return;
    const mustSay = journal !== undefined && journal.isLost !== this.#saidLost;
    if (batch.isEmpty && !mustSay) {
      if (journal?.isLarge) journal.rewrite(batch.number, undefined);
      this.#restart(batch);
      return;
    }
    this.#committing = this.#close(batch);
    if (journal?.isLarge) journal.rewrite(batch.number, batch.changes);
    this.#bring(batch).then(
      () => {
        this.#committed(batch);
        if (this.#forming.due || (this.#forming.urgent && !this.#isCarried)) this.#schedule();
      },
      (error: unknown) => this.#stop('metadata', error),
    );
  }

  /** Where the journal is lost, the store says so with the batch: what only that keeps of content is brought to the disk before. */
  #bring(batch: Batch): Promise<void> {
    if (!this.#saidLost || this.kept.isEmpty) return this.#committer.commit(batch);
    return this.kept.settle().then((forget) => this.#committer.commit(batch).then(forget));
  }

  /** What comes from now on is in another batch. */
  #close(batch: Batch): Batch {
    batch.seal();
    this.#mark(batch);
    this.#forming = new Batch(batch.number + 1);
    return batch;
  }

  #committed(batch: Batch): void {
    this.#committing = undefined;
    if (this.#saidLost && this.#isPower) {
      this.#isWithheld = false;
      this.#journal?.remove();
    }
    batch.committed();
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
