import { cpSync } from 'node:fs';
import { Stability, type StateJournal } from '@dfs/nfs';
import { describe, expect, test, vi } from 'vitest';
import {
  type DataDirectory,
  type DataDirectoryOptions,
  type JournalPlace,
  openDataDirectory,
} from '../src/index.ts';
import { FolderPlace } from '../src/journal/folder-place.ts';
import { EngineRecords, type Unit } from './engine-records.ts';
import { MemoryPlace } from './journal-place.ts';
import { cleanUpAfterEach, cleanups, list, names, ROOT, ROOT_DIRECTORY, scratch } from './support.ts';

cleanUpAfterEach();

const bytes = (text: string): Buffer => Buffer.from(text);
const show = (loaded: Iterable<readonly [string, Buffer]> | undefined) =>
  loaded === undefined
    ? undefined
    : Object.fromEntries([...loaded].map(([key, value]) => [key, value.toString()]));

/** One run of a server on a data directory, and what another process would find when it is killed. */
class Run {
  readonly directory: DataDirectory;
  readonly journal: StateJournal;
  readonly #path: string;
  readonly #place: JournalPlace;
  #records: EngineRecords | undefined;

  private constructor(path: string, place: JournalPlace, directory: DataDirectory) {
    this.#path = path;
    this.#place = place;
    this.directory = directory;
    if (directory.stateStore.journal === undefined) throw new Error('no journal');
    this.journal = directory.stateStore.journal;
  }

  static async start(path: string, place: JournalPlace, options: DataDirectoryOptions = {}): Promise<Run> {
    const directory = await openDataDirectory(path, {
      bootId: () => 'boot 1',
      journalPlace: place,
      ...options,
    });
    cleanups.push(() => directory.close().catch(() => {}));
    return new Run(path, place, directory);
  }

  async load(): Promise<Record<string, string> | undefined> {
    const left = await this.journal.load();
    this.#records = new EngineRecords(this.journal, left);
    return show(left);
  }

