/**
 * Orders what changes one file's content: writes go together, a cut or a hole goes alone. Reads need no leave. Only for operations that
 * wait for a thread; one that is done on the spot asks {@link isFree}.
 */
export class ContentGate {
  #writers = 0;
  #alone = false;
  readonly #waiting: { readonly alone: boolean; readonly enter: () => void }[] = [];

  /** Nobody is in, nobody waits. */
  get isIdle(): boolean {
    return this.#writers === 0 && !this.#alone && this.#waiting.length === 0;
  }

  get admitsWriters(): boolean {
    return !this.#alone && this.#waiting.length === 0;
  }

  /** Enters at once, or once those before have left. Every entry is left once, by {@link leave}. */
  enter(alone: boolean): Promise<void> | undefined {
    if (alone ? this.isIdle : this.admitsWriters) {
      this.#admit(alone);
      return undefined;
    }
    return new Promise((resolve) => {
      this.#waiting.push({ alone, enter: resolve });
    });
  }

  leave(alone: boolean): void {
    if (alone) this.#alone = false;
    else this.#writers--;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#alone || (next.alone && this.#writers > 0)) return;
      this.#waiting.shift();
      this.#admit(next.alone);
      next.enter();
    }
  }

  #admit(alone: boolean): void {
    if (alone) this.#alone = true;
    else this.#writers++;
  }
}
