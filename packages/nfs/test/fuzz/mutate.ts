import { seededRandom } from '../support/random.ts';

/** Words that lengths, counts, discriminants and offsets break at. */
const WORDS: readonly number[] = [
  0, 1, 2, 3, 4, 5, 7, 8, 0x10, 0x20, 0x7f, 0x80, 0xff, 0x100, 0x101, 0x400, 0x401, 0x7fff, 0x8000, 0xffff,
  0x10000, 0x100000, 0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff,
];

/** Draws and changes bytes, all determined by a seed. */
export class Mutator {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** 0 to `below` - 1. */
  below(below: number): number {
    return Math.floor(this.#random() * below);
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  word(): number {
    return this.chance(0.7) ? this.pick(WORDS) : this.below(2 ** 32);
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    for (let at = 0; at < length; at++) bytes[at] = this.below(256);
    return bytes;
  }

  /** Words that look like XDR: small numbers, lengths, a few wild ones. */
  words(count: number): Buffer {
    const bytes = Buffer.allocUnsafe(count * 4);
    for (let at = 0; at < count; at++) bytes.writeUInt32BE(this.word() >>> 0, at * 4);
    return bytes;
  }

  /** One to a few changes; other inputs may lend a part. */
  mutate(input: Buffer, others: readonly Buffer[]): Buffer {
    let bytes: Buffer = Buffer.from(input);
    for (let changes = 1 + this.below(4); changes > 0; changes--) bytes = this.#once(bytes, others);
    return bytes;
  }

  #once(bytes: Buffer, others: readonly Buffer[]): Buffer {
    const at = this.below(bytes.length + 1);
    const aligned = at & ~3;
    switch (this.below(8)) {
      case 0:
        if (at < bytes.length) bytes[at] = bytes[at]! ^ (1 << this.below(8));
        return bytes;
      case 1:
        if (at < bytes.length) bytes[at] = this.below(256);
        return bytes;
      case 2:
      case 3:
        if (aligned + 4 <= bytes.length) bytes.writeUInt32BE(this.word() >>> 0, aligned);
        return bytes;
      case 4:
        return bytes.subarray(0, this.chance(0.5) ? at : aligned);
      case 5:
        return Buffer.concat([
          bytes.subarray(0, aligned),
          this.words(1 + this.below(4)),
          bytes.subarray(aligned),
        ]);
      case 6:
        return Buffer.concat([
          bytes.subarray(0, aligned),
          bytes.subarray(Math.min(bytes.length, aligned + 4 * (1 + this.below(4)))),
        ]);
      default: {
        const other = others.length > 0 ? this.pick(others) : bytes;
        const from = this.below(other.length + 1) & ~3;
        return Buffer.concat([
          bytes.subarray(0, aligned),
          other.subarray(from, from + 4 * (1 + this.below(16))),
        ]);
      }
    }
  }
}
