import { cpSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import {
  type DataDirectory,
  type DataDirectoryOptions,
  type JournalPlace,
  openDataDirectory,
} from '../src/index.ts';
import { Commits } from './commits.ts';
import { EngineRecords } from './engine-records.ts';
import { MemoryPlace } from './journal-place.ts';
import {
  cleanUpAfterEach,
  cleanups,
  list,
  names,
  ROOT,
  ROOT_DIRECTORY,
  refusal,
  scratch,
} from './support.ts';

cleanUpAfterEach();

/** Nothing is committed unless somebody asks. */
const LAZY = { lazyCommitMs: 3_600_000 };
const TURN = () => new Promise((resolve) => setImmediate(resolve));

interface Run {
  readonly path: string;
  readonly directory: DataDirectory;
  readonly commits: Commits;
  readonly records: EngineRecords;
}

async function start(
  journalPlace?: JournalPlace,
  options: DataDirectoryOptions = {},
  path?: string,
): Promise<Run> {
  const folder = path ?? (await scratch());
  const commits = new Commits();
  const directory = await openDataDirectory(folder, {
    bootId: () => 'boot 1',
    limits: LAZY,
    between: { metadata: (store) => commits.counted(store) },
    ...(journalPlace !== undefined && { journalPlace }),
    ...options,
  });
  cleanups.push(() => directory.close().catch(() => {}));
  const { journal } = directory.stateStore;
  if (journal === undefined) throw new Error('no journal');
  const records = new EngineRecords(journal, await journal.load());
  return { path: folder, directory, commits, records };
}

/** The next run on what is there at this moment. What LMDB's thread is writing must be whole in the copy. */
async function next(
  { path, commits }: Run,
  journalPlace?: JournalPlace,
  bootId = 'boot 2',
): Promise<DataDirectory> {
  const to = join(await scratch(), 'copy');
  while (commits.underWay > 0) await TURN();
  cpSync(path, to, { recursive: true });
  const directory = await openDataDirectory(to, {
    bootId: () => bootId,
    ...(journalPlace !== undefined && { journalPlace }),
  });
  cleanups.push(() => directory.close().catch(() => {}));
  return directory;
}

async function namesOf(directory: DataDirectory): Promise<string[]> {
  const share = await directory.openShare(1, ROOT_DIRECTORY);
  return names(list(share, share.root())).sort();
}

async function recordsOf(directory: DataDirectory): Promise<string[] | undefined> {
  const left = await directory.stateStore.journal?.load();
  return left && [...left].map(([key]) => key);
}

describe('grade power, with a journal', () => {
  test('a loss of power leaves what was answered, though nothing was committed; sessions are gone', async () => {
    const place = new MemoryPlace();
    const run = await start(place);
    const share = await run.directory.openShare(1, ROOT_DIRECTORY);
    await share.stable();
    const { batches } = run.directory.figures.log;
    const file = share.createFile(share.root(), ROOT, 'f', {});
    await share.write(file, 0, Buffer.from('data'), 2);
    run.records.append([['slot', Buffer.from('x')]], true);
    run.directory.stateStore.journal?.flush();
    await share.stable();
    expect(share.stable()).toBeUndefined();
    share.createFile(share.root(), ROOT, 'unanswered', {});
    expect(run.directory.figures.log.batches).toBe(batches);
    const found = place.lost();
    expect(found.length).toBeGreaterThan(1);
    for (const left of found) {
      const cold = await next(run, left);
      expect(await recordsOf(cold)).toBeUndefined();
      expect(await namesOf(cold)).toEqual(['f']);
    }
    const warm = await next(run, place.copy(), 'boot 1');
    expect(await recordsOf(warm)).toEqual(['slot']);
  });

  test('on the disk, with zeros written ahead', async () => {
    const run = await start();
    const share = await run.directory.openShare(1, ROOT_DIRECTORY);
    for (let i = 0; i < 20; i++) {
      share.createFile(share.root(), ROOT, `f${i}`, {});
      await share.stable();
    }
    const expected = Array.from({ length: 20 }, (_, i) => `f${i}`).sort();
    const file = readFileSync(join(run.path, 'journal'));
    expect(file.subarray(-1000)).toEqual(Buffer.alloc(1000));
    expect(await namesOf(await next(run))).toEqual(expected);
    expect(await namesOf(await next(run, undefined, 'boot 1'))).toEqual(expected);
    // What a power cut may leave where a frame was to be.
    const end = file.findLastIndex((byte) => byte !== 0) + 1;
    const torn = Buffer.from(file);
    torn.writeUInt32BE(5000, end);
    torn.fill(7, end + 600, end + 700);
    await writeFile(join(run.path, 'journal'), torn);
    expect(await namesOf(await next(run))).toEqual(expected);
  });

  test('many who wait share one sync, and those who come meanwhile the next', async () => {
    const place = new MemoryPlace();
    const run = await start(place);
    const share = await run.directory.openShare(1, ROOT_DIRECTORY);
    await share.stable();
    const { promise, resolve } = Promise.withResolvers<void>();
    place.slowness = () => promise;
    const make = (name: string) => {
      share.createFile(share.root(), ROOT, name, {});
      return share.stable();
    };
    const before = run.directory.figures.journal?.syncs ?? 0;
    const all = [make('a'), make('b')];
    await TURN();
    await TURN();
    for (let i = 0; i < 30; i++) all.push(make(`c${i}`));
    expect(run.directory.figures.log.waiting).toBe(32);
    resolve();
    await Promise.all(all);
    expect(run.directory.figures.journal?.syncs).toBe(before + 2);
  });

  test('answers wait for what is held with them, and others do not wait for more', async () => {
    const place = new MemoryPlace();
    const run = await start(place, { limits: { ...LAZY, holdLimitMs: 600_000 } });
    const share = await run.directory.openShare(1, ROOT_DIRECTORY);
    await share.stable();
    share.createFile(share.root(), ROOT, 'whole', {});
    const answered = share.stable();
    share.createFile(share.root(), ROOT, 'half', {});
    const release = share.hold();
    let done = false;
    const waiting = answered?.then(() => {
      done = true;
    });
    await sleep(20);
    expect(done).toBe(false);
    for (const left of place.lost()) expect(await namesOf(await next(run, left))).toEqual([]);
    release();
    await waiting;
    for (const left of place.lost()) expect(await namesOf(await next(run, left))).toEqual(['half', 'whole']);
  });

  test('a journal that cannot be synced is given up: nothing that was answered is lost, and commits are waited for', async () => {
    const place = new MemoryPlace();
    const told: string[] = [];
    const run = await start(place, { onJournalLost: (error) => told.push(error.message) });
    const share = await run.directory.openShare(1, ROOT_DIRECTORY);
    share.createFile(share.root(), ROOT, 'early', {});
    await share.stable();
    place.slowness = async () => {
      throw new Error('EIO: injected, sync');
    };
    const { batches } = run.directory.figures.log;
    share.createFile(share.root(), ROOT, 'late', {});
    await share.stable();
    expect(told).toEqual(['EIO: injected, sync']);
    expect(run.directory.figures.log.batches).toBeGreaterThan(batches);
    expect(await namesOf(await next(run, new MemoryPlace()))).toEqual(['early', 'late']);
    share.createFile(share.root(), ROOT, 'later', {});
    await share.stable();
    expect(await namesOf(await next(run, place.copy(), 'boot 1'))).toEqual(['early', 'late', 'later']);
    expect(place.content).toBeUndefined();
  });

  test('killed after it was given up and before the commit that says so: files are there, sessions are not', async () => {
    const place = new MemoryPlace();
    let commit: Promise<void> | undefined;
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const run = await start(place, {
      between: {
        metadata: (store) => ({
          get: (key) => store.get(key),
          scan: (...range) => store.scan(...range),
          snapshot: () => store.snapshot(),
          commit: (changes) => commit ?? store.commit(changes),
          close: () => store.close(),
        }),
      },
    });
    const share = await run.directory.openShare(1, ROOT_DIRECTORY);
    share.createFile(share.root(), ROOT, 'answered', {});
    run.records.append([['slot', Buffer.from('x')]], true);
    await share.stable();
    commit = ended;
    place.failure = new Error('EIO: injected');
    share.createFile(share.root(), ROOT, 'under way', {});
    run.records.append([['slot', Buffer.from('y')]], true);
    void Promise.resolve(share.stable()).catch(() => {});
    await vi.waitFor(() => expect(run.directory.figures.journal?.lost).toBe(true), { timeout: 20_000 });
    const killed = await next(run, place.copy(), 'boot 1');
    expect(await recordsOf(killed)).toBeUndefined();
    expect(await namesOf(killed)).toEqual(['answered']);
    end();
  });

  test('nothing is answered while a journal that was given up could be taken for whole', async () => {
    const place = new MemoryPlace();
    place.retire = () => {
      throw new Error('EROFS');
    };
    const run = await start(place);
    const share = await run.directory.openShare(1, ROOT_DIRECTORY);
    await share.stable();
    place.failure = new Error('EIO: injected');
    run.records.append([['slot', Buffer.from('x')]], false);
    const flush = () => run.directory.stateStore.journal?.flush();
    expect(flush).toThrowError(expect.objectContaining({ code: 'EIO' }));
    await vi.waitFor(flush, { timeout: 20_000 });
  });

  test('one that the host does not give is not passed over', async () => {
    const run = await start();
    const share = await run.directory.openShare(1, ROOT_DIRECTORY);
    share.createFile(share.root(), ROOT, 'f', {});
    await share.stable();
    const place = new MemoryPlace();
    place.read = () => {
      throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
    };
    expect(await refusal(() => next(run, place))).toBe('UNUSABLE');
  });

  test('one of an earlier version is taken up', async () => {
    const run = await start(undefined, { durability: 'crash' });
    const share = await run.directory.openShare(1, ROOT_DIRECTORY);
    share.createFile(share.root(), ROOT, 'f', {});
    run.directory.stateStore.journal?.flush();
    expect(await namesOf(await next(run, undefined, 'boot 1'))).toEqual(['f']);
    // Not synced: it counts for nothing after a loss of power.
    expect(await namesOf(await next(run))).toEqual([]);
  });

  test('cut off at any moment while it is written anew, it has what was answered', async () => {
    let rewrites = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(3), { minLength: 60, maxLength: 60 }),
        fc.nat(59),
        async (delays, cutAt) => {
          const place = new MemoryPlace();
          let tick = 0;
          place.slowness = async () => {
            for (let turns = delays[tick++ % delays.length] ?? 0; turns > 0; turns--) await TURN();
          };
          const run = await start(place, { limits: { lazyCommitMs: 5, journalBytes: 500 } });
          const share = await run.directory.openShare(1, ROOT_DIRECTORY);
          await share.stable();
          const answered: string[] = [];
          const waiting: Promise<unknown>[] = [];
          for (let i = 0; i <= cutAt; i++) {
            const name = `n${String(i).padStart(3, '0')}`;
            share.createFile(share.root(), ROOT, name, {});
            waiting.push(Promise.resolve(share.stable()).then(() => answered.push(name)));
            // Looks also whether it has become large.
            run.directory.stateStore.journal?.flush();
            for (let turns = delays[i] ?? 0; turns > 0; turns--) await TURN();
          }
          const expected = [...answered];
          for (const left of place.lost()) {
            const found = await namesOf(await next(run, left));
            expect(found.slice(0, expected.length)).toEqual(expected);
            expect(found).toEqual(found.map((_, i) => `n${String(i).padStart(3, '0')}`));
          }
          await Promise.all(waiting);
          rewrites += run.directory.figures.journal?.rewrites ?? 0;
          await run.directory.close();
        },
      ),
      { numRuns: 15 },
    );
    expect(rewrites).toBeGreaterThan(30);
  });
});
