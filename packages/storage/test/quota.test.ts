import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { FileType, Stability } from '@dfs/nfs';
import { describe, expect, test } from 'vitest';
import { key32, Table } from '../src/file-system/keys.ts';
import {
  type DataDirectory,
  type Inode,
  LmdbMetadataStore,
  openDataDirectory,
  type ShareFileSystem,
} from '../src/index.ts';
import {
  ALICE,
  bytesOf,
  cleanUpAfterEach,
  contentOf,
  KINDS,
  list,
  newShare,
  ROOT,
  ROOT_DIRECTORY,
  refusal,
  scratch,
} from './support.ts';

cleanUpAfterEach();

const { UNSTABLE, FILE_SYNC } = Stability;
const KIB = 1024;
/** A whole number of blocks of either content store. */
const UNIT = 16 * KIB;

const bytes = (count: number, fill = 7) => Buffer.alloc(count, fill);
const create = (share: ShareFileSystem, name: string) => share.createFile(share.root(), ALICE, name, {});
const write = (share: ShareFileSystem, file: Inode, at: number, data: Buffer, how: Stability = UNSTABLE) =>
  refusal(() => share.write(file, at, data, how));

/** What the objects that are listed come to. */
function sum(share: ShareFileSystem, dir = share.root()): { bytes: number; files: number } {
  let total = { bytes: 0, files: 0 };
  for (const { node } of list(share, dir)) {
    const below = node.isDirectory ? sum(share, node) : { bytes: 0, files: 0 };
    total = { bytes: total.bytes + bytesOf(share, node) + below.bytes, files: total.files + 1 + below.files };
  }
  return total;
}

