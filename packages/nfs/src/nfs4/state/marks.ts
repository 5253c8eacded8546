/** Something that is kept across the end of the process. */
export interface Lasting {
  /** It is in the list of what has changed. */
  marked: boolean;
  /** Where the journal has it; undefined where it was never there. */
  journalKey: string | undefined;
}

const NONE: readonly Lasting[] = [];

/** What has changed since it was last written to the journal. */
export class Marks {
  /** Without a journal nothing is marked. */
  on = false;
  #touched: Lasting[] | undefined;

  get any(): boolean {
    return this.#touched !== undefined;
  }

  touch(record: Lasting): void {
    if (!this.on || record.marked) return;
    record.marked = true;
    this.#add(record);
  }

  #add(record: Lasting): void {
    // Most requests change one thing: a list that starts empty takes room for many with its first.
    if (this.#touched === undefined) this.#touched = [record];
    else this.#touched.push(record);
  }

  /** What the journal has under this key is to go: it could not be taken up again. */
  drop(journalKey: string): void {
    this.#add({ marked: true, journalKey });
  }

  /** Yields them, and starts over. */
  take(): readonly Lasting[] {
    const touched = this.#touched;
    if (touched === undefined) return NONE;
    this.#touched = undefined;
    for (const record of touched) record.marked = false;
    return touched;
  }
}
