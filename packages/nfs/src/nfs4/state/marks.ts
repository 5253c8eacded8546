/** Something that is kept across the end of the process. */
export interface Lasting {
  /** It is in the list of what has changed. */
  marked: boolean;
  /** Where the journal has it; undefined where it was never there. */
  journalKey: string | undefined;
}

/** What has changed since it was last written to the journal. */
export class Marks {
  /** Without a journal nothing is marked. */
  on = false;
  #touched: Lasting[] = [];

  get any(): boolean {
    return this.#touched.length > 0;
  }

  touch(record: Lasting): void {
    if (!this.on || record.marked) return;
    record.marked = true;
    this.#touched.push(record);
  }

  /** What the journal has under this key is to go: it could not be taken up again. */
  drop(journalKey: string): void {
    this.#touched.push({ marked: true, journalKey });
  }

  /** Yields them, and starts over. */
  take(): readonly Lasting[] {
    const touched = this.#touched;
    this.#touched = [];
    for (const record of touched) record.marked = false;
    return touched;
  }
}