describe.each(KINDS)('a quota on $name', (kind) => {
  test.each([
    ['unstable', UNSTABLE],
    ['synced', FILE_SYNC],
  ])('of bytes bounds what is stored, to the byte, by %s writes', async (_name, how) => {
    const share = await newShare(kind);
    share.quota = { bytes: 10 * UNIT, files: undefined };
    const [a, b] = [create(share, 'a'), create(share, 'b')];
    for (let i = 0; i < 7; i++) expect(await write(share, a, i * UNIT, bytes(UNIT), how)).toBeUndefined();
    expect(await write(share, b, 0, bytes(4 * UNIT), how)).toBe('EDQUOT');
    expect(share.attributes(b).size).toBe(0);
    expect(await write(share, b, 0, bytes(3 * UNIT), how)).toBeUndefined();
    expect(await write(share, b, 3 * UNIT, bytes(1), how)).toBe('EDQUOT');
    expect(share.held).toEqual({ bytes: 10 * UNIT, files: 2 });
    // Writing over what is there takes nothing.
    expect(await write(share, a, 10, bytes(3 * UNIT, 9), how)).toBeUndefined();
    // Nor does a hole.
    await share.setAttributes(a, ALICE, { size: 100 * UNIT });
    expect(share.held.bytes).toBe(10 * UNIT);
    expect(await write(share, a, 50 * UNIT, bytes(1), how)).toBe('EDQUOT');
    share.remove(share.root(), ALICE, 'b');
    await share.stable();
    expect(share.held).toEqual({ bytes: 7 * UNIT, files: 1 });
    expect(await write(share, a, 50 * UNIT, bytes(1), how)).toBeUndefined();
  });

  test('of bytes does not count small appends as a block each', async () => {
    const share = await newShare(kind);
    share.quota = { bytes: 2 * UNIT, files: undefined };
    const file = create(share, 'a');
    for (let i = 0; i < 64; i++) {
      expect([i, await write(share, file, i * 256, bytes(256))]).toEqual([i, undefined]);
    }
    expect(share.held.bytes).toBe(UNIT);
  });

  test('of bytes bounds writes that go on at the same time', async () => {
    const share = await newShare(kind);
    share.quota = { bytes: 1024 * KIB, files: undefined };
    const files = Array.from({ length: 8 }, (_, i) => create(share, `f${i}`));
    const results = await Promise.all(files.map((file) => write(share, file, 0, bytes(256 * KIB))));
    expect(results.filter((result) => result === undefined).length).toBe(4);
    expect(results.filter((result) => result === 'EDQUOT').length).toBe(4);
    expect(share.held.bytes).toBe(1024 * KIB);
  });

  test('of bytes bounds ALLOCATE, COPY and xattrs, and gives back what is cut or punched', async () => {
    const share = await newShare(kind);
    share.quota = { bytes: 8 * UNIT, files: undefined };
    const { sparse, xattr } = share;
    if (sparse === undefined) return;
    const [a, b] = [create(share, 'a'), create(share, 'b')];
    expect(await refusal(() => sparse.allocate(a, 0, 9 * UNIT))).toBe('EDQUOT');
    await sparse.allocate(a, 0, 8 * UNIT);
    expect(share.held.bytes).toBe(8 * UNIT);
    // What was reserved can be written, though nothing else can.
    expect(await write(share, a, UNIT, bytes(UNIT))).toBeUndefined();
    expect(await write(share, b, 0, bytes(1))).toBe('EDQUOT');
    expect(await refusal(() => xattr.set(b, ALICE, 'k', bytes(1), 0))).toBe('EDQUOT');
    expect(
      await refusal(() =>
        share.createObject(share.root(), ALICE, 'l', { type: FileType.SYMLINK, target: bytes(1) }, {}),
      ),
    ).toBe('EDQUOT');
    expect(list(share, share.root()).map(({ name }) => name)).toEqual(['a', 'b']);
    await sparse.deallocate(a, 0, 4 * UNIT);
    expect(share.held.bytes).toBe(4 * UNIT);
    await share.setAttributes(a, ALICE, { size: 6 * UNIT });
    await share.stable();
    await expect.poll(() => share.held.bytes).toBe(2 * UNIT);
    await share.write(a, 4 * UNIT, bytes(2 * UNIT), UNSTABLE);
    expect(await refusal(() => share.copyRange(a, 4 * UNIT, b, 0, 2 * UNIT, false))).toBeUndefined();
    expect(share.held.bytes).toBe(4 * UNIT);
    xattr.set(b, ALICE, 'key', bytes(1000), 0);
    expect(share.held.bytes).toBe(4 * UNIT + 1003);
    xattr.set(b, ALICE, 'key', bytes(100), 0);
    expect(share.held.bytes).toBe(4 * UNIT + 103);
    xattr.remove(b, ALICE, 'key');
    expect(share.held.bytes).toBe(4 * UNIT);
  });

  test('of bytes lets a sparse file be copied, which takes what its data takes', async () => {
    const share = await newShare(kind);
    share.quota = { bytes: 8 * UNIT, files: undefined };
    const [a, b] = [create(share, 'a'), create(share, 'b')];
    await share.setAttributes(a, ALICE, { size: 1000 * UNIT });
    await share.write(a, 500 * UNIT, bytes(UNIT), UNSTABLE);
    expect(await share.copyRange(a, 0, b, 0, 1000 * UNIT, false)).toBe(1000 * UNIT);
    expect(share.held.bytes).toBe(2 * UNIT);
  });

  test('of files bounds objects of every kind, not names', async () => {
    const share = await newShare(kind);
    share.quota = { bytes: undefined, files: 3 };
    const root = share.root();
    const file = create(share, 'file');
    const dir = share.createObject(root, ALICE, 'dir', { type: FileType.DIRECTORY }, {});
    share.createObject(dir, ALICE, 'link', { type: FileType.SYMLINK, target: Buffer.from('x') }, {});
    const before = { ...share.attributes(root) };
    for (const type of [FileType.DIRECTORY, FileType.FIFO] as const) {
      expect(await refusal(() => share.createObject(root, ALICE, 'more', { type }, {}))).toBe('EDQUOT');
    }
    expect(await refusal(() => create(share, 'more'))).toBe('EDQUOT');
    expect(share.attributes(root)).toMatchObject({ change: before.change, nlink: before.nlink });
    share.link(file, dir, ALICE, 'second');
    share.rename(root, 'file', dir, 'third', ALICE);
    share.remove(dir, ALICE, 'second');
    expect(share.held.files).toBe(3);
    // Open, it is still there.
    share.retain(file);
    share.remove(dir, ALICE, 'third');
    expect(await refusal(() => create(share, 'more'))).toBe('EDQUOT');
    share.release(file);
    expect(share.held.files).toBe(2);
    create(share, 'more');
    expect(share.held.files).toBe(3);
  });

  test('is what a client sees as the size of the file system', async () => {
    const share = await newShare(kind);
    const host = share.space(ALICE);
    share.quota = { bytes: 100 * UNIT, files: 10 };
    await share.write(create(share, 'a'), 0, bytes(30 * UNIT), UNSTABLE);
    expect(share.space(ALICE)).toEqual({
      bytesTotal: 100 * UNIT,
      bytesFree: 70 * UNIT,
      bytesAvailable: 70 * UNIT,
      filesTotal: 10,
      filesFree: 9,
      filesAvailable: 9,
    });
    share.quota = { bytes: 10 * UNIT, files: undefined };
    expect(share.space(ALICE)).toMatchObject({ bytesTotal: 30 * UNIT, bytesFree: 0, bytesAvailable: 0 });
    share.quota = { bytes: Number.MAX_SAFE_INTEGER, files: undefined };
    const { bytesTotal, bytesFree } = share.space(ALICE);
    expect(bytesTotal - bytesFree).toBe(30 * UNIT);
    expect(bytesTotal).toBeLessThanOrEqual(host.bytesTotal);
  });

  test('may be changed at any time, also to less than there is', async () => {
    const share = await newShare(kind);
    const file = create(share, 'a');
    await share.write(file, 0, bytes(4 * UNIT), UNSTABLE);
    share.quota = { bytes: UNIT, files: 0 };
    expect(await refusal(() => create(share, 'b'))).toBe('EDQUOT');
    expect(await write(share, file, 4 * UNIT, bytes(1))).toBe('EDQUOT');
    expect(await write(share, file, 0, bytes(2 * UNIT, 8))).toBeUndefined();
    expect((await contentOf(share, file)).subarray(0, 2 * UNIT)).toEqual(bytes(2 * UNIT, 8));
    share.quota = { bytes: undefined, files: undefined };
    expect(await write(share, file, 4 * UNIT, bytes(1))).toBeUndefined();
  });
});

