import fs from 'node:fs';
import { join } from 'node:path';
import { Stability } from '@dfs/nfs';
import { describe, expect, test, vi } from 'vitest';
import { pathOf } from '../src/content/host-files.ts';
import type { ContentStore } from '../src/content/index.ts';
import { type Inode, openDataDirectory, type ShareFileSystem } from '../src/index.ts';
import { Faults, faultyContent } from './faults/faulty.ts';
import {
  copyOf,
  expectAfterLoss,
  found,
  KIB,
  large,
  loseContent,
  make,
  type Run,
  SHARE,
  small,
  start,
  write,
} from './kept-runs.ts';
import { cleanUpAfterEach, contentOf, ROOT, ROOT_DIRECTORY, refusal } from './support.ts';

/** What the journal keeps of content while something else fails, stops, or goes on beside it. */

cleanUpAfterEach();

const { UNSTABLE, FILE_SYNC } = Stability;
const eio = () => Object.assign(new Error('EIO: injected'), { code: 'EIO' });
const settledWith = (work: unknown) => Promise.resolve(work).catch(() => {});
const WAIT = { timeout: 60_000, interval: 5 };

/** A sync fails, as one for a COMMIT of another file. */
async function stop({ share, faults }: Run): Promise<void> {
  const other = make(share, 'unsynced');
  await write(share, other, 0, small('x'), UNSTABLE);
  faults.fail('sync', 'EIO');
  await settledWith((async () => share.commit(other, 0, 0))());
  expect(share.stopped).toBeDefined();
  faults.heal();
}

describe('beside others', () => {
  test('is there when the journal was written anew, though another share was opened after its own', async () => {
    const run = await start({ keptContentBytes: 16 * KIB });
    const { share, directory } = run;
    const other = await directory.openShare(2, ROOT_DIRECTORY);
    const file = make(other, 'many');
    await write(share, make(share), 0, small('a'));
    const rewrites = () => directory.figures.journal?.rewrites ?? 0;
    const before = rewrites();
    for (let i = 0; rewrites() === before; i++) await write(other, file, (i % 100) * KIB, small('z'));
    await write(other, file, 0, small('y'));
    await expectAfterLoss(run, small('a'));
  });

  test('of another share, whose files are synced later: it does not come back', async () => {
    const run = await start({ keptContentBytes: 16 * KIB });
    const { directory, synced } = run;
    await run.share.close();
    // Settled before the one that is opened last.
    const first = await directory.openShare(2, ROOT_DIRECTORY);
    const share = await directory.openShare(SHARE, ROOT_DIRECTORY);
    const [blocker, file] = [make(first), make(share)];
    await share.stable();
    const gate = Promise.withResolvers<void>();
    let isWaitedFor = false;
    synced.others = () => {
      isWaitedFor = true;
      return gate.promise;
    };
    const rewrites = directory.figures.journal?.rewrites;
    // Enough for the journal to be written anew, however long that takes to begin, and too little for it to take no more: then the writes would wait.
    for (let i = 0; !isWaitedFor; i++) await write(first, blocker, i * KIB, small('z', i < 40 ? KIB : 1));
    await write(share, file, 0, small('a'));
    gate.resolve();
    while (directory.figures.journal?.rewrites === rewrites) await write(first, blocker, 0, small('t', 1));
    await write(first, blocker, 0, small('t', 1));
    await write(share, file, 0, small('b'), UNSTABLE);
    await share.commit(file, 0, 0);
    await share.stable();
    await expectAfterLoss({ ...run, share }, small('b'));
  });

  test('threads write in an order of their own: what the file has last is there', async () => {
    const run = await start();
    const { share, synced } = run;
    const file = make(share);
    const gate = Promise.withResolvers<void>();
    synced.thread = async (writing) => {
      await writing();
      await gate.promise;
    };
    const threaded = Promise.resolve(share.write(file, 0, small('a'), FILE_SYNC));
    synced.thread = undefined;
    await write(share, file, 0, small('b'));
    gate.resolve();
    await threaded;
    await share.stable();
    expect(await contentOf(share, file)).toEqual(small('b'));
    await expectAfterLoss(run, small('b'));
  });
});

