import { seededRandom } from '../../packages/nfs/test/support/random.ts';

/** Spreads step numbers over the seeds, so that neighbours have nothing in common. */
const STRIDE = 0x9e3779b1;
const BYTE = 256;

/** Choices that a seed determines. */
export class Random {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = seededRandom(seed);
  }

  /** The choices of one step: the same whatever steps were left out before it. */
  static ofStep(seed: number, step: number): Random {
    return new Random((Math.imul(seed, STRIDE) ^ Math.imul(step + 1, STRIDE << 1)) >>> 0);
  }

  /** A whole number from 0 to `n` - 1. */
  below(n: number): number {
    return Math.floor(this.#next() * n);
  }

  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  /** Undefined for an empty list. */
  pick<T>(list: readonly T[]): T | undefined {
    return list.length === 0 ? undefined : list[this.below(list.length)];
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.below(BYTE)));
  }

  /** One entry, each as likely as its weight says. */
  weighted<T extends { readonly weight: number }>(list: readonly T[]): T {
    let left = this.#next() * list.reduce((sum, { weight }) => sum + weight, 0);
    for (const entry of list) {
      left -= entry.weight;
      if (left < 0) return entry;
    }
    return list.at(-1)!;
  }
}
