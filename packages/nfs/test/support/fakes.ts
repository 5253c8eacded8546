import type { Clock, StateStore } from '../../src/contracts.ts';

/** Time that moves only when told to. Timers of the engine, if it has any, are not moved by it. */
export class ManualClock implements Clock {
  #milliseconds = 1_000_000;
  readonly #epoch = Date.now();

  monotonic(): number {
    return this.#milliseconds;
  }

  now(): number {
    return this.#epoch + this.#milliseconds;
  }

  advance(seconds: number): void {
    this.#milliseconds += seconds * 1000;
  }
}

/** A StateStore that a test keeps across servers. */
export class MemoryStateStore implements StateStore {
  readonly records = new Map<string, Buffer>();
  /** What `stable` has answered for: what a loss of power would leave. */
  durable = new Map<string, Buffer>();

  load(): Iterable<readonly [string, Buffer]> {
    return [...this.records];
  }

  put(key: string, value: Buffer): void {
    this.records.set(key, Buffer.from(value));
  }

  delete(key: string): void {
    this.records.delete(key);
  }

  stable(): void {
    this.durable = new Map(this.records);
  }

  /** The store as it is after a loss of power. */
  afterPowerLoss(): MemoryStateStore {
    const copy = new MemoryStateStore();
    for (const [key, value] of this.durable) copy.put(key, value);
    copy.stable();
    return copy;
  }
}
