import type { ContentStore } from '../content/store.ts';
import type { CommitLog } from '../log/commit-log.ts';
import type { Key } from '../metadata/store.ts';

/** Removed content is made safe together: milliseconds that the first waits for others. */
const GATHER_MS = 1000;

/**
 * Takes away content that nobody names any more. The orphan mark of each goes only when a loss of power cannot bring the content back:
 * without a mark nobody would ever look for it.
 */
export class Removals {
  readonly #log: CommitLog;
  readonly #content: ContentStore;
  readonly #running = new Set<Promise<void>>();
  #marks: Key[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(log: CommitLog, content: ContentStore) {
    this.#log = log;
    this.#content = content;
  }

  /** Takes the content away, and its mark later. Does not reject: where it fails the mark stays, and the next start tries again. */
  async remove(ino: number, mark: Key): Promise<void> {
    try {
      await this.#content.remove(ino);
    } catch {
      return;
    }
    this.#marks.push(mark);
    this.#timer ??= setTimeout(() => this.under(this.#forget()), GATHER_MS).unref();
  }

  /** Something that removes is under way, and does not reject. */
  under(removal: Promise<void>): void {
    this.#running.add(removal);
    void removal.then(() => this.#running.delete(removal));
  }

  /** Answers when all is removed, and the deletion of the marks has been handed to the log. */
  async settle(): Promise<void> {
    await Promise.all(this.#running);
    await this.#forget();
  }

  async #forget(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const marks = this.#marks.splice(0);
    if (marks.length === 0) return;
    try {
      await this.#content.syncRemovals();
      for (const mark of marks) this.#log.delete(mark);
    } catch {
      // They stay, as above.
    }
  }
}