  append(unit: Unit, withChanges: boolean): void {
    if (this.#records === undefined) throw new Error('not loaded');
    this.#records.append(unit, withChanges);
  }

  /** The next run, after this one was killed at this moment. */
  async killed(options: DataDirectoryOptions = {}, torn = 0): Promise<Run> {
    const path = await scratch();
    cpSync(this.#path, path, { recursive: true });
    const place = this.#place instanceof MemoryPlace ? this.#place.copy(torn) : new FolderPlace(path);
    return Run.start(path, place, options);
  }

  async stopped(options: DataDirectoryOptions = {}): Promise<Run> {
    await this.directory.close();
    return Run.start(this.#path, this.#place, options);
  }
}

const kinds = [
  { name: 'memory', place: (_folder: string): JournalPlace => new MemoryPlace() },
  { name: 'file', place: (folder: string): JournalPlace => new FolderPlace(folder) },
];

describe.each(kinds)('state journal in $name', (kind) => {
  async function start(options?: DataDirectoryOptions): Promise<Run> {
    const path = await scratch();
    return Run.start(path, kind.place(path), options);
  }

  test('there is nothing at a first start, and what was flushed at the next, killed or stopped', async () => {
    const first = await start();
    expect(await first.load()).toBeUndefined();
    first.append(
      [
        ['a', bytes('1')],
        ['b', bytes('2')],
        ['ü/\u{1F600}', bytes('')],
      ],
      false,
    );
    first.append(
      [
        ['b', undefined],
        ['a', bytes('3')],
      ],
      false,
    );
    first.journal.flush();
    first.append([['c', bytes('lost')]], false);
    const expected = { a: '3', 'ü/\u{1F600}': '' };
    const second = await first.killed();
    expect(await second.load()).toEqual(expected);
    second.append([['d', bytes('4')]], false);
    second.journal.flush();
    const third = await second.stopped();
    expect(await third.load()).toEqual({ ...expected, d: '4' });
    // A run that changes nothing leaves it as it is.
    expect(await (await third.killed()).load()).toEqual({ ...expected, d: '4' });
  });

  test('after the machine has restarted, or where it cannot tell, there is nothing, and nothing comes back', async () => {
    const first = await start();
    await first.load();
    first.append([['a', bytes('1')]], false);
    first.journal.flush();
    const second = await first.killed({ bootId: () => 'boot 2' });
    expect(await second.load()).toBeUndefined();
    const third = await second.killed({ bootId: () => 'boot 1' });
    expect(await third.load()).toBeUndefined();
    expect(await (await first.killed({ bootId: () => undefined })).load()).toBeUndefined();
  });

  test('changes of files and the unit that goes with them are there together, committed or not', async () => {
    const first = await start();
    await first.load();
    const share = await first.directory.openShare(1, ROOT_DIRECTORY);
    share.createFile(share.root(), ROOT, 'f', {});
    first.append([['slot', bytes('f made')]], true);
    const before = await first.killed();
    expect(await before.load()).toEqual({});
    expect(names(list(await shareOf(before), (await shareOf(before)).root()))).toEqual([]);
    first.journal.flush();
    const { change } = share.attributes(share.root());
    const after = await first.killed();
    expect(await after.load()).toEqual({ slot: 'f made' });
    const found = await shareOf(after);
    expect(names(list(found, found.root()))).toEqual(['f']);
    // All that anybody was shown is there: neither caches nor unstable writes are given up.
    expect(found.attributes(found.root()).change).toBe(change);
    expect(Buffer.from(found.writeVerifier)).toEqual(Buffer.from(share.writeVerifier));
    await share.stable();
    const committed = await first.killed();
    expect(await committed.load()).toEqual({ slot: 'f made' });
    expect(names(list(await shareOf(committed), (await shareOf(committed)).root()))).toEqual(['f']);
  });

  test('what is held stays out until its unit is whole; others go on', async () => {
    const first = await start();
    await first.load();
    const share = await first.directory.openShare(1, ROOT_DIRECTORY);
    share.createFile(share.root(), ROOT, 'half', {});
    const release = share.hold();
    let isStable = false;
    const stable = Promise.resolve(share.stable()).then(() => {
      isStable = true;
    });
    first.append([['lock', bytes('taken')]], false);
    first.journal.flush();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isStable).toBe(false);
    const half = await first.killed();
    expect(await half.load()).toEqual({ lock: 'taken' });
    const without = await shareOf(half);
    expect(names(list(without, without.root()))).toEqual([]);
    // Others may have seen the change that is lost: no number, no verifier of then is used again.
    expect(without.attributes(without.root()).change).toBeGreaterThan(share.attributes(share.root()).change);
    expect(Buffer.from(without.writeVerifier)).not.toEqual(Buffer.from(share.writeVerifier));
    first.append([['slot', bytes('both')]], true);
    share.createFile(share.root(), ROOT, 'other half', {});
    release();
    release();
    await stable;
    const whole = await first.killed();
    expect(await whole.load()).toEqual({ lock: 'taken', slot: 'both' });
    const found = await shareOf(whole);
    expect(names(list(found, found.root()))).toEqual(['half', 'other half']);
    expect(Buffer.from(found.writeVerifier)).toEqual(Buffer.from(share.writeVerifier));
  });

  test('a later value stands, though an earlier one had to wait for its changes', async () => {
    const first = await start();
    await first.load();
    const share = await first.directory.openShare(1, ROOT_DIRECTORY);
    share.createFile(share.root(), ROOT, 'f', {});
    const release = share.hold();
    first.append(
      [
        ['open', bytes('early')],
        ['gone', bytes('early')],
      ],
      true,
    );
    first.append(
      [
        ['open', bytes('late')],
        ['gone', undefined],
      ],
      false,
    );
    first.journal.flush();
    release();
    first.journal.flush();
    expect(await (await first.killed()).load()).toEqual({ open: 'late' });
  });

  test('nobody holds it longer than the limit; close does not wait for it', async () => {
    const first = await start({ limits: { holdLimitMs: 10 } });
    await first.load();
    const share = await first.directory.openShare(1, ROOT_DIRECTORY);
    share.createFile(share.root(), ROOT, 'f', {});
    share.hold();
    await share.stable();
    const second = await start();
    const other = await second.directory.openShare(1, ROOT_DIRECTORY);
    other.createFile(other.root(), ROOT, 'f', {});
    other.hold();
    await second.directory.close();
  });

  test('a COMMIT does not wait for the hold that its own request takes as soon as it waits', async () => {
    const first = await start({ limits: { holdLimitMs: 600_000 } });
    await first.load();
    const share = await first.directory.openShare(1, ROOT_DIRECTORY);
    const file = share.createFile(share.root(), ROOT, 'f', {});
    await share.write(file, 0, bytes('data'), Stability.UNSTABLE, ROOT);
    const committing = share.commit(file, 0, 0);
    const release = share.hold();
    await committing;
    // The next batch is held as any.
    share.createFile(share.root(), ROOT, 'half', {});
    const other = share.hold();
    release();
    first.journal.flush();
    const killed = await shareOf(await first.killed());
    expect(names(list(killed, killed.root()))).toEqual(['f']);
    other();
  });

  test('it is written anew when it has grown, while it goes on', async () => {
    const first = await start({ limits: { journalBytes: 10_000 } });
    await first.load();
    const model: Record<string, string> = {};
    for (let round = 0; round < 400; round++) {
      const key = `k${round % 37}`;
      const value = String(round).repeat(20);
      if (round % 5 === 0) {
        first.append([[key, undefined]], false);
        delete model[key];
      } else {
        first.append([[key, bytes(value)]], false);
        model[key] = value;
      }
      first.journal.flush();
      if (round % 20 === 0) {
        await new Promise((resolve) => setImmediate(resolve));
        expect(await (await first.killed()).load()).toEqual(model);
      }
    }
    expect(first.directory.figures.journal?.rewrites).toBeGreaterThan(1);
    expect(await (await first.killed()).load()).toEqual(model);
  });

  test('with grade crash changes are answered at once, and are there after a kill', async () => {
    const options = { durability: 'crash', limits: { lazyCommitMs: 3_600_000 } } as const;
    const first = await start(options);
    await first.load();
    const share = await first.directory.openShare(1, ROOT_DIRECTORY);
    const { batches } = first.directory.figures.log;
    const file = share.createFile(share.root(), ROOT, 'f', {});
    expect(share.write(file, 0, bytes('data'), 2)).toBe(2);
    expect(share.stable()).toBeUndefined();
    first.append([['slot', bytes('x')]], true);
    first.journal.flush();
    expect(first.directory.figures.log.batches).toBe(batches);
    const second = await first.killed(options);
    expect(await second.load()).toEqual({ slot: 'x' });
    const found = await shareOf(second);
    expect(found.attributes(found.lookup(found.root(), ROOT, 'f')).size).toBe(4);
    // After a loss of power an earlier moment is found, whole.
    const cold = await first.killed({ bootId: () => 'boot 2' });
    expect(await cold.load()).toBeUndefined();
    const earlier = await shareOf(cold);
    expect(names(list(earlier, earlier.root()))).toEqual([]);
    const third = await second.stopped({ durability: 'power' });
    expect(await third.load()).toEqual({ slot: 'x' });
    const kept = await shareOf(third);
    expect(names(list(kept, kept.root()))).toEqual(['f']);
  });
});

describe('a journal that is damaged', () => {
  test('a frame that was not written whole is none; anything else takes all of it away', async () => {
    const place = new MemoryPlace();
    const first = await Run.start(await scratch(), place);
    await first.load();
    first.append([['a', bytes('1')]], false);
    first.journal.flush();
    const whole = place.content?.length ?? 0;
    first.append([['b', bytes('2')]], false);
    first.journal.flush();
    const last = (place.content?.length ?? 0) - whole;
    for (const torn of [1, last - 1, last]) {
      const next = await first.killed({}, torn);
      expect(await next.load()).toEqual({ a: '1' });
      next.append([['c', bytes('3')]], false);
      next.journal.flush();
      expect(await (await next.killed()).load()).toEqual({ a: '1', c: '3' });
    }
    const content = place.content as Buffer;
    for (const at of [0, 20, 60, whole - 1, content.length - 1]) {
      content[at] = (content[at] as number) ^ 1;
      expect([at, await (await first.killed()).load()]).toEqual([at, undefined]);
      content[at] = (content[at] as number) ^ 1;
    }
    expect(await (await first.killed()).load()).toEqual({ a: '1', b: '2' });
  });

  test('one that lacks what a commit relied on is not taken for whole', async () => {
    const place = new MemoryPlace();
    const first = await Run.start(await scratch(), place, { limits: { lazyCommitMs: 1 } });
    await first.load();
    const early = place.content?.length ?? 0;
    first.append([['a', bytes('1')]], false);
    const { batches } = first.directory.figures.log;
    first.directory.records.put('r', bytes('r'));
    await first.directory.records.stable();
    await vi.waitFor(() => expect(first.directory.figures.log.batches).toBeGreaterThan(batches), 20_000);
    const lacking = (place.content?.length ?? 0) - early;
    expect(await (await first.killed({}, lacking)).load()).toBeUndefined();
    expect(await (await first.killed()).load()).toEqual({ a: '1' });
  });

  test('one that cannot be written is given up: serving goes on, and the next start is a cold one', async () => {
    const place = new MemoryPlace();
    const lost: string[] = [];
    const failed: string[] = [];
    const first = await Run.start(await scratch(), place, {
      onJournalLost: (error) => lost.push(error.message),
      onEvent: (event) => failed.push(event.type === 'stopped' ? event.stop.reason : event.type),
    });
    await first.load();
    first.append([['a', bytes('1')]], false);
    first.journal.flush();
    expect(first.journal.isWhole).toBe(true);
    const stale = place.copy();
    place.failure = new Error('disk full');
    const share = await first.directory.openShare(1, ROOT_DIRECTORY).catch((error: unknown) => error);
    expect(share).not.toBeInstanceOf(Error);
    expect([lost, failed, place.content]).toEqual([['disk full'], [], undefined]);
    expect(first.directory.figures.journal?.lost).toBe(true);
    expect(first.journal.isWhole).toBe(false);
    first.append([['b', bytes('2')]], false);
    first.journal.flush();
    await first.directory.records.stable();
    // Even where its file could not be removed.
    place.content = stale.content;
    place.failure = undefined;
    const second = await first.stopped();
    expect(await second.load()).toBeUndefined();
    expect(names(list(await shareOf(second), (await shareOf(second)).root()))).toEqual([]);
  });

  test('with grade crash nothing is acknowledged that could not be written', async () => {
    const place = new MemoryPlace();
    const failed: string[] = [];
    const first = await Run.start(await scratch(), place, {
      durability: 'crash',
      onEvent: (event) => failed.push(event.type === 'stopped' ? event.stop.reason : event.type),
    });
    await first.load();
    const share = await first.directory.openShare(1, ROOT_DIRECTORY);
    share.createFile(share.root(), ROOT, 'kept', {});
    first.journal.flush();
    place.failure = new Error('disk full');
    share.createFile(share.root(), ROOT, 'refused', {});
    expect(() => first.journal.flush()).toThrowError(expect.objectContaining({ code: 'EIO' }));
    expect(() => first.journal.flush()).toThrowError(expect.objectContaining({ code: 'EIO' }));
    expect(failed).toEqual(['disk full']);
    place.failure = undefined;
    const second = await first.killed({ durability: 'crash' });
    const found = await shareOf(second);
    expect(names(list(found, found.root()))).toEqual(['kept']);
  });
});

const shares = new WeakMap<Run, ReturnType<DataDirectory['openShare']>>();

function shareOf(run: Run): ReturnType<DataDirectory['openShare']> {
  const opened = shares.get(run) ?? run.directory.openShare(1, ROOT_DIRECTORY);
  shares.set(run, opened);
  return opened;
}
