/** Runs pieces of work one after the other, each when those before have ended, however that was. */
export class OneAtATime {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work, work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Resolves when all that was begun so far has ended. */
  async ended(): Promise<void> {
    await this.#last;
  }
}
