import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { Stability } from '@dfs/nfs';
import { expect, test, vi } from 'vitest';
import { filesIn } from '../../src/content/host-files.ts';
import { checkDataDirectory, type Inode, openDataDirectory, type ShareFileSystem } from '../../src/index.ts';
import { HOST_PAGE_BYTES } from '../../src/limits.ts';
import {
  cleanUpAfterEach,
  cleanups,
  closedOnce,
  ROOT,
  ROOT_DIRECTORY,
  refusal,
  scratch,
} from '../support.ts';
import { Faults, faultyContent } from './faulty.ts';

cleanUpAfterEach();

const X = Buffer.from('x');
const { UNSTABLE, FILE_SYNC } = Stability;

type Change = (share: ShareFileSystem, file: Inode, other: Inode) => unknown;

/** What first cuts what an earlier failure may have left beyond the end, and waits for a sync to do so. */
const CHANGES: readonly [string, Change][] = [
  ['an unstable write', (share, file) => share.write(file, 0, X, UNSTABLE)],
  ['a stable write', (share, file) => share.write(file, 0, X, FILE_SYNC)],
  ['a longer size', (share, file) => share.setAttributes(file, ROOT, { size: 100 })],
  ['ALLOCATE', (share, file) => share.sparse?.allocate(file, 0, 10)],
  ['DEALLOCATE', (share, file) => share.sparse?.deallocate(file, 0, 1)],
  ['a copy to it', (share, file, other) => share.copyRange(other, 0, file, 0, 1, false)],
  ['a copy from it', (share, file, other) => share.copyRange(file, 0, other, 0, 1, false)],
];

test.each(CHANGES)(
  '%s that waits while its file is removed does not bring content back',
  async (_, change) => {
    const path = await scratch();
    const faults = new Faults();
    const opened = await openDataDirectory(path, {
      between: { content: (store) => faultyContent(store, faults) },
    });
    const directory = closedOnce(opened);
    cleanups.push(() => directory.close());
    const share = await directory.openShare(1, ROOT_DIRECTORY);
    const [file, other] = ['f', 'other'].map((name) => share.createFile(share.root(), ROOT, name, {})) as [
      Inode,
      Inode,
    ];
    await share.write(other, 0, X, FILE_SYNC);
    await share.write(file, 0, Buffer.from('abc'), UNSTABLE);
    faults.fail('write', 'ENOSPC');
    expect(await refusal(() => share.write(file, 3, X, UNSTABLE))).toBe('ENOSPC');
    faults.heal();

    const gate = Promise.withResolvers<void>();
    let isWaiting = false;
    faults.slowness = () => {
      isWaiting = true;
      return gate.promise;
    };
    const changing = refusal(() => change(share, file, other));
    await vi.waitFor(() => expect(isWaiting).toBe(true), { timeout: 20_000 });
    share.remove(share.root(), ROOT, 'f');
    await share.stable();
    const folder = join(path, 'content', '1');
    const left = () => [...filesIn(folder, 0)];
    await vi.waitFor(() => expect(left()).toEqual([other.fileid]), { timeout: 20_000 });
    gate.resolve();
    expect(await changing).toBe('ESTALE');
    await share.stable();
    expect(left()).toEqual([other.fileid]);
    const { held } = share;
    await directory.close();
    expect((await checkDataDirectory(path)).findings.counts).toEqual(new Map());
    expect(held).toEqual({ bytes: HOST_PAGE_BYTES, files: 1 });
  },
);

test.each(['power', 'crash'] as const)(
  'content of a file whose removal is kept nowhere yet stays, though orphans of the last run are looked for (%s)',
  async (durability) => {
    const path = await scratch();
    const options = { durability, limits: { lazyCommitMs: 3_600_000 } };
    const directory = closedOnce(await openDataDirectory(path, options));
    cleanups.push(() => directory.close());
    const share = await directory.openShare(1, ROOT_DIRECTORY);
    const file = share.createFile(share.root(), ROOT, 'f', {});
    await share.write(file, 0, X, UNSTABLE);
    await share.commit(file, 0, 0);
    await share.stable();
    share.remove(share.root(), ROOT, 'f');
    share.settled();
    for (let turns = 0; turns < 50; turns++) await new Promise((resolve) => setImmediate(resolve));
    const copy = join(await scratch(), 'copy');
    await cp(path, copy, { recursive: true });
    const next = closedOnce(await openDataDirectory(copy, options));
    cleanups.push(() => next.close());
    const again = await next.openShare(1, ROOT_DIRECTORY);
    const found = again.lookup(again.root(), ROOT, 'f');
    const target = Buffer.alloc(X.length);
    await again.read(found, 0, target);
    expect(target).toEqual(X);
  },
);
