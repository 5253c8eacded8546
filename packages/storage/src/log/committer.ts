import type { MetadataStore } from '../metadata/store.ts';
import type { Batch } from './batch.ts';
import { CommitTimes } from './commit-times.ts';
import { lacksRoom, type Room } from './room.ts';

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

/** Brings sealed batches to the store, one at a time, the same again where there was no room for it. */
export class Committer {
  readonly times = new CommitTimes();
  readonly figures: LogFigures = { batches: 0, changes: 0, commitMs: 0, waiting: 0 };
  readonly #store: MetadataStore;
  readonly #room: Room;
  /** Answers, and never rejects, when the commit under way has come to its end. */
  #running: Promise<void> = Promise.resolve();

  constructor(store: MetadataStore, room: Room) {
    this.#store = store;
    this.#room = room;
  }

  /** Rejects with what the store said, unless that was for want of room. */
  commit(batch: Batch): Promise<void> {
    const running = this.#commit(batch);
    this.#running = running.catch(() => {});
    return running;
  }

  /** After a rejection: the next commit can be relied on. Rejects where one is under way that waits for room. */
  async recover(): Promise<void> {
    await this.#room.patiently(this.#running);
    await this.#store.recover?.();
  }

  async #commit(batch: Batch): Promise<void> {
    const startedAt = performance.now();
    for (;;) {
      try {
        await this.#store.commit(batch.changes);
        break;
      } catch (error) {
        if (!lacksRoom(error)) throw error;
        await this.#room.lacking(error);
      }
    }
    this.#room.found();
    const took = performance.now() - startedAt;
    this.figures.batches++;
    this.figures.changes += batch.changes.size;
    this.figures.commitMs += took;
    this.times.add(took / MS);
  }
}
