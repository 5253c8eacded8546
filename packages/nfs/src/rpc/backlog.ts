/** A connection that may be read from again. */
export interface Resumable {
  resume(): void;
}

/**
 * The bytes of requests that wait for something, of all connections together. While they are too many, no connection is read from that has
 * one of them; one that has none may always ask for one thing.
 */
export class Backlog {
  readonly #limit: () => number;
  readonly #paused = new Set<Resumable>();
  bytes = 0;

  constructor(limit: () => number) {
    this.#limit = limit;
  }

  get isFull(): boolean {
    return this.bytes >= this.#limit();
  }

  add(bytes: number): void {
    this.bytes += bytes;
  }

  remove(bytes: number): void {
    this.bytes -= bytes;
    if (this.#paused.size === 0 || this.isFull) return;
    const paused = [...this.#paused];
    this.#paused.clear();
    for (const connection of paused) connection.resume();
  }

  /** It is told when there is room, once. */
  pause(connection: Resumable): void {
    this.#paused.add(connection);
  }

  forget(connection: Resumable): void {
    this.#paused.delete(connection);
  }
}
