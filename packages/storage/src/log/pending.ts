import type { Cursor, SortedMap } from '../metadata/sorted-map.ts';
import type { Key } from '../metadata/store.ts';

/** A change as a batch has it: a value, or undefined to delete. */
type Change = Buffer | undefined;

/**
 * The uncommitted changes of a range in order, the later batch's before the earlier one's of the same key. It is walked and not copied, so that
 * what a page of a listing costs does not depend on how much waits to be committed. Good until the next change.
 */
export class Pending {
  readonly #later: Cursor<Change>;
  readonly #earlier: Cursor<Change> | undefined;

  constructor(later: SortedMap<Change>, earlier: SortedMap<Change> | undefined, start: Key, end: Key) {
    this.#later = later.cursor(start, end);
    this.#earlier = earlier?.cursor(start, end);
  }

  /** The key of the next change; undefined behind the last. */
  get key(): Key | undefined {
    const later = this.#later.key;
    const earlier = this.#earlier?.key;
    if (later === undefined) return earlier;
    return earlier === undefined || later <= earlier ? later : earlier;
  }

  /** The next change, which is passed. */
  take(): Change {
    const { key } = this;
    const isLater = this.#later.key === key;
    const change = isLater ? this.#later.value : this.#earlier?.value;
    if (isLater) this.#later.next();
    if (this.#earlier?.key === key) this.#earlier?.next();
    return change;
  }
}
