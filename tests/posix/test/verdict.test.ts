import { expect, test } from 'vitest';
import { Refusal } from '../../kernel/rig/process.ts';
import { parseOptions } from '../options.ts';
import { Verdict } from '../verdict.ts';

function judge(...lines: string[]): Verdict {
  const verdict = new Verdict(['4.1']);
  for (const line of lines) verdict.take(line);
  return verdict;
}

const GOOD = ['run 4.1', 'posix 1000 assertions 9 cases 0 failed', 'done 4.1 0 3.0'];

test('well is only what was done, asserted and without a failure', () => {
  expect(judge(...GOOD).isWell).toBe(true);
  expect(judge(...GOOD).summary()).toContain('1000 assertions');
  expect(judge().isWell).toBe(false);
  expect(judge('run 4.1', 'done 4.1 0 3.0').isWell).toBe(false);
  expect(judge('run 4.1', 'posix 1000 assertions 9 cases 0 failed', 'done 4.1 1 3.0').isWell).toBe(false);
  expect(judge('run 4.1', 'posix 1000 assertions 9 cases 2 failed', 'done 4.1 0 3.0').isWell).toBe(false);
  const failed = judge('run 4.1', 'FAIL rename.dots: rename(".", "x"): expected EBUSY, came OK', ...GOOD);
  expect(failed.isWell).toBe(false);
  expect(failed.summary()).toContain('vers=4.1: rename.dots: rename(".", "x")');
});

test.each([['--vers', '3'], ['--store', 'disk'], ['--only', 'a b'], ['--unknown']])(
  'refused: %s %s',
  (...args) => {
    expect(() => parseOptions(args.filter((arg) => arg !== undefined))).toThrow(Refusal);
  },
);
