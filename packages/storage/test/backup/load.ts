import { Stability } from '@dfs/nfs';
import { expect } from 'vitest';
import type { Inode, ShareFileSystem } from '../../src/index.ts';
import { list, names, ROOT } from '../support.ts';
import { contentOf, make, textOf } from './support.ts';

const PAIRS = 3;
/** Files that nobody touches. */
const STILL = 60;
/** Larger than what is written on the spot, and smaller. */
const SIZES = [100_000, 2_000];

/** The numbers that a load has come to. */
export type Counts = readonly number[];

/**
 * Writes increasing numbers to the files a<i>, then b<i>, so that at every moment a<i> is b<i> or one more; moves an amount from one
 * file to another and back by swapping two names; makes and removes files, and cuts one and writes it again.
 */
export class Load {
  readonly #share: ShareFileSystem;
  readonly #acknowledged = new Array<number>(PAIRS).fill(0);
  readonly #begun = new Array<number>(PAIRS).fill(0);
  #isOn = true;
  #comer = 0;

  constructor(share: ShareFileSystem) {
    this.#share = share;
  }

  acknowledged = (): Counts => [...this.#acknowledged];
  begun = (): Counts => [...this.#begun];
  stop = (): void => {
    this.#isOn = false;
  };

  async prepare(): Promise<void> {
    for (let i = 0; i < PAIRS; i++) {
      await make(this.#share, `a${i}`, filled(0, sizeOf(i)));
      await make(this.#share, `b${i}`, filled(0, sizeOf(i)));
    }
    for (const name of ['x', 'y', 'cut']) await make(this.#share, name, name);
    for (let i = 0; i < STILL; i++) await make(this.#share, `still${i}`, `still ${i}`);
  }

  async steps(count: number): Promise<void> {
    const until = (this.#acknowledged[0] ?? 0) + count;
    while ((this.#acknowledged[0] ?? 0) < until) await new Promise((next) => setTimeout(next, 1));
  }

  async run(): Promise<void> {
    this.#isOn = true;
    const pairs = Array.from({ length: PAIRS }, (_, i) => this.#pair(i));
    await Promise.all([...pairs, this.#swaps(), this.#comings(), this.#cuts()]);
  }

  #file = (name: string): Inode => this.#share.lookup(this.#share.root(), ROOT, name);

  async #pair(i: number): Promise<void> {
    const [a, b] = [this.#file(`a${i}`), this.#file(`b${i}`)];
    const stability = i === 2 ? Stability.FILE_SYNC : Stability.UNSTABLE;
    for (let n = (this.#acknowledged[i] ?? 0) + 1; this.#isOn; n++) {
      this.#begun[i] = n;
      await this.#share.write(a, 0, filled(n, sizeOf(i)), stability);
      await this.#share.write(b, 0, filled(n, sizeOf(i)), stability);
      this.#acknowledged[i] = n;
      await pause();
    }
  }

  async #swaps(): Promise<void> {
    const root = this.#share.root();
    while (this.#isOn) {
      // All three, so that the next swap finds the names where it left them.
      for (const [from, to] of [
        ['x', 't'],
        ['y', 'x'],
        ['t', 'y'],
      ] as const) {
        this.#share.rename(root, from, root, to, ROOT);
        await this.#share.stable();
        await pause();
      }
    }
  }

  async #comings(): Promise<void> {
    const root = this.#share.root();
    for (; this.#isOn; this.#comer++) {
      const n = this.#comer;
      // The next is there before this one goes.
      await make(this.#share, `come${n}`, `come ${n}`);
      if (n > 0) this.#share.remove(root, ROOT, `come${n - 1}`);
      await pause();
    }
  }

  async #cuts(): Promise<void> {
    const file = this.#file('cut');
    for (let n = 0; this.#isOn; n++) {
      await this.#share.setAttributes(file, ROOT, { size: 0 });
      await this.#share.write(file, 0, filled(n, 70_000), Stability.UNSTABLE);
      await pause();
    }
  }
}

const pause = (): Promise<void> => new Promise((next) => setTimeout(next, 1));
const sizeOf = (pair: number): number => SIZES[pair % SIZES.length] ?? 0;

function filled(n: number, size: number): Buffer {
  const buffer = Buffer.alloc(size - (size % 4));
  for (let at = 0; at < buffer.length; at += 4) buffer.writeUInt32BE(n, at);
  return buffer;
}

/** The number that fills a file; fails where it holds more than one. */
async function numberIn(share: ShareFileSystem, name: string): Promise<number> {
  const content = await contentOf(share, share.lookup(share.root(), ROOT, name));
  const n = content.readUInt32BE();
  expect(content.equals(filled(n, content.length)), `${name} is whole`).toBe(true);
  return n;
}

/** What a moment of the load must look like that came between two counts. */
export async function verifyMoment(share: ShareFileSystem, before: Counts, after: Counts): Promise<void> {
  for (let i = 0; i < PAIRS; i++) {
    const [a, b] = [await numberIn(share, `a${i}`), await numberIn(share, `b${i}`)];
    expect([0, 1], `a${i} ${a}, b${i} ${b}`).toContain(a - b);
    expect(b).toBeGreaterThanOrEqual(before[i] ?? 0);
    expect(a).toBeLessThanOrEqual(after[i] ?? 0);
  }
  const present = names(list(share, share.root()));
  const swapped = present.filter((name) => ['x', 'y', 't'].includes(name));
  expect(swapped).toHaveLength(2);
  const texts = await Promise.all(swapped.map((name) => textOf(share, name)));
  expect(texts.sort()).toEqual(['x', 'y']);
  const coming = present.filter((name) => name.startsWith('come'));
  expect([1, 2]).toContain(coming.length);
  for (const name of coming.slice(0, -1))
    expect(await textOf(share, name)).toBe(name.replace('come', 'come '));
  const still = present.filter((name) => name.startsWith('still'));
  expect(still).toHaveLength(STILL);
  for (const name of still) expect(await textOf(share, name)).toBe(name.replace('still', 'still '));
  const cut = share.lookup(share.root(), ROOT, 'cut');
  if (cut.size > 3) await numberIn(share, 'cut');
}
