import { describe, expect, test } from 'vitest';
import { XdrWriter } from '../../src/xdr/index.ts';
import { Bench, GRACE_MS, LEASE_MS, type TestStore } from './support.ts';

describe('leases', () => {
  test('an expired client keeps its state until somebody conflicts with it', () => {
    const bench = new Bench();
    const client = bench.confirmed('a');
    bench.open(client, 'o', 'f', 3);
    bench.clock.advance(LEASE_MS + 1);
    bench.state.tick();
    expect([client.courtesy, client.removed, bench.state.opens.count]).toEqual([true, false, 1]);
    expect(bench.state.yields(client)).toBe(true);
    expect([client.removed, bench.state.opens.count]).toEqual([true, 0]);
  });

  test('a client within its lease, or with a request running, does not yield', () => {
    const bench = new Bench();
    const client = bench.confirmed('a');
    const session = bench.session(client);
    expect(bench.state.yields(client)).toBe(false);
    bench.clock.advance(LEASE_MS + 1);
    session.slots.find(0)!.begin(1, 0);
    expect(bench.state.yields(client)).toBe(false);
    session.slots.find(0)!.finish(new XdrWriter(), 0, false);
    expect(bench.state.yields(client)).toBe(true);
  });

  test('an unconfirmed record goes with its lease', () => {
    const bench = new Bench();
    const client = bench.client('a');
    bench.clock.advance(LEASE_MS + 1);
    bench.state.tick();
    expect(client.removed).toBe(true);
    expect(bench.state.clients.size).toBe(0);
  });

  test('at the limit the client silent for longest makes room, if its lease has ended', () => {
    const bench = new Bench();
    const first = bench.confirmed('a');
    bench.clock.advance(LEASE_MS / 2);
    const second = bench.confirmed('b');
    expect(bench.state.makeRoom()).toBe(false);
    bench.clock.advance(LEASE_MS);
    expect(bench.state.makeRoom()).toBe(true);
    expect([first.removed, second.removed]).toEqual([true, false]);
  });
});

describe('grace', () => {
  /** A store as it is after a run in which these owners were on record. */
  function storeWith(...owners: string[]): TestStore {
    const before = new Bench();
    for (const owner of owners) before.state.grace.record(before.confirmed(owner));
    return before.store;
  }

  test('there is none on a first start', () => {
    expect(new Bench().state.grace.active).toBe(false);
  });

  test('only who is on record may reclaim, until it says that it is done', () => {
    const bench = new Bench(storeWith('a', 'b'));
    const [a, c] = [bench.confirmed('a'), bench.confirmed('c')];
    const { grace } = bench.state;
    expect([grace.active, grace.mayReclaim(a), grace.mayReclaim(c)]).toEqual([true, true, false]);
    a.reclaimComplete = true;
    expect(grace.mayReclaim(a)).toBe(false);
  });

  test('ends when everybody on record is done', () => {
    const bench = new Bench(storeWith('a', 'b'));
    const { grace } = bench.state;
    grace.completed(bench.confirmed('a'));
    expect(grace.active).toBe(true);
    grace.completed(bench.confirmed('b'));
    expect(grace.active).toBe(false);
  });

  test('ends with its time; who did not finish by then may not reclaim after the next restart (RFC 8881 §8.4.2.1)', () => {
    const store = storeWith('a', 'b', 'c');
    const bench = new Bench(store);
    bench.state.grace.completed(bench.confirmed('a'));
    bench.confirmed('c');
    bench.clock.advance(GRACE_MS);
    expect(bench.state.grace.active).toBe(false);
    const next = new Bench(store);
    expect(next.state.grace.mayReclaim(next.confirmed('a'))).toBe(true);
    expect(next.state.grace.mayReclaim(next.confirmed('b'))).toBe(false);
    expect(next.state.grace.mayReclaim(next.confirmed('c'))).toBe(false);
  });

  test('a restart within grace keeps all records', () => {
    const store = storeWith('a', 'b');
    const bench = new Bench(store);
    bench.confirmed('a');
    const next = new Bench(store);
    expect(next.state.grace.mayReclaim(next.confirmed('b'))).toBe(true);
  });

  test('a client dropped for a conflict may not reclaim (§9.6.3.4)', () => {
    const bench = new Bench();
    const client = bench.confirmed('a');
    bench.state.grace.record(client);
    bench.clock.advance(LEASE_MS + 1);
    bench.state.yields(client);
    expect(new Bench(bench.store).state.grace.active).toBe(false);
  });

  test('goes on while reclaims come, at most twice its length', () => {
    const bench = new Bench(storeWith('a'));
    const { grace } = bench.state;
    for (let i = 0; i < 40 && grace.active; i++) {
      grace.extend();
      bench.clock.advance(4000);
      if (i * 4000 < GRACE_MS) expect(grace.active).toBe(true);
    }
    expect(grace.active).toBe(false);
  });
});
