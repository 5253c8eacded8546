import { statSync } from 'node:fs';
import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Stability, XattrMode } from '@dfs/nfs';
import { describe, expect, test, vi } from 'vitest';
import type { DataDirectoryOptions, JournalPlace, ShareFileSystem } from '../../src/index.ts';
import { EngineRecords } from '../engine-records.ts';
import { MemoryPlace } from '../journal-place.ts';
import {
  cleanUpAfterEach,
  cleanups,
  list,
  names,
  ROOT,
  ROOT_DIRECTORY,
  refusal,
  scratch,
} from '../support.ts';
import { faultyMetadata } from './faulty.ts';
import { faultyWorld, type World } from './world.ts';

cleanUpAfterEach();

async function world(path?: string, options?: DataDirectoryOptions): Promise<World> {
  const made = await faultyWorld(
    (faults) => ({ metadata: (store) => faultyMetadata(store, faults) }),
    path,
    options,
  );
  cleanups.push(() => made.directory.close().catch(() => {}));
  return made;
}

/** The next run after kill -9 at this moment. */
async function afterKill({ path }: World, options?: DataDirectoryOptions): Promise<World> {
  const to = join(await scratch(), 'copy');
  await cp(path, to, { recursive: true });
  return world(to, options);
}

const open = ({ directory }: World, id: number) => directory.openShare(id, ROOT_DIRECTORY);
const stopped = (share: ShareFileSystem) =>
  vi.waitFor(() => expect(share.stopped).toBeDefined(), { timeout: 20_000 });
const namesIn = (share: ShareFileSystem) => names(list(share, share.root()));
const make = (share: ShareFileSystem, name: string) => share.createFile(share.root(), ROOT, name, {});
const X = Buffer.from('x');

/** A share with a file in it, and a change that cannot be committed, as the disk is read-only. */
async function onReadOnlyDisk() {
  const here = await world();
  const share = await open(here, 1);
  const file = make(share, 'before');
  await share.write(file, 0, X, Stability.FILE_SYNC);
  await share.stable();
  here.faults.fail('commit', 'EROFS');
  make(share, 'during');
  await share.stable();
  await stopped(share);
  return { here, share, file };
}