async function fill(share: ShareFileSystem): Promise<void> {
  const root = share.root();
  for (let i = 0; i < 20; i++) {
    const file = create(share, `f${i}`);
    await share.write(file, (i % 3) * UNIT, bytes(100 * (i + 1) ** 2), i % 2 === 0 ? UNSTABLE : FILE_SYNC);
    if (i % 4 === 0) share.xattr.set(file, ALICE, 'k', bytes(i), 0);
    if (i % 5 === 0) await share.setAttributes(file, ALICE, { size: 10 });
    if (i % 7 === 0) share.remove(root, ALICE, `f${i}`);
  }
  share.createObject(root, ALICE, 'link', { type: FileType.SYMLINK, target: Buffer.from('there') }, {});
  for (const { node } of list(share, root)) if (node.isFile) await share.commit(node, 0, 0);
  share.setAttributes(root, ROOT, { mode: 0o777 });
  await share.stable();
}

describe('what a share holds', () => {
  const reopen = async (path: string): Promise<[DataDirectory, ShareFileSystem]> => {
    const directory = await openDataDirectory(path);
    return [directory, await directory.openShare(1, ROOT_DIRECTORY)];
  };

  test('is the sum of its objects, also after a stop and after a crash', async () => {
    const path = await scratch();
    const [first, share] = await reopen(path);
    await fill(share);
    // The cuts of content follow their commits.
    await expect.poll(() => share.held.bytes).toBe(sum(share).bytes);
    const held = share.held;
    expect(held).toEqual(sum(share));
    share.setAttributes(share.root(), ROOT, { mode: 0o777 });
    await share.stable();
    const crashed = await scratch();
    // Holes stay holes, which cpSync would fill.
    execFileSync('cp', ['-a', `${path}/.`, crashed]);
    await first.close();
    for (const copy of [path, crashed]) {
      const [directory, again] = await reopen(copy);
      // Before anything is looked at, and after.
      expect(again.held).toEqual(held);
      const counted = sum(again);
      expect(again.held).toEqual(counted);
      // A copy may take other blocks than what it was made from.
      if (copy === path) expect(counted).toEqual(held);
      await directory.close();
    }
  });

  test('is counted where nothing says so', async () => {
    const path = await scratch();
    const [first, share] = await reopen(path);
    await fill(share);
    await first.close();
    const metadata = new LmdbMetadataStore(join(path, 'meta'));
    await metadata.commit(new Map([[key32(1) + Table.USAGE, undefined]]));
    await metadata.close();
    const [directory, again] = await reopen(path);
    const held = again.held;
    expect(held.files).toBeGreaterThan(15);
    expect(held).toEqual(sum(again));
    await directory.close();
    const [last, third] = await reopen(path);
    expect(third.held).toEqual(held);
    await last.close();
  });

  test('does not count what was unlinked while open, after the next start', async () => {
    const path = await scratch();
    const [first, share] = await reopen(path);
    const file = create(share, 'f');
    await share.write(file, 0, bytes(4 * UNIT), FILE_SYNC);
    share.retain(file);
    share.remove(share.root(), ALICE, 'f');
    expect(share.held).toEqual({ bytes: 4 * UNIT, files: 1 });
    await first.close();
    const [directory, again] = await reopen(path);
    again.settled();
    await expect.poll(() => again.held).toEqual({ bytes: 0, files: 0 });
    await directory.close();
  });

  test('stays right where writes fail', async () => {
    const share = await newShare(KINDS[0] as (typeof KINDS)[0], { limits: { memoryBytes: 8 * UNIT } });
    const file = create(share, 'f');
    share.quota = { bytes: 16 * UNIT, files: undefined };
    for (let i = 0; i < 3; i++) expect(await write(share, file, 0, bytes(9 * UNIT))).toBe('ENOSPC');
    expect(share.held.bytes).toBe(0);
    expect(await write(share, file, 0, bytes(8 * UNIT))).toBeUndefined();
    expect(share.held.bytes).toBe(8 * UNIT);
  });
});