describe('a sync that failed', () => {
  test('is known after the end of the process, though nobody was answered', async () => {
    const run = await start();
    const file = make(run.share);
    const other = make(run.share, 'g');
    await write(run.share, file, 0, small('a'));
    await write(run.share, other, 0, small('x'), UNSTABLE);
    const gate = Promise.withResolvers<void>();
    run.faults.slowness = () => gate.promise;
    const committing = settledWith((async () => run.share.commit(other, 0, 0))());
    await run.share.stable();
    run.faults.fail('sync', 'EIO');
    gate.resolve();
    await committing;
    const path = await copyOf(run);
    const place = run.place.copy();
    loseContent({ ...run, path }, file);
    const next = await start({ path, place });
    expect(await contentOf(next.share, found(next.share))).toEqual(small('a'));
  });

  test('at the end of the server is known to the next one', async () => {
    const run = await start();
    const { directory, share, faults, path } = run;
    const file = make(share);
    await write(share, file, 0, small('a'));
    faults.fail('sync', 'EIO');
    await expect(directory.close()).rejects.toThrow();
    loseContent(run, file);
    const next = await start({ path, place: run.place.copy() });
    expect(await contentOf(next.share, found(next.share))).toEqual(small('a'));
  });

  test('at a start is known to the next one', async () => {
    const run = await start();
    const file = make(run.share);
    await write(run.share, file, 0, small('a'));
    const path = await copyOf(run);
    const place = run.place.copy();
    const faults = new Faults();
    faults.fail('sync', 'EIO');
    const between = { content: (store: ContentStore) => faultyContent(store, faults) };
    const opening = () => openDataDirectory(path, { bootId: () => 'boot 1', between, journalPlace: place });
    expect(await refusal(opening)).toBe('UNUSABLE');
    loseContent({ ...run, path }, file);
    const next = await start({ path, place });
    expect(await contentOf(next.share, found(next.share))).toEqual(small('a'));
  });

  test('what was held in that moment is there when the share starts', async () => {
    const run = await start();
    const { share, faults, directory } = run;
    const [file, other] = [make(share), make(share, 'g')];
    await write(share, file, 0, small('z'));
    await write(share, other, 0, small('x'), UNSTABLE);
    const gate = Promise.withResolvers<void>();
    faults.slowness = () => gate.promise;
    const committing = settledWith((async () => share.commit(other, 0, 0))());
    const release = share.hold();
    expect(await share.write(file, 0, small('a'), FILE_SYNC)).toBe(FILE_SYNC);
    faults.fail('sync', 'EIO');
    gate.resolve();
    await committing;
    faults.heal();
    loseContent(run, file);
    await directory.startShare(SHARE);
    release();
    expect(await contentOf(share, file)).toEqual(small('a'));
  });

  test('brings no content back of files that are gone', async () => {
    const run = await start({ keptContentBytes: 16 * KIB });
    const { share, directory, path } = run;
    const file = make(share);
    await write(share, file, 0, small('a'));
    const content = join(path, 'content', String(SHARE), pathOf(file.fileid));
    expect(fs.existsSync(content)).toBe(true);
    share.remove(share.root(), ROOT, 'f');
    await share.stable();
    await vi.waitFor(() => expect(fs.existsSync(content)).toBe(false), WAIT);
    await stop(run);
    await directory.startShare(SHARE);
    expect(fs.existsSync(content)).toBe(false);
  });
});

describe('a share that was closed while it had stopped', () => {
  async function closed(run: Run): Promise<Inode> {
    const file = make(run.share);
    await write(run.share, file, 0, small('a'));
    await stop(run);
    await run.share.close();
    return file;
  }

  /** The journal can be written anew. */
  async function expectRewrite({ directory }: Run, share: ShareFileSystem): Promise<void> {
    const file = make(share, 'many');
    const before = directory.figures.journal?.rewrites;
    await vi.waitFor(async () => {
      for (let i = 0; i < 32; i++) await write(share, file, i * KIB, small('m'));
      expect(directory.figures.journal?.rewrites).toBeGreaterThan(before ?? 0);
    }, WAIT);
  }

  test('has what was kept when it is opened again, and what comes after that is not undone', async () => {
    const run = await start({ keptContentBytes: 16 * KIB });
    const { directory, synced } = run;
    loseContent(run, await closed(run));
    const share = await directory.openShare(SHARE, ROOT_DIRECTORY);
    const file = found(share);
    expect(await contentOf(share, file)).toEqual(small('a'));
    await write(share, file, 0, large('b'));
    await expectAfterLoss({ ...run, share }, large('b'));
    const warm = await start({ path: await copyOf(run), place: run.place.copy(), synced });
    expect(await contentOf(warm.share, found(warm.share))).toEqual(large('b'));
    await expectRewrite(run, share);
  });

  test('leaves nothing to another one with its number', async () => {
    const run = await start({ keptContentBytes: 16 * KIB });
    const { directory } = run;
    const { fileid } = await closed(run);
    await directory.removeShare(SHARE);
    const share = await directory.openShare(SHARE, ROOT_DIRECTORY);
    const file = make(share);
    expect(file.fileid).toBe(fileid);
    await write(share, file, 0, small('b', 1), UNSTABLE);
    await share.commit(file, 0, 0);
    await share.stable();
    await expectAfterLoss({ ...run, share }, small('b', 1));
    await expectRewrite(run, share);
  });
});

