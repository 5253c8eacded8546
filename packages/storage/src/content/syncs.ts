/** Knows what is not yet safe, and runs one sync for each key at a time, joined by those who ask meanwhile. */
export class Syncs<K> {
  readonly #dirty = new Set<K>();
  readonly #running = new Map<K, Promise<void>>();
  /** While it is there, only these are known to be safe. */
  #proven: Set<K> | undefined;

  /** Whatever was not synced since may be unsafe, though nobody has marked it. */
  distrust(): void {
    this.#proven ??= new Set();
  }

  /** All that was written before {@link distrust} is safe. */
  trust(): void {
    this.#proven = undefined;
  }

  mark(key: K): void {
    this.#dirty.add(key);
  }

  forget(key: K): void {
    this.#dirty.delete(key);
  }

  /** All that is not safe yet, as it is now. */
  unsafe(): K[] {
    return [...new Set([...this.#dirty, ...this.#running.keys()])];
  }

  isClean(key: K): boolean {
    return !this.#dirty.has(key) && !this.#running.has(key) && this.#proven?.has(key) !== false;
  }

  /** Answers when all that was marked before is safe. A failed run stays marked. */
  async sync(key: K, run: () => Promise<void>): Promise<void> {
    // A run that began before may lack what was marked since: wait for it, then see whether anything is left.
    for (let running = this.#running.get(key); running !== undefined; running = this.#running.get(key)) {
      await running;
    }
    const isDirty = this.#dirty.delete(key);
    if (!isDirty && this.#proven?.has(key) !== false) return;
    const started = run().then(
      () => {
        this.#running.delete(key);
        this.#proven?.add(key);
      },
      (error: unknown) => {
        this.#running.delete(key);
        this.#dirty.add(key);
        throw error;
      },
    );
    this.#running.set(key, started);
    await started;
  }
}
