import { setImmediate as nextTurn } from 'node:timers/promises';
import { DirtyContent } from './dirty.ts';

/**
 * Stands before the content of all shares of a data directory while a backup is made: notes what is changed, and has changes wait for
 * the moment that the backup shows.
 */
export class ContentBarrier {
  /** What has changed since {@link track}; undefined while nobody wants to know. */
  dirty: DirtyContent | undefined;
  /** While it is there, changes wait for it. */
  closed: Promise<void> | undefined;
  #open: (() => void) | undefined;
  /** Changes under way in threads. */
  #running = 0;
  #drained: (() => void) | undefined;

  track(): void {
    this.dirty = new DirtyContent();
  }

  /** What has changed so far; from now on it is noted anew. */
  taken(): DirtyContent {
    const dirty = this.dirty ?? new DirtyContent();
    this.dirty = new DirtyContent();
    return dirty;
  }

  untrack(): void {
    this.dirty = undefined;
  }

  /** From now on changes wait. Answers when those under way are done, and what they do to records with them. */
  async close(): Promise<void> {
    if (this.closed !== undefined) throw new Error('the content is held already');
    this.closed = new Promise((resolve) => {
      this.#open = resolve;
    });
    if (this.#running > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
    // Who waited for a change goes on in this turn, and is done with the record in the next at the latest.
    await nextTurn();
    await nextTurn();
  }

  /** Changes go on, in the order in which they came. */
  open(): void {
    this.#drained = undefined;
    this.closed = undefined;
    this.#open?.();
    this.#open = undefined;
  }

  /** Runs a change that a thread does. */
  async running(change: Promise<void>, done: () => void): Promise<void> {
    this.#running++;
    try {
      await change;
    } finally {
      done();
      if (--this.#running === 0) this.#drained?.();
    }
  }
}