describe('a commit of records that fails', () => {
  test('stops every share; nothing is lost, and all start with one once the cause is gone', async () => {
    const here = await world();
    const { directory, faults, events } = here;
    const [share, other] = [await open(here, 1), await open(here, 2)];
    make(share, 'before');
    await share.stable();
    faults.fail('commit', 'EIO');
    const file = make(share, 'during');
    make(other, 'theirs');
    // The journal has it.
    await Promise.all([share.stable(), other.stable()]);
    await stopped(share);
    for (const call of [
      () => share.lookup(share.root(), ROOT, 'before'),
      () => make(other, 'after'),
      () => share.attributes(file),
      () => share.read(file, 0, Buffer.alloc(1)),
      () => directory.records.stable(),
    ]) {
      expect(await refusal(call)).toBe('EIO');
    }
    expect(events).toEqual([{ type: 'stopped', stop: share.stopped }]);
    expect(other.stopped).toEqual(share.stopped);
    expect(share.stopped).toMatchObject({ cause: 'metadata', code: 'EIO', reason: 'EIO: injected, commit' });
    expect(directory.figures.stopped).toEqual(share.stopped);
    // What the engine or the daemon changes meanwhile breaks nothing, and is kept with the rest.
    directory.records.put('r', X);

    expect(await refusal(() => directory.startShare(2))).toBe('EIO');
    expect(share.stopped).toBeDefined();
    faults.heal();
    await directory.startShare(2);
    expect([share.stopped, other.stopped]).toEqual([undefined, undefined]);
    expect(namesIn(share)).toEqual(['before', 'during']);
    make(share, 'after');
    await share.stable();
    await directory.close();
    const again = await world(here.path);
    expect(namesIn(await open(again, 1))).toEqual(['before', 'during', 'after']);
    expect(namesIn(await open(again, 2))).toEqual(['theirs']);
    expect(again.directory.records.get('r')?.toString()).toBe('x');
  });

  test('refuses who waits for it, where there is no journal', async () => {
    const journalPlace = new MemoryPlace();
    journalPlace.failure = new Error('EIO: injected, journal');
    const here = await world(undefined, { journalPlace });
    const share = await open(here, 1);
    make(share, 'before');
    await share.stable();
    here.faults.fail('commit', 'EIO');
    make(share, 'during');
    expect(await refusal(() => share.stable())).toBe('EIO');
    here.faults.heal();
    await here.directory.startShare(1);
    await share.stable();
    // A loss of power now, or a kill: what is kept is in the metadata store.
    const next = await afterKill(here, { journalPlace: new MemoryPlace() });
    expect(namesIn(await open(next, 1))).toEqual(['before', 'during']);
  });

  test.each(['power', 'crash'] as const)(
    'and a process killed then: the journal has it (%s)',
    async (durability) => {
      const here = await world(undefined, { durability });
      const share = await open(here, 1);
      make(share, 'before');
      await share.stable();
      here.faults.fail('commit', 'EIO');
      make(share, 'during');
      await share.stable()?.then(undefined, () => {});
      await stopped(share);
      expect(share.stopped?.cause).toBe('metadata');
      const next = await afterKill(here, { durability });
      expect(namesIn(await open(next, 1))).toEqual(['before', 'during']);
    },
  );

  test('as the disk is read-only refuses changes so; what is there can be read', async () => {
    const { here, share, file } = await onReadOnlyDisk();
    for (const call of [
      () => make(share, 'after'),
      () => share.remove(share.root(), ROOT, 'before'),
      () => share.write(file, 0, X, Stability.UNSTABLE),
      () => share.setAttributes(file, ROOT, { size: 0 }),
      () => share.xattr.set(file, ROOT, 'a', X, 0),
    ]) {
      expect(await refusal(call)).toBe('EROFS');
    }
    expect(share.lookup(share.root(), ROOT, 'before')).toBe(file);
    expect(await share.read(file, 0, Buffer.alloc(1))).toBe(1);
    here.faults.heal();
    await here.directory.startShare(1);
    make(share, 'after');
    await share.stable();
    expect(namesIn(await open(await afterKill(here), 1))).toEqual(['before', 'during', 'after']);
  });

  test('and a store that cannot be opened again: it stays stopped and says so; a later start has it all', async () => {
    const { here, share } = await onReadOnlyDisk();
    here.faults.heal();
    const lock = join(here.path, 'meta', 'lock.mdb');
    await rm(lock);
    await mkdir(lock);
    for (let tries = 0; tries < 2; tries++) {
      expect(await refusal(() => here.directory.startShare(1))).toBe('EIO');
      expect(share.stopped).toMatchObject({
        cause: 'metadata',
        code: 'EIO',
        reason: expect.stringContaining('cannot be opened'),
      });
      for (const call of [
        () => share.lookup(share.root(), ROOT, 'before'),
        () => make(share, 'after'),
        () => here.directory.records.get('not asked for before'),
      ]) {
        expect(await refusal(call)).toBe('EIO');
      }
    }
    await rm(lock, { recursive: true });
    await here.directory.startShare(1);
    expect(share.stopped).toBeUndefined();
    make(share, 'after');
    await share.stable();
    expect(namesIn(await open(await afterKill(here), 1))).toEqual(['before', 'during', 'after']);
  });

  test('while a cut waits for it: the cut is done after the start', async () => {
    const here = await world();
    const share = await open(here, 1);
    const file = make(share, 'f');
    await share.write(file, 0, Buffer.from('0123456789'), Stability.FILE_SYNC);
    await share.stable();
    here.faults.fail('commit', 'EIO');
    await share.setAttributes(file, ROOT, { size: 2 });
    const write = refusal(() => share.write(file, 5, X, Stability.UNSTABLE));
    await share.stable();
    expect(await write).toBe('EIO');
    expect(share.stopped?.cause).toBe('metadata');
    here.faults.heal();
    await here.directory.startShare(1);
    await share.write(file, 5, X, Stability.FILE_SYNC);
    const target = Buffer.alloc(10);
    expect(target.subarray(0, await share.read(file, 0, target)).toString()).toBe('01\0\0\0x');
  });
});

describe('a disk without room for records', () => {
  const limits = { fullRetryMs: 20 };

  test.each([true, false])(
    'refuses what needs room, and goes on by itself; replies wait only without a journal (with one: %s)',
    async (hasJournal) => {
      const journalPlace = new MemoryPlace();
      if (!hasJournal) journalPlace.failure = new Error('EIO: injected, journal');
      const here = await world(undefined, { limits, journalPlace });
      const share = await open(here, 1);
      make(share, 'before');
      await share.stable();
      here.faults.fail('commit', 'ENOSPC');
      make(share, 'during');
      let answered = false;
      const waiting = Promise.resolve(share.stable()).then(() => {
        answered = true;
      });
      await vi.waitFor(() => expect(here.faults.failed.commit).toBeGreaterThan(3), { timeout: 20_000 });
      expect([answered, share.stopped, here.directory.figures.full]).toEqual([hasJournal, undefined, true]);
      expect(await refusal(() => make(share, 'after'))).toBe('ENOSPC');
      expect(await refusal(() => here.directory.records.stable())).toBe(hasJournal ? undefined : 'ENOSPC');
      share.remove(share.root(), ROOT, 'before');
      expect(namesIn(share)).toEqual(['during']);
      here.faults.heal();
      await waiting;
      await share.stable();
      await vi.waitFor(() => expect(here.directory.figures.full).toBe(false), { timeout: 20_000 });
      make(share, 'after');
      await share.stable();
      const told = here.events.map(({ type }) => type);
      expect([told[0], told.at(-1)]).toEqual(['full', 'room']);
      expect(told).not.toContain('stopped');
      const killed = await afterKill(here, { journalPlace: journalPlace.copy() });
      expect(namesIn(await open(killed, 1))).toEqual(['during', 'after']);
    },
  );

  test('lets extended attributes be removed', async () => {
    const here = await world(undefined, { limits });
    const share = await open(here, 1);
    const file = make(share, 'file');
    share.xattr.set(file, ROOT, 'user.x', X, XattrMode.EITHER);
    await share.stable();
    here.faults.fail('commit', 'ENOSPC');
    make(share, 'during');
    const waiting = Promise.resolve(share.stable());
    await vi.waitFor(() => expect(here.directory.figures.full).toBe(true), { timeout: 20_000 });
    const more = () => share.xattr.set(file, ROOT, 'user.y', X, XattrMode.EITHER);
    expect(await refusal(more)).toBe('ENOSPC');
    share.xattr.remove(file, ROOT, 'user.x');
    expect(share.xattr.list(file, ROOT)).toEqual([]);
    here.faults.heal();
    await waiting;
    await share.stable();
  });

  test('does not keep the server from closing, and the next start has it all', async () => {
    const here = await world(undefined, { limits });
    const share = await open(here, 1);
    here.faults.fail('commit', 'ENOSPC');
    make(share, 'during');
    await share.stable();
    expect(await refusal(() => share.close())).toBe('ENOSPC');
    expect(await refusal(() => here.directory.close())).toBe('ENOSPC');
    expect(namesIn(await open(await world(here.path), 1))).toEqual(['during']);
  });
});

