/** Something that has gathered output. */
export interface Flushable {
  flush(): void;
}

/**
 * To wake a peer that sleeps costs some ten microseconds. So many replies, of all connections, are waited for before those leave that took longer
 * to make than their peers can be expected to stay awake for.
 */
const ENOUGH = 9;

/**
 * Lets what was gathered on all connections leave together at the end of a turn of the event loop: what must outlive the process before is then
 * written once for all of them.
 */
export class EndOfTurn {
  #waiting: Flushable[] = [];
  #gathered = 0;
  #isPlanned = false;

  /** Flushes it when everything that arrived in this turn has been worked off. To be called once for each until then. */
  await(output: Flushable): void {
    this.#waiting.push(output);
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    setImmediate(() => {
      this.#isPlanned = false;
      this.#flush();
    });
  }

  /** Of one more connection there are so many replies. True where all that is gathered leaves now, and those may follow; else they are to wait. */
  flushIfEnough(replies: number): boolean {
    this.#gathered += replies;
    if (this.#gathered < ENOUGH) return false;
    this.#flush();
    return true;
  }

  #flush(): void {
    this.#gathered = 0;
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (const output of waiting) {
      try {
        output.flush();
      } catch (error) {
        // A fault, which is nobody's to catch here; but the others' clients wait, and nobody would flush theirs any more.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
