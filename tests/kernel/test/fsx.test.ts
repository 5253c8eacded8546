import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Difference, Fsx } from '../fsx.ts';

const dir = mkdtempSync(join(tmpdir(), 'fsx-'));
afterAll(() => rmSync(dir, { recursive: true }));

const options = (name: string, seed: number, spoil?: number) => ({
  file: join(dir, name),
  steps: 3000,
  seed,
  other: join(dir, name),
  direct: false,
  dropCaches: false,
  fallocate: false,
  spoil,
});

test('a file that does what it should shows no difference', () => {
  for (const seed of [1, 2, 3]) new Fsx(options('good', seed)).run();
});

test.each([1, 2, 3, 4, 5])('a damaged file is found, seed %i', (seed) => {
  const fsx = new Fsx(options('damaged', seed, 1000));
  expect(() => fsx.run()).toThrow(Difference);
  expect(fsx.tail().length).toBeGreaterThan(10);
});

test('the same seed does the same operations', () => {
  const tails = [7, 7, 8].map((seed) => {
    const fsx = new Fsx(options('same', seed));
    fsx.run();
    return fsx.tail().join('\n');
  });
  expect(tails[0]).toBe(tails[1]);
  expect(tails[0]).not.toBe(tails[2]);
});
