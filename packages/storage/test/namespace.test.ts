import { FileType, ModeBit } from '@dfs/nfs';
import { describe, expect, test, vi } from 'vitest';
import { InodeCache } from '../src/file-system/inode-cache.ts';
import type { Inode, ShareFileSystem } from '../src/index.ts';
import { ALICE, BOB, cleanUpAfterEach, KINDS, list, names, newShare, ROOT, refusal } from './support.ts';

cleanUpAfterEach();

describe.each(KINDS)('names on $name', (kind) => {
  const mkdir = (share: ShareFileSystem, dir: Inode, name: string, mode = 0o755, cred = ROOT) =>
    share.createObject(dir, cred, name, { type: FileType.DIRECTORY }, { mode });
  const touch = (share: ShareFileSystem, dir: Inode, name: string, mode = 0o644, cred = ROOT) =>
    share.createFile(dir, cred, name, { mode });

  test('a new file is found, listed and has what it was given', async () => {
    const share = await newShare(kind);
    const root = share.root();
    const file = share.createFile(root, ALICE, 'größe.txt', { mode: 0o640, mtime: { sec: -5, nsec: 7 } });
    expect(share.lookup(root, ALICE, 'größe.txt')).toBe(file);
    expect(names(list(share, root))).toEqual(['größe.txt']);
    expect(share.attributes(file)).toMatchObject({
      type: FileType.REGULAR,
      mode: 0o640,
      nlink: 1,
      uid: 1000,
      gid: 1000,
      size: 0,
      mtimeSec: -5,
      mtimeNsec: 7,
    });
    expect(await refusal(() => share.createFile(root, ALICE, 'größe.txt', {}))).toBe('EEXIST');
    expect(await refusal(() => share.lookup(root, ALICE, 'grösse.txt'))).toBe('ENOENT');
    expect(await refusal(() => share.lookup(file, ALICE, 'x'))).toBe('ENOTDIR');
  });

  test('all kinds of objects', async () => {
    const share = await newShare(kind);
    const root = share.root();
    const make = (name: string, object: Parameters<typeof share.createObject>[3]) =>
      share.createObject(root, ROOT, name, object, { mode: 0o600 });
    const link = make('link', { type: FileType.SYMLINK, target: Buffer.from('to/ü') });
    expect(share.readlink(link, ROOT).toString()).toBe('to/ü');
    expect(share.attributes(link)).toMatchObject({ size: 5, mode: 0o777 });
    const device = make('device', { type: FileType.BLOCK, major: 8, minor: 3 });
    expect(share.attributes(device)).toMatchObject({ rdevMajor: 8, rdevMinor: 3, type: FileType.BLOCK });
    expect(share.attributes(make('fifo', { type: FileType.FIFO })).type).toBe(FileType.FIFO);
    expect(await refusal(() => share.readlink(device, ROOT))).toBe('EINVAL');
    expect(await refusal(() => make('l', { type: FileType.SYMLINK, target: Buffer.alloc(4097) }))).toBe(
      'ENAMETOOLONG',
    );
    expect(await refusal(() => make('l', { type: FileType.SYMLINK, target: Buffer.alloc(0) }))).toBe(
      'EINVAL',
    );
    expect(await refusal(() => share.write(device, 0, Buffer.from('x'), 0))).toBe('EINVAL');
    share.remove(root, ROOT, 'link');
    expect(names(list(share, root))).toEqual(['device', 'fifo']);
  });

  test('a directory moves deep down at the cost of the distance, and never below itself', async () => {
    const share = await newShare(kind, { limits: { cachedInodes: 16 } });
    const root = share.root();
    const chain: Uint8Array[] = [];
    let dir = root;
    for (let depth = 0; depth < 2000; depth++) {
      dir = mkdir(share, dir, 'd');
      chain.push(Uint8Array.from(share.handle(dir)));
    }
    await share.stable();
    const at = (depth: number): Inode => share.resolve(Buffer.from(chain.at(depth)!));
    const [deep, above] = [at(-1), at(-3)];
    const full = mkdir(share, deep, 'full');
    mkdir(share, full, 'inside');
    mkdir(share, root, 'empty');
    await share.stable();
    const looked = vi.spyOn(InodeCache.prototype, 'parentOf');
    try {
      share.rename(deep, 'full', above, 'full', ROOT);
      share.rename(above, 'full', deep, 'full', ROOT);
      share.rename(root, 'empty', deep, 'empty', ROOT);
      expect(looked.mock.calls.length).toBeGreaterThan(0);
      expect(looked.mock.calls.length).toBeLessThan(50);
    } finally {
      looked.mockRestore();
    }
    expect(share.parent(full, ROOT)).toBe(deep);
    for (const target of [deep, above, full]) {
      expect(await refusal(() => share.rename(root, 'd', target, 'x', ROOT))).toBe('EINVAL');
    }
    share.rename(deep, 'full', root, 'full', ROOT);
    await share.rename(root, 'd', full, 'd', ROOT);
    expect(share.parent(at(0), ROOT)).toBe(full);
    expect(await refusal(() => share.rename(root, 'full', deep, 'full', ROOT))).toBe('EINVAL');
  });

  test('a move far down lets others have their turn, and two of them never make a ring', async () => {
    const levelsAtOnce = 20;
    const share = await newShare(kind, { limits: { cachedInodes: 16, levelsAtOnce } });
    const root = share.root();
    const tower = (name: string): Inode => {
      let dir = mkdir(share, root, name);
      for (let depth = 0; depth < 8 * levelsAtOnce; depth++) dir = mkdir(share, dir, 'd');
      return dir;
    };
    const [a, b] = [tower('a'), tower('b')];
    const looked = vi.spyOn(InodeCache.prototype, 'parentOf');
    const most: number[] = [];
    const settled: string[] = [];
    const moves = [
      share.rename(root, 'a', b, 'a', ROOT),
      share.rename(root, 'b', a, 'b', ROOT),
      share.rename(root, 'a', root, 'c', ROOT),
      share.rename(root, 'b', a, 'b', ROOT),
    ].map((move, at) => {
      if (move instanceof Promise)
        return move.then(
          () => settled.push(`${at} done`),
          (error: { code: string }) => settled.push(`${at} ${error.code}`),
        );
      settled.push(`${at} done`);
      return undefined;
    });
    for (let turns = 0; settled.length < moves.length; turns++) {
      expect(turns).toBeLessThan(1000);
      most.push(looked.mock.calls.length);
      looked.mockClear();
      await new Promise((resolve) => setImmediate(resolve));
    }
    looked.mockRestore();
    // The first finds its name taken away; the second moves what the others then look for in vain.
    expect(settled).toEqual(['2 done', '0 ENOENT', '1 done', '3 ENOENT']);
    expect(Math.max(...most)).toBeLessThanOrEqual(3 * 2 * levelsAtOnce);
    expect(share.lookup(share.lookup(root, ROOT, 'c'), ROOT, 'd')).toBeDefined();
    expect(names(list(share, root))).toEqual(['c']);
    expect(await refusal(() => share.rename(root, 'c', b, 'x', ROOT))).toBe('EINVAL');
    await share.rename(a, 'b', root, 'b', ROOT);
    // Taken from what the first has gone up already, and put below what that moves.
    const aboveB = share.parent(share.parent(b, ROOT), ROOT);
    const ring = [
      share.rename(root, 'c', b, 'c', ROOT),
      share.rename(aboveB, 'd', share.lookup(root, ROOT, 'c'), 'x', ROOT),
    ];
    expect(await Promise.allSettled(ring)).toMatchObject([
      { status: 'fulfilled' },
      { reason: { code: 'EINVAL' } },
    ]);
    expect(names(list(share, root))).toEqual(['b']);
  });

  test('directories count their subdirectories, and go only when empty', async () => {
    const share = await newShare(kind);
    const root = share.root();
    const a = mkdir(share, root, 'a');
    const b = mkdir(share, a, 'b');
    touch(share, a, 'file');
    expect([root, a, b].map((dir) => share.attributes(dir).nlink)).toEqual([3, 3, 2]);
    expect(share.parent(b, ROOT)).toBe(a);
    expect(await refusal(() => share.remove(root, ROOT, 'a'))).toBe('ENOTEMPTY');
    share.remove(a, ROOT, 'b');
    share.remove(a, ROOT, 'file');
    expect(share.attributes(a).nlink).toBe(2);
    share.remove(root, ROOT, 'a');
    expect(share.attributes(root).nlink).toBe(2);
    expect(await refusal(() => touch(share, a, 'late'))).toBe('ESTALE');
    expect(await refusal(() => share.remove(root, ROOT, 'a'))).toBe('ENOENT');
  });

  test('names of 255 bytes are taken, longer ones refused', async () => {
    const share = await newShare(kind);
    const root = share.root();
    touch(share, root, 'ü'.repeat(127));
    touch(share, root, 'x'.repeat(255));
    expect(await refusal(() => touch(share, root, 'ü'.repeat(128)))).toBe('ENAMETOOLONG');
    expect(await refusal(() => share.lookup(root, ROOT, 'x'.repeat(256)))).toBe('ENAMETOOLONG');
    expect(await refusal(() => share.rename(root, 'x'.repeat(255), root, 'y'.repeat(256), ROOT))).toBe(
      'ENAMETOOLONG',
    );
    expect(names(list(share, root))).toEqual(['ü'.repeat(127), 'x'.repeat(255)]);
  });

  test('hard links share everything; the limit holds', async () => {
    const share = await newShare(kind, { limits: { maxLinks: 3 } });
    const root = share.root();
    const file = touch(share, root, '1');
    share.link(file, root, ROOT, '2');
    share.link(file, root, ROOT, '3');
    expect(share.attributes(file).nlink).toBe(3);
    expect(await refusal(() => share.link(file, root, ROOT, '4'))).toBe('EMLINK');
    expect(await refusal(() => share.link(file, root, ROOT, '2'))).toBe('EEXIST');
    const dir = mkdir(share, root, 'dir');
    expect(await refusal(() => share.link(dir, root, ROOT, 'dir2'))).toBe('EISDIR');
    expect(await refusal(() => mkdir(share, root, 'dir2'))).toBe('EMLINK');
    share.remove(root, ROOT, '1');
    share.remove(root, ROOT, '3');
    expect(share.lookup(root, ROOT, '2')).toBe(file);
    expect(share.attributes(file).nlink).toBe(1);
  });

  test("a removed object's handle is stale, also once its removal is committed", async () => {
    const share = await newShare(kind);
    const file = touch(share, share.root(), 'f');
    const handle = Buffer.from(share.handle(file));
    expect(share.resolve(handle)).toBe(file);
    share.remove(share.root(), ROOT, 'f');
    expect(await refusal(() => share.resolve(handle))).toBe('ESTALE');
    await share.stable();
    expect(await refusal(() => share.resolve(handle))).toBe('ESTALE');
    expect(await refusal(() => share.attributes(file))).toBe('ESTALE');
  });

  test('bytes that are no handle are refused as such', async () => {
    const share = await newShare(kind);
    const handle = Buffer.from(share.handle(share.root()));
    expect(await refusal(() => share.resolve(Buffer.alloc(0)))).toBe('EBADHANDLE');
    expect(await refusal(() => share.resolve(handle.subarray(1)))).toBe('EBADHANDLE');
    expect(await refusal(() => share.resolve(Buffer.alloc(handle.length, 0xff)))).toBe('EBADHANDLE');
    expect(await refusal(() => share.resolve(Buffer.alloc(handle.length)))).toBe('ESTALE');
    const other = await newShare(kind);
    expect(await refusal(() => other.resolve(handle))).toBe('ESTALE');
  });

  test('rename replaces what POSIX lets it replace', async () => {
    const share = await newShare(kind);
    const root = share.root();
    const file = touch(share, root, 'file');
    const old = touch(share, root, 'old');
    share.link(old, root, ROOT, 'old2');
    const empty = mkdir(share, root, 'empty');
    const full = mkdir(share, root, 'full');
    touch(share, full, 'x');
    const rename = (from: string, to: string) => refusal(() => share.rename(root, from, root, to, ROOT));
    expect(await rename('file', 'empty')).toBe('EISDIR');
    expect(await rename('empty', 'file')).toBe('ENOTDIR');
    expect(await rename('empty', 'full')).toBe('ENOTEMPTY');
    expect(await rename('none', 'file')).toBe('ENOENT');
    expect(await rename('old', 'old2')).toBeUndefined();
    expect(names(list(share, root)).sort()).toEqual(['empty', 'file', 'full', 'old', 'old2']);
    expect(await rename('file', 'old')).toBeUndefined();
    expect(share.lookup(root, ROOT, 'old')).toBe(file);
    expect(share.attributes(old).nlink).toBe(1);
    expect(await rename('full', 'empty')).toBeUndefined();
    expect(share.lookup(root, ROOT, 'empty')).toBe(full);
    expect(share.attributes(root).nlink).toBe(3);
    expect(await refusal(() => share.attributes(empty))).toBe('ESTALE');
  });

  test("a directory moves with its parent's count, not below itself", async () => {
    const share = await newShare(kind);
    const root = share.root();
    const a = mkdir(share, root, 'a');
    const b = mkdir(share, a, 'b');
    const c = mkdir(share, b, 'c');
    expect(await refusal(() => share.rename(root, 'a', c, 'a', ROOT))).toBe('EINVAL');
    expect(await refusal(() => share.rename(root, 'a', a, 'a', ROOT))).toBe('EINVAL');
    expect(await refusal(() => share.rename(b, 'c', root, 'a', ROOT))).toBe('ENOTEMPTY');
    share.rename(a, 'b', root, 'b', ROOT);
    expect(share.parent(b, ROOT)).toBe(root);
    expect([root, a, b].map((dir) => share.attributes(dir).nlink)).toEqual([4, 2, 3]);
    const target = mkdir(share, a, 'target');
    share.rename(root, 'b', a, 'target', ROOT);
    expect([root, a, b].map((dir) => share.attributes(dir).nlink)).toEqual([3, 3, 3]);
    expect(await refusal(() => share.attributes(target))).toBe('ESTALE');
  });

  test("who may do what: write and search, sticky, a moved directory's own write permission", async () => {
    const share = await newShare(kind);
    const root = share.root();
    const own = mkdir(share, root, 'own', 0o755, ALICE);
    touch(share, own, 'f', 0o644, ALICE);
    expect(await refusal(() => touch(share, own, 'g', 0o644, BOB))).toBe('EACCES');
    expect(await refusal(() => share.remove(own, BOB, 'f'))).toBe('EACCES');
    expect(await refusal(() => share.link(share.lookup(own, BOB, 'f'), own, BOB, 'g'))).toBe('EACCES');
    share.setAttributes(own, ALICE, { mode: 0o700 });
    expect(await refusal(() => share.lookup(own, BOB, 'f'))).toBe('EACCES');
    expect(await refusal(() => share.readdir(own, BOB, 0, () => true))).toBe('EACCES');

    const sticky = mkdir(share, root, 'tmp', 0o1777);
    touch(share, sticky, 'alice', 0o666, ALICE);
    touch(share, sticky, 'bob', 0o666, BOB);
    expect(await refusal(() => share.remove(sticky, BOB, 'alice'))).toBe('EACCES');
    expect(await refusal(() => share.rename(sticky, 'bob', sticky, 'alice', BOB))).toBe('EACCES');
    expect(await refusal(() => share.rename(sticky, 'alice', sticky, 'new', BOB))).toBe('EACCES');
    share.rename(sticky, 'bob', sticky, 'bob2', BOB);

    const moved = mkdir(share, root, 'moved', 0o555, ALICE);
    expect(await refusal(() => share.rename(root, 'moved', own, 'moved', ALICE))).toBe('EACCES');
    share.rename(root, 'moved', root, 'moved2', ALICE);
    share.setAttributes(moved, ALICE, { mode: 0o755 });
    share.rename(root, 'moved2', own, 'moved', ALICE);
  });

  test('a set-group-id directory gives its group, and the bit to directories', async () => {
    const share = await newShare(kind);
    const dir = mkdir(share, share.root(), 'shared', 0o2777);
    share.setAttributes(dir, ROOT, { gid: 50 });
    share.setAttributes(dir, ROOT, { mode: 0o2777 });
    const file = touch(share, dir, 'f', 0o644, ALICE);
    const below = mkdir(share, dir, 'd', 0o755, ALICE);
    expect(share.attributes(file)).toMatchObject({ uid: 1000, gid: 50, mode: 0o644 });
    expect(share.attributes(below)).toMatchObject({ gid: 50, mode: 0o755 | ModeBit.SET_GID });
    expect(await refusal(() => share.createFile(dir, ALICE, 'g', { uid: 0 }))).toBe('EPERM');
    expect(await refusal(() => share.createFile(dir, ALICE, 'g', { gid: 77 }))).toBe('EPERM');
    expect(names(list(share, dir))).toEqual(['f', 'd']);
  });

  test('every change moves the change numbers of all it touches, and times with them', async () => {
    let now = 1_000_000;
    const share = await newShare(kind, { now: () => now });
    const root = share.root();
    const other = mkdir(share, root, 'other');
    const file = touch(share, root, 'f');
    const seen = new Set<number>();
    const moves = (what: readonly Inode[], act: () => void) => {
      now += 1500;
      const before = what.map((inode) => share.attributes(inode).change);
      act();
      what.forEach((inode, i) => {
        const { change, ctimeSec, ctimeNsec } = share.attributes(inode);
        expect(change).toBeGreaterThan(before[i] as number);
        expect([ctimeSec, ctimeNsec]).toEqual([Math.floor(now / 1000), (now % 1000) * 1e6]);
        expect(seen.has(change)).toBe(false);
        seen.add(change);
      });
    };
    moves([root, file], () => share.link(file, root, ROOT, 'g'));
    moves([root, file], () => share.rename(root, 'g', root, 'h', ROOT));
    moves([root, other, file], () => share.rename(root, 'h', other, 'h', ROOT));
    moves([other, file], () => share.remove(other, ROOT, 'h'));
    moves([file], () => share.setAttributes(file, ROOT, { mode: 0o600 }) as undefined);
    moves([file], () => share.write(file, 0, Buffer.from('x'), 0) as unknown as undefined);
    moves([file], () => share.xattr.set(file, ROOT, 'a', Buffer.from('x'), 0));
    moves([root], () => touch(share, root, 'i'));
    const before = share.attributes(file).change;
    share.setAttributes(file, ROOT, {});
    await share.read(file, 0, Buffer.alloc(1));
    expect(share.attributes(file).change).toBe(before);
    expect(share.attributes(file).atimeSec).toBe(Math.floor(now / 1000));
  });

  test('more inodes and names than the caches hold', async () => {
    const share = await newShare(kind, { limits: { cachedInodes: 50, cachedEntries: 40 } });
    const root = share.root();
    const held = touch(share, root, 'held');
    for (let i = 0; i < 600; i++) {
      touch(share, root, `f${i}`);
      if (i % 50 === 0) await share.stable();
    }
    await share.stable();
    for (let i = 599; i >= 0; i--) {
      expect(share.attributes(share.lookup(root, ROOT, `f${i}`)).nlink).toBe(1);
      expect(await refusal(() => share.lookup(root, ROOT, `g${i}`))).toBe('ENOENT');
    }
    expect(share.lookup(root, ROOT, 'held')).toBe(held);
    expect(names(list(share, root)).length).toBe(601);
    for (let i = 0; i < 600; i++) share.remove(root, ROOT, `f${i}`);
    expect(names(list(share, root))).toEqual(['held']);
  });
});
