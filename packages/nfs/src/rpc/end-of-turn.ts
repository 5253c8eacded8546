/** Something that has gathered output. */
export interface Flushable {
  flush(): void;
}

/**
 * Lets what was gathered on all connections leave together at the end of a turn of the event loop: what must outlive the process before is then
 * written once for all of them.
 */
export class EndOfTurn {
  #waiting: Flushable[] = [];

  /** Flushes it when everything that arrived in this turn has been worked off. To be called once for each until then. */
  await(output: Flushable): void {
    if (this.#waiting.push(output) === 1) setImmediate(() => this.#end());
  }

  #end(): void {
    const waiting = this.#waiting;
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
