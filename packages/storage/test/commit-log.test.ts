import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { Batch } from '../src/log/batch.ts';
import { CommitLog } from '../src/log/commit-log.ts';
import { type Changes, type Key, MemoryMetadataStore } from '../src/metadata/index.ts';
import { Cursor } from '../src/metadata/sorted-map.ts';

const value = (text: string) => Buffer.from(text);

/** Commits only when told to, and fails when told to. */
class SteppedStore extends MemoryMetadataStore {
  readonly batches: Changes[] = [];
  #waiting: (() => void)[] = [];
  failure: Error | undefined;

  override async commit(changes: Changes): Promise<void> {
    this.batches.push(new Map(changes));
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.failure !== undefined) throw this.failure;
    await super.commit(changes);
  }

  step(): void {
    for (const go of this.#waiting.splice(0)) go();
  }
}

const options = { lazyCommitMs: 20, batchChanges: 1000, scanned: () => true };
const turn = () => new Promise((resolve) => setImmediate(resolve));
const keysOf = (log: CommitLog, limit = 100) => log.scan('a', 'z', limit).map((entry) => entry.key);

describe('commit log', () => {
  test('is not started while a commit waits for room, is told so each time, and is once there is some', async () => {
    let refusal: string | undefined = 'EIO';
    const store = new (class extends MemoryMetadataStore {
      override async commit(changes: Changes): Promise<void> {
        if (refusal !== undefined) throw Object.assign(new Error(refusal), { code: refusal });
        await super.commit(changes);
      }
    })();
    const log = new CommitLog(store, { ...options, retryMs: 10 });
    log.put('b', value('1'));
    log.urge();
    await expect(log.stable()).rejects.toMatchObject({ code: 'EIO' });
    refusal = 'ENOSPC';
    for (let tries = 0; tries < 2; tries++) {
      await expect(log.start()).rejects.toMatchObject({ code: 'ENOSPC' });
    }
    refusal = undefined;
    await log.start();
    expect([log.stopped, store.get('b')?.toString()]).toEqual([undefined, '1']);
    await log.close();
  });

  test('effects are seen before, while and after they are committed', async () => {
    const store = new SteppedStore();
    const log = new CommitLog(store, options);
    const see = (...expected: string[]) => expect(keysOf(log)).toEqual(expected);
    log.put('b', value('1'));
    log.put('d', value('1'));
    see('b', 'd');
    log.urge();
    const first = log.stable();
    await turn();
    expect(store.batches.length).toBe(1);
    log.delete('b');
    log.put('c', value('2'));
    see('c', 'd');
    expect(log.get('b')).toBeUndefined();
    expect(log.get('d')?.toString()).toBe('1');
    store.step();
    await first;
    see('c', 'd');
    expect(store.get('b')?.toString()).toBe('1');
    log.urge();
    const second = log.stable();
    await turn();
    await turn();
    store.step();
    await second;
    see('c', 'd');
    expect(store.get('b')).toBeUndefined();
    expect(log.stable()).toBeUndefined();
  });

  test('many who wait while one batch is written share the next, in order', async () => {
    const store = new SteppedStore();
    const log = new CommitLog(store, options);
    const order: number[] = [];
    const operation = (i: number) => {
      log.put(`k${i}`, value('x'));
      log.urge();
      return log.stable()?.then(() => order.push(i));
    };
    const all = [operation(0)];
    await turn();
    for (let i = 1; i < 50; i++) all.push(operation(i));
    store.step();
    await all[0];
    await turn();
    await turn();
    store.step();
    await Promise.all(all);
    expect(store.batches.map((batch) => batch.size)).toEqual([1, 49]);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  test('what nobody waits for is committed after a while', async () => {
    const store = new MemoryMetadataStore();
    const log = new CommitLog(store, options);
    log.put('a', value('1'));
    expect(log.stable()).toBeUndefined();
    await expect.poll(() => store.get('a')?.toString()).toBe('1');
  });

  test('a record is written once for each batch, as it is when that closes', async () => {
    const store = new SteppedStore();
    const log = new CommitLog(store, options);
    let content = '1';
    const record = {
      key: 'r',
      batch: undefined as Batch | undefined,
      unwritten: 0,
      isUnflushed: false,
      isStored: false,
      place: 0,
      encode: () => value(content),
    };
    log.touch(record);
    content = '2';
    log.touch(record);
    const flushed = log.flush();
    await turn();
    content = '3';
    log.touch(record);
    expect(record.unwritten).toBe(2);
    for (let i = 0; i < 4; i++) {
      store.step();
      await turn();
    }
    await flushed;
    expect(store.batches.map((batch) => batch.get('r')?.toString())).toEqual(['2', '3']);
    expect(record.unwritten).toBe(0);
  });

  test('what is new and goes in the same batch never comes to the store', async () => {
    const store = new SteppedStore();
    const log = new CommitLog(store, options);
    const record = (key: Key, isStored: boolean) => {
      const batch = undefined as Batch | undefined;
      return { key, batch, unwritten: 0, isUnflushed: false, isStored, place: 0, encode: () => undefined };
    };
    log.delete('b', log.putNew('b', value('1')));
    const kept = log.putNew('c', value('1'));
    const [made, known] = [record('r', false), record('s', true)];
    for (const one of [made, known]) log.touch(one);
    const [first, last] = [record('t', false), record('u', true)];
    log.touch(first);
    log.touch(last);
    expect([log.bury(first), log.bury(last), log.bury(record('v', false))]).toEqual([true, false, true]);
    expect([log.get('b'), keysOf(log)]).toEqual([undefined, ['c']]);
    const flushed = log.flush();
    await turn();
    // Of the batch that is being committed: the store will have it.
    log.delete('c', kept);
    const again = log.putNew('c', value('2'));
    expect(again).toBe(0);
    log.delete('c', again);
    expect([log.get('c'), keysOf(log)]).toEqual([undefined, []]);
    for (let i = 0; i < 4; i++) {
      store.step();
      await turn();
    }
    await flushed;
    expect(store.batches.map((batch) => [...batch])).toEqual([
      [
        ['c', value('1')],
        ['s', undefined],
        ['u', undefined],
      ],
      [['c', undefined]],
    ]);
    expect([made, known, first, last].map(({ unwritten }) => unwritten)).toEqual([0, 0, 0, 0]);
    expect(store.get('c')).toBeUndefined();
  });

  test('after a failed commit everything is refused', async () => {
    const store = new SteppedStore();
    const failures: string[] = [];
    const log = new CommitLog(store, { ...options, onStop: ({ reason }) => failures.push(reason) });
    log.put('a', value('1'));
    log.urge();
    const first = log.stable();
    let undone = 0;
    await turn();
    log.put('b', value('1'));
    log.afterCommit(
      () => expect.unreachable(),
      () => undone++,
    );
    log.urge();
    const second = log.stable();
    store.failure = new Error('disk gone');
    store.step();
    await expect(first).rejects.toMatchObject({ code: 'EIO' });
    await expect(second).rejects.toMatchObject({ code: 'EIO' });
    expect(() => log.checkChange()).toThrowError(expect.objectContaining({ code: 'EIO' }));
    expect(() => log.stable()).toThrowError(expect.objectContaining({ code: 'EIO' }));
    expect(() => log.check()).toThrowError(expect.objectContaining({ code: 'EIO' }));
    await log.close();
    expect([failures, undone]).toEqual([['disk gone'], 1]);
  });

  test('scans merge the store and both batches as a plain map would', async () => {
    const key = fc.string({ unit: fc.constantFrom('b', 'c', 'd'), minLength: 1, maxLength: 3 });
    const changes = fc.array(fc.tuple(key, fc.option(fc.string())), { maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(
        changes,
        changes,
        changes,
        fc.integer({ min: 1, max: 8 }),
        async (stored, committing, forming, limit) => {
          const store = new SteppedStore();
          const log = new CommitLog(store, options);
          const model = new Map<Key, string>();
          const apply = (batch: typeof stored) => {
            for (const [k, v] of batch) {
              if (v === null) {
                log.delete(k);
                model.delete(k);
              } else {
                log.put(k, value(v));
                model.set(k, v);
              }
            }
          };
          apply(stored);
          const flushed = log.flush();
          for (let i = 0; i < 3; i++) {
            await turn();
            store.step();
          }
          await flushed;
          apply(committing);
          log.urge();
          const waiting = log.stable();
          await turn();
          apply(forming);
          const found: [Key, string][] = [];
          for (let from = 'a'; ; ) {
            const page = log.scan(from, 'z', limit);
            for (const entry of page) found.push([entry.key, entry.value.toString()]);
            if (page.length < limit) break;
            from = `${page.at(-1)?.key}\x00`;
          }
          expect(found).toEqual([...model].sort(([a], [b]) => (a < b ? -1 : 1)));
          store.step();
          await waiting;
        },
      ),
      { numRuns: 200 },
    );
  });

  test('what a page costs does not depend on how much waits to be committed', async () => {
    const store = new SteppedStore();
    const log = new CommitLog(store, { ...options, batchChanges: 100_000 });
    const many = 6000;
    const key = (i: number): Key => `k${i.toString().padStart(8, '0')}`;
    for (let i = 0; i < many; i++) log.put(key(2 * i), value('committing'));
    log.urge();
    const waiting = log.stable();
    await turn();
    for (let i = 0; i < many; i++) log.put(key(3 * i), value('forming'));
    const steps = vi.spyOn(Cursor.prototype, 'next');
    const limit = 32;
    const page = log.scan(key(many), 'z', limit);
    expect(page.length).toBe(limit);
    expect(steps.mock.calls.length).toBeLessThanOrEqual(2 * limit);
    steps.mockRestore();
    const all = log.scan('a', 'z', 4 * many).map((entry) => `${entry.key} ${entry.value}`);
    const expected = Array.from({ length: 3 * many }, (_, i) => i).filter(
      (i) => i % 3 === 0 || (i % 2 === 0 && i < 2 * many),
    );
    expect(all).toEqual(expected.map((i) => `${key(i)} ${i % 3 === 0 ? 'forming' : 'committing'}`));
    store.step();
    await waiting;
  });
});
