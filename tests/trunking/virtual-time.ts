import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../packages/nfs/src/contracts.ts';

const EPOCH_MS = 1_700_000_000_000;
const START_MS = 1_000_000;

interface Timer {
  readonly id: number;
  at: number;
  readonly every: number | undefined;
  readonly run: () => void;
}

/** What setTimeout yields: as much of NodeJS.Timeout as anybody here uses. */
class Handle {
  readonly id: number;

  constructor(id: number) {
    this.id = id;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}

/** Time that moves only when told to: the engine's clock, and every timer set while it is installed. */
export class VirtualTime implements Clock {
  #now = START_MS;
  #lastId = 0;
  readonly #timers = new Map<number, Timer>();

  monotonic(): number {
    return this.#now;
  }

  now(): number {
    return EPOCH_MS + this.#now;
  }

  /** Takes the place of the global timers until the function that it yields is called. */
  install(): () => void {
    const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
    const set = (run: () => void, ms = 0) => this.#set(run, ms, undefined);
    const repeat = (run: () => void, ms = 0) => this.#set(run, ms, Math.max(1, ms));
    const clear = (handle: unknown) => {
      if (handle instanceof Handle) this.#timers.delete(handle.id);
    };
    const own = { setTimeout: set, setInterval: repeat, clearTimeout: clear, clearInterval: clear };
    Object.assign(globalThis, own);
    return () => {
      Object.assign(globalThis, { setTimeout, setInterval, clearTimeout, clearInterval });
      this.#timers.clear();
    };
  }

  #set(run: () => void, ms: number, every: number | undefined): Handle {
    const id = ++this.#lastId;
    this.#timers.set(id, { id, at: this.#now + Math.max(0, ms), every, run });
    return new Handle(id);
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers.values()) if (next === undefined || timer.at < next.at) next = timer;
    return next;
  }

  /** Jumps: what would have come again and again meanwhile comes once. */
  async skip(ms: number): Promise<void> {
    const before = this.#now;
    this.#now += ms;
    for (const timer of this.#timers.values()) {
      if (timer.every !== undefined && timer.at > before) timer.at = Math.max(timer.at, this.#now);
    }
    await this.advance(0);
  }

  /** Lets time go by; what its timers start is worked off before the next of them. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (let timer = this.#next(); timer !== undefined && timer.at <= end; timer = this.#next()) {
      this.#now = Math.max(this.#now, timer.at);
      if (timer.every === undefined) this.#timers.delete(timer.id);
      else timer.at = this.#now + timer.every;
      timer.run();
      await nextTurn();
    }
    // Another that began meanwhile may be further already.
    this.#now = Math.max(this.#now, end);
  }
}
