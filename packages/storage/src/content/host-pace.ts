import { SLOW_SPELL_MS, SLOW_WRITE_MS, WRITE_THREADS } from '../limits.ts';

/**
 * Whether the host takes content into its page cache as fast as it comes. Where too much there waits for the disk it lets writers sleep, and
 * with them all that their thread had to do: for as long as that lasts writes belong to threads.
 */
export class HostPace {
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  #slowUntil = Number.NEGATIVE_INFINITY;
  /** Writes in threads, or waiting for one. */
  #underWay = 0;

  constructor(now: () => number = () => performance.now()) {
    this.now = now;
  }

  get isSlow(): boolean {
    return this.#slowUntil > Number.NEGATIVE_INFINITY && this.#isStillSlow();
  }

  /** A write that began then has just ended; in so many rounds of others it may have waited for a thread. */
  took(startedAt: number, rounds = 0): void {
    const now = this.now();
    if (now - startedAt > (rounds + 1) * SLOW_WRITE_MS) this.#slowUntil = now + SLOW_SPELL_MS;
  }

  /** A write in a thread: as long as those are slow, so is the host. */
  async watch(writing: Promise<void>): Promise<void> {
    const startedAt = this.now();
    const rounds = Math.floor(this.#underWay / WRITE_THREADS);
    this.#underWay++;
    try {
      await writing;
    } finally {
      this.#underWay--;
    }
    this.took(startedAt, rounds);
  }

  #isStillSlow(): boolean {
    if (this.now() < this.#slowUntil) return true;
    this.#slowUntil = Number.NEGATIVE_INFINITY;
    return false;
  }
}
