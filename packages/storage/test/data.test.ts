import { type Credentials, FileType, Stability } from '@dfs/nfs';
import { describe, expect, test } from 'vitest';
import type { Inode, ShareFileSystem } from '../src/index.ts';
import { ALICE, BOB, cleanUpAfterEach, contentOf, KINDS, newShare, ROOT, refusal } from './support.ts';

cleanUpAfterEach();

const { UNSTABLE, DATA_SYNC, FILE_SYNC } = Stability;
const KIB = 1024;
const MIB = KIB * KIB;
const BLOCK = 64 * KIB;

/** Ways to change what is in a file. */
const CHANGES: Record<string, (share: ShareFileSystem, file: Inode, cred: Credentials) => unknown> = {
  write: (share, file, cred) => share.write(file, 0, Buffer.from('x'), UNSTABLE, cred),
  'stable write': (share, file, cred) => share.write(file, 0, Buffer.from('x'), FILE_SYNC, cred),
  'large write': (share, file, cred) => share.write(file, 0, Buffer.alloc(MIB), UNSTABLE, cred),
  reservation: (share, file, cred) => share.sparse?.allocate(file, 0, BLOCK, cred),
  hole: (share, file, cred) => share.sparse?.deallocate(file, 0, BLOCK, cred),
  copy: async (share, file, cred) => {
    const from = share.createFile(share.root(), cred, `from ${cred.uid}`, {});
    await share.write(from, 0, Buffer.from('content'), UNSTABLE, cred);
    await share.copyRange(from, 0, file, 0, 7, false, cred);
  },
};