describe('with grade crash, a journal that cannot be written', () => {
  const bytes = (text: string): Buffer => Buffer.from(text);

  test('stops every share and lets nothing be acknowledged; a start makes all of it last', async () => {
    const place = new MemoryPlace();
    const options = { durability: 'crash', journalPlace: place, bootId: () => 'boot 1' } as const;
    const here = await world(undefined, options);
    const journal = here.directory.stateStore.journal;
    if (journal === undefined) throw new Error('no journal');
    await journal.load();
    const records = new EngineRecords(journal);
    const share = await open(here, 1);
    make(share, 'kept');
    records.append([['a', bytes('1')]], false);
    journal.flush();
    place.failure = new Error('bad block');
    make(share, 'during');
    records.append([['a', bytes('2')]], false);
    for (let i = 0; i < 2; i++)
      expect(() => journal.flush()).toThrowError(expect.objectContaining({ code: 'EIO' }));
    expect(await refusal(() => make(share, 'after'))).toBe('EIO');
    expect(share.stopped).toMatchObject({ cause: 'journal', reason: 'bad block' });
    records.append([['b', bytes('3')]], false);

    // Killed then, all that was acknowledged is there.
    const killed = await afterKill(here, { ...options, journalPlace: place.copy() });
    expect(namesIn(await open(killed, 1))).toEqual(['kept']);
    expect(await loaded(killed)).toEqual({ a: '1' });

    expect(await refusal(() => here.directory.startShare(1))).toBe('EIO');
    expect(() => journal.flush()).toThrowError(expect.objectContaining({ code: 'EIO' }));
    place.failure = undefined;
    await here.directory.startShare(1);
    journal.flush();
    make(share, 'after');
    journal.flush();
    await here.directory.records.stable();
    // The store learns which journal is true with the next commit.
    await vi.waitFor(
      async () => {
        const next = await afterKill(here, { ...options, journalPlace: place.copy() });
        expect(await loaded(next)).toEqual({ a: '2', b: '3' });
        expect(namesIn(await open(next, 1))).toEqual(['kept', 'during', 'after']);
      },
      { timeout: 20_000, interval: 200 },
    );
  });

  test('for want of room takes the room that is set aside', async () => {
    const path = await scratch();
    const reserve = join(path, 'reserve');
    let isFull = false;
    const inner = new MemoryPlace();
    const hasRoom = () => !isFull || statSync(reserve).size === 0;
    const journalPlace: JournalPlace = {
      read: () => inner.read(),
      draft(isSynced) {
        const file = inner.draft(isSynced);
        const append = (data: Buffer, length: number) => {
          if (!hasRoom()) throw Object.assign(new Error('ENOSPC: injected'), { code: 'ENOSPC' });
          file.append(data, length);
        };
        return { append, sync: () => file.sync(), close: () => file.close() };
      },
      adopt: () => inner.adopt(),
      syncNames: () => inner.syncNames(),
      retire: () => inner.retire(),
      remove: () => inner.remove(),
    };
    const here = await world(path, { durability: 'crash', journalPlace, limits: { fullRetryMs: 3_600_000 } });
    const share = await open(here, 1);
    await vi.waitFor(() => expect(statSync(reserve).size).toBeGreaterThan(0), { timeout: 20_000 });
    isFull = true;
    make(share, 'during');
    await share.stable();
    expect(share.stopped).toBeUndefined();
    expect(here.events.map(({ type }) => type)).toEqual(['full']);
    expect(await refusal(() => make(share, 'after'))).toBe('ENOSPC');
    const next = await afterKill(here, { durability: 'crash', journalPlace: inner.copy() });
    expect(namesIn(await open(next, 1))).toEqual(['during']);
  });
});

async function loaded({ directory }: World): Promise<Record<string, string> | undefined> {
  const records = await directory.stateStore.journal?.load();
  return records && Object.fromEntries([...records].map(([key, value]) => [key, value.toString()]));
}
