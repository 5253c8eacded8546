import { expect, test } from 'vitest';
import { excess, longestStall } from '../stalls.ts';

test('what covers a wait is taken off it once, however often it covers it', () => {
  expect(excess([10, 14], [])).toBe(4);
  expect(excess([10, 14], [[11, 12]])).toBe(3);
  expect(
    excess(
      [10, 14],
      [
        [13, 20],
        [9, 11],
        [10.5, 11.5],
      ],
    ),
  ).toBe(1.5);
  expect(excess([10, 14], [[0, 100]])).toBe(0);
  expect(
    excess(
      [10, 14],
      [
        [1, 10],
        [14, 20],
      ],
    ),
  ).toBe(4);
});

test('the longest stall is the one with the most left, not the one that took longest', () => {
  const waits = [
    { span: [10, 14], what: 'starved' },
    { span: [20, 22], what: 'stalled' },
    { span: [50, 60], what: 'later' },
  ] as const;
  expect(longestStall([10, 30], waits, [[10, 13.5]])).toEqual({ seconds: 2, what: 'stalled' });
  expect(longestStall([70, 80], waits, [])).toEqual({ seconds: 0, what: '' });
});

test('a wait that began before the window and ends in it counts', () => {
  expect(longestStall([11, 30], [{ span: [10, 12], what: 'early' }], []).seconds).toBe(2);
});
