import { describe, expect, test } from 'vitest';
import { UsageError } from '../../support/command-line.ts';
import { readOptions, SMALL } from '../options.ts';
import { runSuite } from '../suite.ts';

const LIMIT_MS = 600_000;

describe('size does no harm', () => {
  test('a large directory, a deep tree and a wide one', { timeout: LIMIT_MS }, async () => {
    const said: string[] = [];
    expect(await runSuite(SMALL, (line) => said.push(line)), said.join('\n')).toEqual([]);
  });

  test('sizes are numbers that make sense', () => {
    expect(readOptions(['--small'])).toEqual(SMALL);
    expect(readOptions(['--small', '--entries', '50000'])).toEqual({ ...SMALL, entries: 50_000 });
    expect(readOptions(['--help'])).toContain('--entries');
    for (const wrong of [
      ['--entries', '10'],
      ['--depth', 'x'],
      ['--tall', '1'],
      ['--wide', '1e9'],
    ])
      expect(() => readOptions(wrong)).toThrow(UsageError);
  });
});
