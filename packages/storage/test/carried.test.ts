import { expect, test, vi } from 'vitest';
import { readLeft } from '../src/journal/left.ts';
import { decodeMark, MARK_KEY } from '../src/journal/mark.ts';
import { openJournal } from '../src/journal/open.ts';
import { CommitLog } from '../src/log/commit-log.ts';
import type { CommitLogOptions } from '../src/log/options.ts';
import { type Changes, MemoryMetadataStore } from '../src/metadata/index.ts';
import { EngineRecords } from './engine-records.ts';
import { MemoryPlace } from './journal-place.ts';

/** What waits behind a synced journal for its commit. */

const value = (text: string) => Buffer.from(text);
const PATIENTLY = { timeout: 20_000 };
const turn = () => new Promise((resolve) => setImmediate(resolve));
const EIO = () => Object.assign(new Error('EIO: injected'), { code: 'EIO' });

class Store extends MemoryMetadataStore {
  batches = 0;
  /** Waited for by each commit. */
  gate: Promise<void> | undefined;
  failure: Error | undefined;

  override async commit(changes: Changes): Promise<void> {
    this.batches++;
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
    await super.commit(changes);
  }
}

async function make(options: Partial<CommitLogOptions> = {}, minBytes = 1 << 24) {
  const store = new Store();
  const place = new MemoryPlace();
  let log: CommitLog | undefined;
  const { journal, firstBatch } = await openJournal(store, {
    place,
    bootId: 'boot 1',
    minBytes,
    isSynced: true,
    onLost: (error) => log?.journalLost(error),
    contentOf: () => Promise.reject(new Error('there is none')),
    onFull: () => log?.begin(),
  });
  const common = { lazyCommitMs: 60_000, batchChanges: 1000, holdLimitMs: 60_000, scanned: () => true };
  log = new CommitLog(store, { ...common, journal, firstBatch, durability: 'power', ...options });
  log.callerFlushes();
  /** What the next run would find, were this one killed now. */
  const left = () => {
    const mark = store.get(MARK_KEY);
    return readLeft(place.copy().read(), 'boot 1', mark && decodeMark(mark));
  };
  return { store, place, journal, log, left };
}

test('holds that follow on each other do not keep a batch from its commit', async () => {
  const { store, log } = await make();
  const before = store.batches;
  log.put('a', value('1'));
  log.hold();
  log.hasten();
  await turn();
  expect(store.batches).toBe(before);
  // The limit of the hold.
  log.release();
  log.put('b', value('2'));
  log.hold();
  await turn();
  expect(store.batches).toBe(before + 1);
  expect(store.get('a')?.toString()).toBe('1');
});

test('a hold that ended by force does not end that of somebody else', async () => {
  const { log, left } = await make();
  log.put('a', value('half'));
  const release = log.hold();
  log.urge();
  // Somebody's COMMIT.
  log.release();
  log.put('c', value('half'));
  const other = log.hold();
  release();
  log.flushJournal();
  expect([...(left()?.changes.keys() ?? [])]).toEqual(['a']);
  other();
  log.flushJournal();
  expect([...(left()?.changes.keys() ?? [])]).toEqual(['a', 'c']);
});

test('who waits while records and journal fail is refused, and does not wait for a start', async () => {
  const { store, place, log } = await make();
  const sync = Promise.withResolvers<void>();
  place.slowness = () => sync.promise;
  log.put('a', value('1'));
  log.urge();
  const waiting = Promise.resolve(log.stable());
  store.failure = EIO();
  log.hasten();
  await vi.waitFor(() => expect(log.stopped).toBeDefined(), PATIENTLY);
  sync.reject(EIO());
  await expect(waiting).rejects.toMatchObject({ code: 'EIO' });
});

test('what is answered behind a commit that takes long is bounded, in bytes too', async () => {
  const { store, log } = await make({ batchBytes: 100_000 });
  const gate = Promise.withResolvers<void>();
  store.gate = gate.promise;
  log.put('first', value('1'));
  log.hasten();
  await turn();
  let answered = 0;
  const all = Array.from({ length: 40 }, async (_, i) => {
    for (let turns = 0; turns < 5 * i; turns++) await turn();
    log.put(`x${i}`, Buffer.alloc(20_000));
    log.urge();
    await log.stable();
    answered++;
  });
  for (let turns = 0; turns < 400; turns++) await turn();
  expect(answered).toBeGreaterThan(0);
  expect(answered).toBeLessThan(25);
  expect(log.isBacklogged).toBe(true);
  gate.resolve();
  await Promise.all(all);
});

test('a journal that grows while nothing is committed is written anew, and has it all', async () => {
  const { store, journal, place, log, left } = await make({}, 50_000);
  store.failure = EIO();
  log.put('committing', value('1'));
  log.hasten();
  await vi.waitFor(() => expect(log.stopped).toBeDefined(), PATIENTLY);
  log.put('forming', value('2'));
  const records = new EngineRecords(journal);
  for (let i = 0; i < 200; i++) {
    records.append([['lock', Buffer.alloc(5000, i)]], false);
    log.flushJournal();
    await turn();
  }
  await vi.waitFor(() => expect(journal.figures.rewrites).toBeGreaterThan(2), PATIENTLY);
  expect(place.content?.length).toBeLessThan(400_000);
  const found = left();
  const keys = [...(found?.changes.keys() ?? [])].filter((key) => key !== MARK_KEY);
  expect(keys).toEqual(['committing', 'forming']);
  expect(found?.whole?.records.get('lock')).toEqual(Buffer.alloc(5000, 199));
});

test('what comes while a start tells of the new journal is committed without another change', async () => {
  const { store, place, log } = await make();
  store.failure = EIO();
  place.failure = EIO();
  log.put('a', value('1'));
  log.flushJournal();
  await vi.waitFor(() => expect(log.stopped).toBeDefined(), PATIENTLY);
  store.failure = undefined;
  place.failure = undefined;
  const gate = Promise.withResolvers<void>();
  const { batches } = store;
  const commit = store.commit.bind(store);
  store.commit = (changes) => {
    if (store.batches === batches + 1) store.gate = gate.promise;
    return commit(changes);
  };
  const starting = log.start();
  await vi.waitFor(() => expect(store.batches).toBe(batches + 2), PATIENTLY);
  let told = false;
  log.put('b', value('a file that was closed, and is gone'));
  log.afterCommit(() => {
    told = true;
  });
  gate.resolve();
  await starting;
  await vi.waitFor(() => expect(told).toBe(true), PATIENTLY);
});
