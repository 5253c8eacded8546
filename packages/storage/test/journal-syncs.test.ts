import { describe, expect, test } from 'vitest';
import type { Journal } from '../src/journal/journal.ts';
import { JournalSyncs } from '../src/log/journal-syncs.ts';

/** A journal whose syncs do what the test says. */
function syncsOf(sync: (journal: { isLost: boolean }) => Promise<void>) {
  const journal = { isLost: false, syncs: 0, sync: async () => {} };
  journal.sync = async () => {
    journal.syncs++;
    await sync(journal);
  };
  const syncs: JournalSyncs = new JournalSyncs(journal as unknown as Journal, {
    flush: () => syncs.flushed(),
    unheld: () => Promise.resolve(),
    synced: () => undefined,
  });
  return { journal, syncs };
}

describe('syncs of the journal', () => {
  test('who comes while one is under way waits for the next, unless that has what he urged', async () => {
    const ends: (() => void)[] = [];
    const { journal, syncs } = syncsOf(() => new Promise((resolve) => ends.push(resolve)));
    const order: string[] = [];
    const wait = (name: string) => void syncs.whenSynced().then(() => order.push(name));
    const begun = async (count: number) => {
      while (ends.length < count) await new Promise((resolve) => setImmediate(resolve));
    };
    syncs.urge();
    wait('first');
    await begun(1);
    wait('with the first');
    syncs.urge();
    wait('second');
    ends[0]?.();
    await begun(2);
    expect(order.toSorted()).toEqual(['first', 'with the first']);
    expect(syncs.isSynced).toBe(false);
    ends[1]?.();
    await begun(2);
    await new Promise((resolve) => setImmediate(resolve));
    expect(order.at(-1)).toBe('second');
    expect([journal.syncs, syncs.isSynced]).toEqual([2, true]);
  });

  test('one in which the journal was lost has brought nothing: who waits once there is one again has it synced', async () => {
    let fails = true;
    const { journal, syncs } = syncsOf(async (each) => {
      each.isLost = fails;
    });
    syncs.urge();
    await syncs.whenSynced();
    expect(syncs.isSynced).toBe(false);
    fails = false;
    journal.isLost = false;
    await syncs.whenSynced();
    expect([journal.syncs, syncs.isSynced]).toEqual([2, true]);
  });

  test('the next begins before those are answered who waited for the last', async () => {
    const order: string[] = [];
    const ends: (() => void)[] = [];
    const { syncs } = syncsOf(() => {
      order.push('sync');
      return new Promise((resolve) => ends.push(resolve));
    });
    const begun = async (count: number) => {
      while (ends.length < count) await new Promise((resolve) => setImmediate(resolve));
    };
    syncs.urge();
    void syncs.whenSynced().then(() => order.push('answer'));
    await begun(1);
    syncs.urge();
    void syncs.whenSynced();
    ends[0]?.();
    await begun(2);
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual(['sync', 'sync', 'answer']);
  });

  test('who waits for what is held waits for its end, and others do not wait for what is held after', async () => {
    const journal = { isLost: false, sync: async () => {} };
    const holds: (() => void)[] = [];
    let isHeld = true;
    let asked = 0;
    const syncs: JournalSyncs = new JournalSyncs(journal as unknown as Journal, {
      flush: () => {
        if (!isHeld) syncs.flushed();
      },
      unheld: () => {
        asked++;
        return new Promise((resolve) => holds.push(resolve));
      },
      synced: () => undefined,
    });
    const answered: string[] = [];
    syncs.urge();
    void syncs.whenSynced().then(() => answered.push('first'));
    while (asked === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toEqual([]);
    // Let go, flushed, and held again at once, by somebody else.
    syncs.flushed();
    syncs.urge();
    void syncs.whenSynced().then(() => answered.push('second'));
    for (const tell of holds.splice(0)) tell();
    while (asked === 1) await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toEqual(['first']);
    isHeld = false;
    for (const tell of holds.splice(0)) tell();
    while (answered.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(syncs.isSynced).toBe(true);
  });

  test('all who ask before the next flush are told of by one promise, and counted', async () => {
    const journal = { isLost: false, sync: async () => {} };
    const counts: number[] = [];
    const syncs: JournalSyncs = new JournalSyncs(journal as unknown as Journal, {
      flush: () => syncs.flushed(),
      unheld: () => Promise.resolve(),
      synced: (count) => {
        counts.push(count);
        return Promise.reject(new Error('no room'));
      },
    });
    syncs.urge();
    const first = syncs.whenSynced();
    syncs.urge();
    const second = syncs.whenSynced();
    expect(second).toBe(first);
    await expect(first).rejects.toThrow('no room');
    expect(counts).toEqual([2]);
  });
});
