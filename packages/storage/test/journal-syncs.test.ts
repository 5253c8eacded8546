import { describe, expect, test } from 'vitest';
import type { Journal } from '../src/journal/journal.ts';
import { JournalSyncs } from '../src/log/journal-syncs.ts';

const nothingHeld = () => Promise.resolve();

/** A journal whose syncs do what the test says. */
function syncsOf(sync: (journal: { isLost: boolean }) => Promise<void>) {
  const journal = { isLost: false, syncs: 0, sync: async () => {} };
  journal.sync = async () => {
    journal.syncs++;
    await sync(journal);
  };
  const syncs: JournalSyncs = new JournalSyncs(journal as unknown as Journal, () => syncs.flushed());
  return { journal, syncs };
}

describe('syncs of the journal', () => {
  test('who comes while one is under way waits for the next, unless that has what he urged', async () => {
    const ends: (() => void)[] = [];
    const { journal, syncs } = syncsOf(() => new Promise((resolve) => ends.push(resolve)));
    const order: string[] = [];
    const wait = (name: string) => void syncs.whenSynced(nothingHeld).then(() => order.push(name));
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
    await syncs.whenSynced(nothingHeld);
    expect(syncs.isSynced).toBe(false);
    fails = false;
    journal.isLost = false;
    await syncs.whenSynced(nothingHeld);
    expect([journal.syncs, syncs.isSynced]).toEqual([2, true]);
  });
});