describe('with a journal that is lost as well', () => {
  test('all starts again when the disk is well', async () => {
    const run = await start();
    const { share, place, faults, directory } = run;
    const file = make(share);
    await write(share, file, 0, small('a'));
    faults.fail('sync', 'EIO');
    place.failure = eio();
    await expect(write(share, file, 0, small('b'))).rejects.toThrow();
    await vi.waitFor(() => expect(directory.figures.stopped).toBeDefined(), WAIT);
    place.failure = undefined;
    await settledWith(directory.startShare(SHARE));
    expect(share.stopped).toBeDefined();
    faults.heal();
    loseContent(run, file);
    await directory.startShare(SHARE);
    expect(await contentOf(share, file)).toEqual(small('a'));
    await write(share, file, KIB, small('c'));
    await expectAfterLoss(run, Buffer.concat([small('a'), small('c')]));
  });

  test('while a commit is under way that does not say so: it is answered when its file is synced', async () => {
    const run = await start({ keptContentBytes: 1024 * KIB });
    const { share, place, faults, directory, synced } = run;
    const file = make(share);
    await share.stable();
    const syncing = Promise.withResolvers<void>();
    place.slowness = () => syncing.promise;
    const committing = Promise.withResolvers<void>();
    let waiting = 0;
    const slowUntil = (gate: Promise<void>) => () => {
      waiting++;
      return gate;
    };
    faults.slowness = slowUntil(committing.promise);
    await share.write(file, 0, small('a'), FILE_SYNC);
    const onDisk = Promise.resolve(share.stable()).then(() => synced.content.get(file.fileid));
    await vi.waitFor(() => expect(waiting).toBe(1), WAIT);
    place.failure = eio();
    syncing.resolve();
    await vi.waitFor(() => expect(directory.figures.journal?.lost).toBe(true), WAIT);
    const settling = Promise.withResolvers<void>();
    faults.slowness = slowUntil(settling.promise);
    committing.resolve();
    await vi.waitFor(() => expect(waiting).toBe(2), WAIT);
    settling.resolve();
    expect(await onDisk).toEqual(small('a'));
  });

  test('between the last commit of a start and the journal that takes its place', async () => {
    const run = await start({ keptContentBytes: 1024 * KIB });
    const { share, place, faults, directory } = run;
    const file = make(share);
    await write(share, file, 0, small('a'));
    const syncing = Promise.withResolvers<void>();
    place.slowness = () => syncing.promise;
    await share.write(file, KIB, small('b'), FILE_SYNC);
    const waiting = settledWith(share.stable());
    faults.fail('commit', 'EIO');
    await vi.waitFor(() => expect(directory.figures.stopped).toBeDefined(), WAIT);
    faults.heal();
    const committing = Promise.withResolvers<void>();
    let isCommitting = false;
    faults.slowness = () => {
      isCommitting = true;
      return committing.promise;
    };
    const starting = directory.startShare(SHARE);
    await vi.waitFor(() => expect(isCommitting).toBe(true), WAIT);
    faults.slowness = undefined;
    place.failure = eio();
    syncing.resolve();
    await waiting;
    expect(directory.figures.journal?.lost).toBe(true);
    place.failure = undefined;
    place.slowness = undefined;
    committing.resolve();
    await starting;
    expect(directory.figures.journal?.lost).toBe(false);
    await write(share, make(share, 'g'), 0, small('c'));
    await expectAfterLoss(run, Buffer.concat([small('a'), small('b')]));
  });
});
