import type { Journal } from '../journal/journal.ts';

/** What syncs need of the log. */
export interface SyncedLog {
  /** Flushes the journal, but for what is held. */
  flush(): void;
  /** Answers when nothing is held. */
  unheld(): Promise<void>;
  /** `count` calls of {@link JournalSyncs.whenSynced} have what they wanted, or there is no journal any more; they are answered as this is. */
  synced(count: number): Promise<void> | undefined;
}

/** All who wait for the same. */
interface Waiting {
  /** How much must be on the disk. */
  wanted: number;
  count: number;
  readonly promise: Promise<void>;
  readonly resolve: (answer: Promise<void> | undefined) => void;
}

/**
 * Brings a synced journal to the disk, one sync at a time: all that comes while one is under way shares the next. What is urged is counted, so that
 * it is known what has been flushed of it, and what synced.
 */
export class JournalSyncs {
  readonly #journal: Journal;
  readonly #log: SyncedLog;
  /** In the order of what they want. */
  readonly #waiting: Waiting[] = [];
  readonly #begin = (): void => {
    this.#isScheduled = false;
    if (!this.#isRunning) this.#run();
  };
  readonly #ended = (): void => this.#end();
  #urged = 0;
  #flushed = 0;
  /** How much of what was urged the sync under way brings, or the last one has brought. */
  #syncing = 0;
  #synced = 0;
  #isRunning = false;
  #isScheduled = false;
  /** One is wanted. */
  #isDue = false;

  constructor(journal: Journal, log: SyncedLog) {
    this.#journal = journal;
    this.#log = log;
  }

  urge(): void {
    this.#urged++;
  }

  /** All there is was flushed. */
  flushed(): void {
    this.#flushed = this.#urged;
  }

  get isFlushed(): boolean {
    return this.#flushed === this.#urged;
  }

  get isSynced(): boolean {
    return this.#synced === this.#urged;
  }

  /**
   * Answers when all that has been urged is on the disk, or when there is no journal any more. One promise for all who ask before the next flush:
   * they are many.
   */
  whenSynced(): Promise<void> {
    let last = this.#waiting.at(-1);
    if (last === undefined || (last.wanted < this.#urged && last.wanted <= this.#flushed)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      last = { wanted: 0, count: 0, promise, resolve };
      this.#waiting.push(last);
    }
    if (last.wanted < this.#urged) {
      last.wanted = this.#urged;
      if (this.#syncing < this.#urged) this.sync();
    }
    last.count++;
    return last.promise;
  }

  /** Begins a sync of all that is not held, at the end of this turn of the event loop or when the one under way has ended. */
  sync(): void {
    this.#isDue = true;
    if (this.#isRunning || this.#isScheduled) return;
    this.#isScheduled = true;
    // Requests that came in this turn share it.
    setImmediate(this.#begin);
  }

  #run(): void {
    this.#isDue = false;
    this.#isRunning = true;
    this.#log.flush();
    this.#syncing = this.#flushed;
    void this.#journal.sync().then(this.#ended);
  }

  #end(): void {
    const brought = this.#syncing;
    this.#isRunning = false;
    const { isLost } = this.#journal;
    // Should there be one again, whoever waited asks again.
    if (isLost) this.#syncing = this.#synced;
    else {
      this.#synced = brought;
      // The disk first: its next work is begun sooner than answers are written.
      if (this.#isDue) this.#run();
    }
    this.#answer(isLost ? this.#urged : brought);
    if (!this.#isRunning && this.#waiting.length > 0) this.#goOn();
  }

  #answer(synced: number): void {
    const waiting = this.#waiting;
    let count = 0;
    while (count < waiting.length && waiting[count]!.wanted <= synced) count++;
    for (const each of waiting.splice(0, count)) each.resolve(this.#log.synced(each.count));
  }

  /** What they wait for was held. */
  #goOn(): void {
    if (this.#waiting[0]!.wanted <= this.#flushed) this.sync();
    else void this.#log.unheld().then(() => this.sync());
  }
}
