import { expect, test } from 'vitest';
import { Random } from '../../trunking/random.ts';
import { DiskFile, SECTOR } from '../disk/nodes.ts';

const write = (number: number, offset: number, text: string) => ({
  number,
  kind: 'write' as const,
  offset,
  length: 0,
  data: Buffer.from(text),
});
const resized = (number: number, size: number) => ({
  number,
  kind: 'size' as const,
  offset: size,
  length: 0,
  data: Buffer.alloc(0),
});

test('a sync covers what was noted before it began, and nothing later', () => {
  const file = new DiskFile();
  file.pending.push(write(1, 0, 'abc'), write(2, 1, 'X'), write(5, 3, 'later'));
  file.sync(5);
  expect(file.bytes.toString()).toBe('aXc');
  expect(file.pending.map(({ number }) => number)).toEqual([5]);
});

test('a file that is cut and grows again reads as zeros there', () => {
  const file = new DiskFile();
  for (const change of [write(0, 0, 'abcdef'), resized(1, 2), resized(2, 2 ** 44)]) file.apply(change);
  expect(file.size).toBe(2 ** 44);
  file.apply(write(3, 5, 'x'));
  expect(file.bytes.subarray(0, 6).toString()).toBe('ab\0\0\0x');
});

test('a torn write has whole sectors, each of the old or the new', () => {
  const random = new Random(7);
  const file = new DiskFile(Buffer.alloc(8 * SECTOR, 1));
  const data = Buffer.alloc(4 * SECTOR, 2);
  file.applyTorn({ ...write(0, SECTOR / 2, ''), data }, () => random.chance(0.5));
  const edges = [0, SECTOR / 2, SECTOR, 2 * SECTOR, 3 * SECTOR, 4 * SECTOR, 4.5 * SECTOR, 8 * SECTOR];
  const parts = edges.slice(1).map((end, i) => new Set(file.bytes.subarray(edges[i], end)));
  expect(parts.every((values) => values.size === 1)).toBe(true);
  expect(new Set(parts.flatMap((values) => [...values]))).toEqual(new Set([1, 2]));
});