describe.each(KINDS)('data on $name', (kind) => {
  async function file(limits = {}) {
    const share = await newShare(kind, { limits });
    return { share, node: share.createFile(share.root(), ALICE, 'f', { mode: 0o644 }) };
  }

  test('what is written is read, at once where it is small', async () => {
    const { share, node } = await file();
    expect(share.write(node, 0, Buffer.from('hello world'), UNSTABLE)).toBe(UNSTABLE);
    const target = Buffer.alloc(5);
    expect(share.read(node, 6, target)).toBe(5);
    expect(target.toString()).toBe('world');
    expect(share.read(node, 11, target)).toBe(0);
    expect(share.read(node, 9, target)).toBe(2);
    expect(share.attributes(node).size).toBe(11);
    expect(await share.write(node, 5, Buffer.alloc(0), UNSTABLE)).toBe(UNSTABLE);
  });

  test('stable writes and commits answer when all is stable', async () => {
    const { share, node } = await file();
    expect(await share.write(node, 0, Buffer.from('a'), FILE_SYNC)).toBe(FILE_SYNC);
    expect(await share.write(node, 1, Buffer.from('b'), DATA_SYNC)).toBe(FILE_SYNC);
    await share.stable();
    share.write(node, 2, Buffer.from('c'), UNSTABLE);
    await share.commit(node, 0, 0);
    await share.commit(node, 0, 0);
    expect(share.stable()).toBeUndefined();
    expect((await contentOf(share, node)).toString()).toBe('abc');
  });

  test('an unstable write waits for no commit', async () => {
    const { share, node } = await file();
    await share.stable();
    share.write(node, 0, Buffer.from('x'), UNSTABLE);
    expect(share.stable()).toBeUndefined();
  });

  test('`used` counts what is there, not holes', async () => {
    const { share, node } = await file();
    await share.write(node, 10 * MIB, Buffer.alloc(BLOCK, 1), UNSTABLE);
    expect(share.attributes(node).size).toBe(10 * MIB + BLOCK);
    expect(share.attributes(node).used).toBeGreaterThanOrEqual(BLOCK);
    expect(share.attributes(node).used).toBeLessThan(MIB);
  });

  test('truncation: cut content does not come back when the file grows', async () => {
    const { share, node } = await file();
    await share.write(node, 0, Buffer.alloc(2 * BLOCK, 1), UNSTABLE);
    // Without a wait in between: the second change meets the first one's cut.
    const cut = share.setAttributes(node, ALICE, { size: 10 });
    const grown = share.setAttributes(node, ALICE, { size: BLOCK });
    const writing = share.write(node, 20, Buffer.from('new'), UNSTABLE);
    await Promise.all([cut, grown, writing]);
    await share.stable();
    const expected = Buffer.alloc(BLOCK);
    expected.fill(1, 0, 10).write('new', 20);
    expect(Buffer.compare(await contentOf(share, node), expected)).toBe(0);
    await share.setAttributes(node, ALICE, { size: 0 });
    await share.stable();
    await share.setAttributes(node, ALICE, { size: 5 });
    expect(await contentOf(share, node)).toEqual(Buffer.alloc(5));
  });

  test('large writes, cuts and growth that overlap end as if done in some order', async () => {
    const { share, node } = await file();
    const large = 4 * MIB;
    await Promise.all([
      share.write(node, 0, Buffer.alloc(large, 1), UNSTABLE),
      share.setAttributes(node, ALICE, { size: 100 }),
      share.write(node, large, Buffer.alloc(large, 2), UNSTABLE),
      share.setAttributes(node, ALICE, { size: large * 3 }),
    ]);
    const { size } = share.attributes(node);
    expect(size).toBe(large * 3);
    const content = await contentOf(share, node, size);
    expect(content.length).toBe(size);
    expect(content.subarray(large * 2).every((byte) => byte === 0)).toBe(true);
  });

  test('a truncation sets mtime and ctime, growth leaves a hole, limits are kept', async () => {
    let now = 5_000;
    const share = await newShare(kind, { now: () => now });
    const node = share.createFile(share.root(), ALICE, 'f', { mode: 0o644 });
    now += 2000;
    await share.setAttributes(node, ALICE, { size: 3 * MIB });
    expect(share.attributes(node)).toMatchObject({
      size: 3 * MIB,
      used: 0,
      mtimeSec: 7,
      ctimeSec: 7,
      btimeSec: 5,
    });
    const tooLarge = share.abilities.maxFileSize + 1;
    expect(await refusal(() => share.setAttributes(node, ALICE, { size: tooLarge }))).toBe('EFBIG');
    expect(
      await refusal(() => share.write(node, share.abilities.maxFileSize, Buffer.from('xx'), UNSTABLE)),
    ).toBe('EFBIG');
    expect(await refusal(() => share.setAttributes(share.root(), ROOT, { size: 1 }))).toBe('EISDIR');
    expect(share.attributes(node).size).toBe(3 * MIB);
  });

  test('permission for truncation, unless the open gave it', async () => {
    const { share, node } = await file();
    share.setAttributes(node, ALICE, { mode: 0o444 });
    expect(await refusal(() => share.setAttributes(node, ALICE, { size: 1 }))).toBe('EACCES');
    await share.setAttributes(node, ALICE, { size: 1, sizeGranted: true });
    expect(share.attributes(node).size).toBe(1);
    expect(await refusal(() => share.mayOpen(node, BOB, true, false))).toBeUndefined();
    expect(await refusal(() => share.mayOpen(node, BOB, true, true))).toBe('EACCES');
    const program = share.createFile(share.root(), ROOT, 'program', { mode: 0o711 });
    expect(await refusal(() => share.mayOpen(program, BOB, true, false))).toBeUndefined();
    expect(await refusal(() => share.mayOpen(program, BOB, false, true))).toBe('EACCES');
    expect(share.access(program, BOB, 0x21)).toBe(0x20); // the client is told that it may execute, not read
  });

  test('a write takes the set-id bits, a change of owner too', async () => {
    const { share, node } = await file();
    share.setAttributes(node, ALICE, { mode: 0o6755 });
    expect(share.attributes(node).mode).toBe(0o6755);
    share.write(node, 0, Buffer.from('x'), UNSTABLE);
    expect(share.attributes(node).mode).toBe(0o755);
    share.setAttributes(node, ALICE, { mode: 0o6755 });
    await share.setAttributes(node, ALICE, { size: 0 });
    expect(share.attributes(node).mode).toBe(0o755);
    await share.stable();
    share.setAttributes(node, ROOT, { mode: 0o4755 });
    share.setAttributes(node, ROOT, { uid: 1001 });
    expect(share.attributes(node)).toMatchObject({ mode: 0o755, uid: 1001 });
  });

  test.each(Object.keys(CHANGES))('a %s takes them, unless it is by root', async (name) => {
    const { share, node } = await file();
    await share.write(node, 0, Buffer.from('before'), UNSTABLE, ALICE);
    for (const [cred, left] of [
      [ROOT, 0o6755],
      [BOB, 0o755],
    ] as const) {
      if (share.sparse === undefined) return;
      share.setAttributes(node, ROOT, { mode: 0o6755 });
      await CHANGES[name]?.(share, node, cred);
      expect(share.attributes(node).mode).toBe(left);
    }
  });

  test('SETATTR is all or nothing, and asks whose file it is', async () => {
    const { share, node } = await file();
    const before = { ...share.attributes(node) };
    expect(await refusal(() => share.setAttributes(node, BOB, { mode: 0o777 }))).toBe('EPERM');
    expect(await refusal(() => share.setAttributes(node, ALICE, { mode: 0o600, uid: 0 }))).toBe('EPERM');
    expect(await refusal(() => share.setAttributes(node, BOB, { mtime: { sec: 1, nsec: 0 } }))).toBe('EPERM');
    expect(await refusal(() => share.setAttributes(node, BOB, { mtime: 'now' }))).toBe('EACCES');
    expect(
      await refusal(() => share.setAttributes(node, ALICE, { mode: 0, mtime: { sec: 1, nsec: 1e9 } })),
    ).toBe('EINVAL');
    expect({ ...share.attributes(node) }).toEqual(before);
    share.setAttributes(node, ALICE, { gid: 50, atime: { sec: 2 ** 40, nsec: 999_999_999 } });
    expect(share.attributes(node)).toMatchObject({ gid: 50, atimeSec: 2 ** 40, atimeNsec: 999_999_999 });
  });

  test('an unlinked file that is retained stays until it is released', async () => {
    const { share, node } = await file();
    const handle = Buffer.from(share.handle(node));
    await share.write(node, 0, Buffer.from('still here'), UNSTABLE);
    share.retain(node);
    share.retain(node);
    share.remove(share.root(), ALICE, 'f');
    await share.stable();
    expect(share.attributes(node).nlink).toBe(0);
    expect(share.resolve(handle)).toBe(node);
    share.release(node);
    await share.write(node, 10, Buffer.from('!'), FILE_SYNC);
    expect((await contentOf(share, node)).toString()).toBe('still here!');
    expect(await refusal(() => share.link(node, share.root(), ALICE, 'g'))).toBe('ENOENT');
    share.release(node);
    expect(await refusal(() => share.resolve(handle))).toBe('ESTALE');
    await share.stable();
  });

  test('removal gives the space back', async () => {
    const { share, node } = await file();
    const free = () => share.space(ROOT).bytesFree;
    await share.write(node, 0, Buffer.alloc(32 * MIB, 1), FILE_SYNC);
    await share.stable();
    const before = free();
    share.remove(share.root(), ALICE, 'f');
    await share.stable();
    await expect.poll(() => free() - before, { timeout: 5_000 }).toBeGreaterThan(16 * MIB);
  });

  test('SEEK, ALLOCATE and DEALLOCATE by RFC 7862', async () => {
    const { share, node } = await file();
    const sparse = share.sparse;
    if (sparse === undefined) throw new Error('this host is expected to have holes');
    await share.setAttributes(node, ALICE, { size: 10 * BLOCK });
    expect(await refusal(() => sparse.seek(node, 0, 'data'))).toBe('ENXIO');
    expect(sparse.seek(node, 3, 'hole')).toBe(3);
    await share.write(node, 4 * BLOCK, Buffer.alloc(2 * BLOCK, 1), UNSTABLE);
    expect(sparse.seek(node, 0, 'data')).toBe(4 * BLOCK);
    expect(sparse.seek(node, 4 * BLOCK, 'hole')).toBe(6 * BLOCK);
    expect(sparse.seek(node, 7 * BLOCK, 'hole')).toBe(7 * BLOCK);
    expect(await refusal(() => sparse.seek(node, 7 * BLOCK, 'data'))).toBe('ENXIO');
    expect(await refusal(() => sparse.seek(node, 10 * BLOCK, 'hole'))).toBe('ENXIO');
    await share.commit(node, 0, 0);
    const { used, change } = { ...share.attributes(node) };
    await sparse.deallocate(node, 4 * BLOCK, BLOCK);
    expect(used - share.attributes(node).used).toBe(BLOCK);
    expect(share.attributes(node)).toMatchObject({ size: 10 * BLOCK });
    expect(share.attributes(node).change).toBeGreaterThan(change);
    expect(sparse.seek(node, 0, 'data')).toBe(5 * BLOCK);
    await sparse.deallocate(node, 9 * BLOCK, 100 * BLOCK);
    await sparse.deallocate(node, 20 * BLOCK, BLOCK);
    expect(share.attributes(node).size).toBe(10 * BLOCK);
    await sparse.allocate(node, 9 * BLOCK, 3 * BLOCK);
    expect(share.attributes(node).size).toBe(12 * BLOCK);
    expect(share.attributes(node).used).toBeGreaterThanOrEqual(4 * BLOCK);
    expect(await refusal(() => sparse.allocate(node, 0, 0))).toBe('EINVAL');
    expect(await refusal(() => sparse.seek(share.root(), 0, 'data'))).toBe('EISDIR');
    expect(await refusal(() => sparse.allocate(node, 0, share.abilities.maxFileSize + 1))).toBe('EFBIG');
  });

  test('copies between files and within one; what cannot be shared says so', async () => {
    const { share, node } = await file();
    const other = share.createFile(share.root(), ALICE, 'g', { mode: 0o644 });
    await share.write(node, BLOCK, Buffer.alloc(BLOCK, 1), UNSTABLE);
    await share.setAttributes(node, ALICE, { size: 4 * BLOCK });
    expect(await share.copyRange(node, 0, other, 5, 100 * BLOCK, false)).toBe(4 * BLOCK);
    const expected = Buffer.alloc(4 * BLOCK + 5).fill(1, BLOCK + 5, 2 * BLOCK + 5);
    expect(Buffer.compare(await contentOf(share, other), expected)).toBe(0);
    expect(await share.copyRange(node, 4 * BLOCK, other, 0, 10, false)).toBe(0);
    expect(await share.copyRange(node, BLOCK, node, 3 * BLOCK, BLOCK, false)).toBe(BLOCK);
    expect(await refusal(() => share.copyRange(node, 0, node, 10, BLOCK, false))).toBe('EINVAL');
    const both = [
      share.copyRange(node, 0, other, 0, BLOCK, false),
      share.copyRange(other, 0, node, 0, BLOCK, false),
    ];
    expect(await Promise.all(both)).toEqual([BLOCK, BLOCK]);
    const { size } = share.attributes(other);
    const shared = await refusal(() => share.copyRange(node, 0, other, 0, BLOCK, true));
    expect([undefined, 'ENOTSUP']).toContain(shared);
    expect(share.attributes(other).size).toBe(size);
  });

  test('extended attributes', async () => {
    const { share, node } = await file({ maxXattrTotal: 100_000 });
    const { xattr } = share;
    const all = (name: string) => xattr.get(node, ALICE, name, 1 << 20);
    xattr.set(node, ALICE, 'ü', Buffer.from('value'), 0);
    xattr.set(node, ALICE, 'a', Buffer.alloc(0), 1);
    expect(xattr.list(node, BOB)).toEqual(['a', 'ü']);
    expect(all('ü').toString()).toBe('value');
    expect(all('a').length).toBe(0);
    expect(await refusal(() => xattr.get(node, ALICE, 'ü', 4))).toBe('E2BIG');
    expect(await refusal(() => xattr.get(node, ALICE, 'b', 4))).toBe('ENODATA');
    expect(await refusal(() => xattr.set(node, ALICE, 'a', Buffer.alloc(1), 1))).toBe('EEXIST');
    expect(await refusal(() => xattr.set(node, ALICE, 'b', Buffer.alloc(1), 2))).toBe('ENODATA');
    expect(await refusal(() => xattr.set(node, BOB, 'a', Buffer.alloc(1), 0))).toBe('EACCES');
    expect(await refusal(() => xattr.set(node, ALICE, 'a', Buffer.alloc(65_537), 0))).toBe('E2BIG');
    expect(await refusal(() => xattr.set(node, ALICE, 'x'.repeat(256), Buffer.alloc(1), 0))).toBe(
      'ENAMETOOLONG',
    );
    xattr.set(node, ALICE, 'big', Buffer.alloc(65_536, 7), 0);
    expect(await refusal(() => xattr.set(node, ALICE, 'big2', Buffer.alloc(40_000), 0))).toBe('ENOSPC');
    xattr.remove(node, ALICE, 'big');
    xattr.set(node, ALICE, 'big2', Buffer.alloc(40_000, 1), 0);
    await share.stable();
    expect(all('big2')).toEqual(Buffer.alloc(40_000, 1));
    expect(await refusal(() => xattr.remove(node, ALICE, 'big'))).toBe('ENODATA');
    for (let i = 0; i < 200; i++)
      xattr.set(node, ALICE, `n${String(i).padStart(3, '0')}`, Buffer.from([i]), 0);
    expect(xattr.list(node, ALICE).length).toBe(203);
    share.remove(share.root(), ALICE, 'f');
    await share.stable();
    const link = share.createObject(
      share.root(),
      ALICE,
      'l',
      { type: FileType.SYMLINK, target: Buffer.from('x') },
      {},
    );
    expect(await refusal(() => xattr.set(link, ALICE, 'a', Buffer.alloc(1), 0))).toBe('EPERM');
  });

  test('the space figures are numbers that add up', async () => {
    const { share } = await file();
    const space = share.space(ALICE);
    expect(space.bytesAvailable).toBeLessThanOrEqual(space.bytesFree);
    expect(space.bytesFree).toBeLessThanOrEqual(space.bytesTotal);
    expect(space.filesFree).toBeLessThanOrEqual(space.filesTotal);
    expect(space.filesFree).toBeGreaterThan(0);
  });
});

test('memory that is full refuses a write, and the file is as it was', async () => {
  const share = await newShare(KINDS[0] as (typeof KINDS)[number], { limits: { memoryBytes: MIB } });
  const node = share.createFile(share.root(), ROOT, 'f', {});
  share.write(node, 0, Buffer.from('kept'), UNSTABLE);
  expect(await refusal(() => share.write(node, 2, Buffer.alloc(2 * MIB), UNSTABLE))).toBe('ENOSPC');
  expect(share.attributes(node).size).toBe(4);
  expect((await contentOf(share, node)).toString()).toBe('kept');
  await share.write(node, 0, Buffer.alloc(MIB / 2), UNSTABLE);
  expect(share.attributes(node).size).toBe(MIB / 2);
});
