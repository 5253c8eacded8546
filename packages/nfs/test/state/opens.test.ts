import { describe, expect, test } from 'vitest';
import { Bench, fileNode } from './support.ts';

const READ = 1;
const WRITE = 2;
const BOTH = 3;

describe('share reservations', () => {
  const cases: readonly [number, number, number, number, boolean][] = [
    [READ, 0, WRITE, 0, false],
    [READ, WRITE, WRITE, 0, true],
    [READ, WRITE, READ, 0, false],
    [BOTH, 0, READ, WRITE, true],
    [READ, 0, READ, WRITE, false],
    [READ, READ, READ, 0, true],
  ];
  test.each(cases)(
    'access %i deny %i, then access %i deny %i: conflict %s',
    (access, deny, wanted, denies, conflict) => {
      const bench = new Bench();
      const { file } = bench.open(bench.confirmed('a'), 'o', 'f', access, deny);
      expect(bench.state.opens.conflict(file, wanted, denies) !== undefined).toBe(conflict);
    },
  );

  test('one owner has one open of a file, which grows with each OPEN', () => {
    const bench = new Bench();
    const client = bench.confirmed('a');
    const first = bench.open(client, 'o', 'f', READ);
    const second = bench.open(client, 'o', 'f', WRITE);
    expect(second).toBe(first);
    expect([first.access, first.seqid, bench.state.opens.count]).toEqual([BOTH, 2, 1]);
  });

  test('a downgrade goes back only to what was opened', () => {
    const bench = new Bench();
    const client = bench.confirmed('a');
    const both = bench.open(client, 'o', 'f', BOTH);
    expect(both.downgrade(READ, 0)).toBe(false);
    bench.open(client, 'o', 'f', READ);
    expect(both.downgrade(READ, 0)).toBe(true);
    expect(both.access).toBe(READ);
    expect(both.downgrade(BOTH, 0)).toBe(false);
  });

  test('the file is forgotten with its last open', () => {
    const bench = new Bench();
    const open = bench.open(bench.confirmed('a'), 'o', 'f', READ);
    expect(bench.state.files.find(bench.export, fileNode('f'))).toBe(open.file);
    bench.state.closeOpen(open);
    expect(bench.state.files.find(bench.export, fileNode('f'))).toBeUndefined();
  });
});
