import type { Journal } from '../journal/journal.ts';

/**
 * Brings a synced journal to the disk, one sync at a time: all that comes while one is under way shares the next. What is urged is counted, so that
 * it is known what has been flushed of it, and what synced.
 */
export class JournalSyncs {
  readonly #journal: Journal;
  /** Flushes the journal, but for what is held. */
  readonly #flush: () => void;
  #urged = 0;
  #flushed = 0;
  /** How much of what was urged the sync under way brings. */
  #syncing = 0;
  #synced = 0;
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(journal: Journal, flush: () => void) {
    this.#journal = journal;
    this.#flush = flush;
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

  /** Answers when all that has been urged is on the disk, or when there is no journal any more. `unheld` answers when nothing is held. */
  async whenSynced(unheld: () => Promise<void>): Promise<void> {
    const wanted = this.#urged;
    while (this.#synced < wanted && !this.#journal.isLost) {
      if (this.#syncing >= wanted) await this.#running;
      else await this.sync();
      if (this.#flushed < wanted) await unheld();
    }
  }

  /** Begins a sync of all that is not held, at the end of this turn of the event loop or when the one under way has ended. Answers at its end. */
  sync(): Promise<void> {
    this.#next ??= this.#begin();
    return this.#next;
  }

  async #begin(): Promise<void> {
    await this.#running;
    // Requests that came in this turn share it.
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#next = undefined;
    this.#flush();
    this.#syncing = this.#flushed;
    this.#running = this.#sync(this.#flushed);
    await this.#running;
  }

  async #sync(flushed: number): Promise<void> {
    await this.#journal.sync();
    if (this.#journal.isLost) {
      // Should there be one again, whoever waited asks again.
      this.#syncing = this.#synced;
      return;
    }
    this.#synced = flushed;
  }
}
