import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/limits.ts';
import type { LockState } from '../../src/nfs4/state/locks.ts';
import { addRange, cutRange, LockRanges } from '../../src/nfs4/state/locks.ts';
import { Bench } from './support.ts';

const WIDTH = 24;

/** What each byte is locked as, by each of two owners: the model that ranges are held against. */
type Model = ('none' | 'shared' | 'exclusive')[];

const steps = fc.array(
  fc.record({
    owner: fc.nat(1),
    kind: fc.constantFrom('shared' as const, 'exclusive' as const, 'unlock' as const),
    start: fc.nat(WIDTH - 1),
    length: fc.integer({ min: 1, max: 8 }),
  }),
  { maxLength: 40 },
);

function bytesOf(ranges: LockRanges, state: LockState): Model {
  const model: Model = new Array(WIDTH + 8).fill('none');
  for (const range of ranges) {
    if (range.state !== state) continue;
    for (let at = Number(range.start); at < Number(range.end); at++) {
      expect(model[at]).toBe('none');
      model[at] = range.exclusive ? 'exclusive' : 'shared';
    }
  }
  return model;
}

describe('lock ranges', () => {
  test('hold what a table of single bytes holds, never overlap within an owner, and join where they meet', () => {
    fc.assert(
      fc.property(steps, (history) => {
        const bench = new Bench();
        const client = bench.confirmed('c');
        const open = bench.open(client, 'o', 'f', 3);
        const owners = [0, 1].map((n) => bench.state.locks.obtain(client, Buffer.from([n]), open));
        const models: Model[] = owners.map(() => new Array(WIDTH + 8).fill('none'));
        const ranges = new LockRanges();
        for (const step of history) {
          const state = owners[step.owner]!;
          const start = BigInt(step.start);
          const end = start + BigInt(step.length);
          if (step.kind === 'unlock') cutRange(ranges, state, start, end);
          else {
            const exclusive = step.kind === 'exclusive';
            const blocked = ranges.conflict((r) => r.state === state, exclusive, start, end) !== undefined;
            const other = models[1 - step.owner]!.slice(step.start, step.start + step.length);
            expect(blocked).toBe(other.some((b) => b === 'exclusive' || (exclusive && b === 'shared')));
            if (blocked) continue;
            addRange(ranges, state, exclusive, start, end);
          }
          const value = step.kind === 'unlock' ? 'none' : step.kind;
          models[step.owner]!.fill(value, step.start, step.start + step.length);
          expect(owners.map((o) => bytesOf(ranges, o))).toEqual(models);
          for (const a of ranges) {
            for (const b of ranges) {
              const joined = a.state === b.state && a.exclusive === b.exclusive && a.end === b.start;
              expect(joined).toBe(false);
            }
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test('count with their client, and are gone with it', () => {
    const bench = new Bench();
    const client = bench.confirmed('c');
    const state = bench.state.locks.obtain(client, Buffer.from('l'), bench.open(client, 'o', 'f', 3));
    bench.state.locks.lock(state, true, 0n, 100n);
    bench.state.locks.unlock(state, 40n, 60n);
    expect([client.locks, bench.state.locks.count]).toEqual([2, 2]);
    bench.state.removeClient(client, 'destroyed');
    expect([
      client.locks,
      bench.state.locks.count,
      bench.state.opens.count,
      bench.state.stateids.size,
    ]).toEqual([0, 0, 0, 0]);
  });

  test('tell a waiter when its range is free, and only then', () => {
    const bench = new Bench();
    const [a, b] = [bench.confirmed('a'), bench.confirmed('b')];
    const held = bench.state.locks.obtain(a, Buffer.from('l'), bench.open(a, 'o', 'f', 3));
    const open = bench.open(b, 'o', 'f', 3);
    bench.state.locks.lock(held, true, 0n, 100n);
    const wanted = { open, owner: Buffer.from('w'), exclusive: true, start: 10n, end: 20n };
    bench.state.locks.wait(wanted);
    bench.state.locks.unlock(held, 50n, 100n);
    bench.state.locks.unlock(held, 0n, 15n);
    expect(bench.notified).toEqual([]);
    bench.state.locks.unlock(held, 15n, 50n);
    expect(bench.notified).toMatchObject([{ owner: wanted.owner, start: 10n, end: 20n }]);
    bench.state.locks.heard(bench.notified[0]!);
    expect([open.file.waiters, [...b.waiters]]).toEqual([[], []]);
  });

  test('tell a waiter again that could not be told, if its range is free then, and once it asked again', () => {
    const bench = new Bench();
    const { state, notified } = bench;
    const [a, b] = [bench.confirmed('a'), bench.confirmed('b')];
    const held = state.locks.obtain(a, Buffer.from('l'), bench.open(a, 'o', 'f', 3));
    const open = bench.open(b, 'o', 'f', 3);
    const wanted = { open, owner: Buffer.from('w'), exclusive: true, start: 10n, end: 20n };
    const turn = (lock: boolean) => {
      if (lock) state.locks.lock(held, true, 0n, 100n);
      else state.locks.unlock(held, 0n, 100n);
    };
    turn(true);
    state.locks.wait(wanted);
    turn(false);
    turn(true);
    state.locks.retell(b);
    expect(notified).toHaveLength(1);
    turn(false);
    expect(notified).toHaveLength(2);
    state.locks.retell(b);
    expect(notified).toHaveLength(3);
    turn(true);
    state.locks.wait(wanted);
    turn(false);
    expect(notified).toHaveLength(4);
    expect(new Set(notified).size).toBe(1);
  });

  test('end a wait with the lock, the open and the client, and keep no more of them than they may', () => {
    const bench = new Bench();
    const { locks } = bench.state;
    const [a, b] = [bench.confirmed('a'), bench.confirmed('b')];
    const held = locks.obtain(a, Buffer.from('l'), bench.open(a, 'o', 'f', 3));
    locks.lock(held, true, 0n, 100n);
    const opens = ['f', 'g'].map((name) => bench.open(b, 'o', name, 3));
    const wait = (at: number, owner: number) =>
      locks.wait({ open: opens[at]!, owner: Buffer.from([owner]), exclusive: true, start: 0n, end: 1n });
    wait(0, 1);
    locks.lock(locks.obtain(b, Buffer.from([1]), opens[0]!), true, 200n, 300n);
    expect(b.waiters.size).toBe(0);
    wait(0, 1);
    wait(0, 2);
    wait(1, 1);
    bench.state.closeOpen(opens[0]!);
    expect([...b.waiters].map(({ open }) => open)).toEqual([opens[1]]);
    expect(held.file.waiters).toEqual([]);
    bench.state.removeClient(b, 'evicted');
    expect([b.waiters.size, opens[1]!.file.waiters.length]).toEqual([0, 0]);
    const c = bench.confirmed('c');
    const { maxWaitersPerClient, maxWaitersPerFile } = DEFAULT_LIMITS;
    const open = bench.open(c, 'o', 'f', 3);
    for (let i = 0; i < Math.max(maxWaitersPerClient, maxWaitersPerFile) + 3; i++)
      locks.wait({ open, owner: Buffer.from(`${i}`), exclusive: true, start: 0n, end: 1n });
    expect(c.waiters.size).toBe(Math.min(maxWaitersPerClient, maxWaitersPerFile));
    expect(bench.notified).toEqual([]);
  });
});
