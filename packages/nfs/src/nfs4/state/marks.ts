/** Something that is kept across the end of the process. */
export interface Lasting {
  /** It has changed. */
  marked: boolean;
  /** The next one of those. */
  nextMarked: Lasting | undefined;
  /** The journal has a record of it. */
  journaled: boolean;
}

/** What the journal has that could not be taken up again: what its key begins with, and its number, -1 where that is all. */
export interface Dropped {
  readonly kind: string;
  readonly number: number;
}

/** What has changed since it was last written to the journal. */
export class Marks {
  /** Without a journal nothing is marked. */
  on = false;
  #first: Lasting | undefined;
  #last: Lasting | undefined;
  #dropped: Dropped[] = [];

  get any(): boolean {
    return this.#first !== undefined || this.#dropped.length > 0;
  }

  /** The first of those that have changed; the others follow by `nextMarked`. */
  get first(): Lasting | undefined {
    return this.#first;
  }

  /** Something is to go that nobody here has. */
  get anyDropped(): boolean {
    return this.#dropped.length > 0;
  }

  touch(record: Lasting): void {
    if (!this.on || record.marked) return;
    record.marked = true;
    if (this.#last === undefined) this.#first = record;
    else this.#last.nextMarked = record;
    this.#last = record;
  }

  /** What the journal has under this key is to go: it could not be taken up again. */
  drop(kind: string, number: number): void {
    this.#dropped.push({ kind, number });
  }

  /** The first one, which is marked no more. */
  take(): Lasting | undefined {
    const record = this.#first;
    if (record === undefined) return undefined;
    this.#first = record.nextMarked;
    if (this.#first === undefined) this.#last = undefined;
    record.nextMarked = undefined;
    record.marked = false;
    return record;
  }

  /** Yields what was dropped, and starts over. */
  takeDropped(): readonly Dropped[] {
    const dropped = this.#dropped;
    this.#dropped = [];
    return dropped;
  }
}
