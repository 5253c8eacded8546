import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { FsError, Stability } from '@dfs/nfs';
import { describe, expect, test } from 'vitest';
import { FileReserve } from '../src/directory/reserve.ts';
import { isScanned } from '../src/file-system/keys.ts';
import {
  DataDirectoryError,
  DEFAULT_STORAGE_LIMITS,
  LmdbMetadataStore,
  MemoryBudget,
  MemoryContentStore,
  MemoryMetadataStore,
  type MetadataStore,
  openDataDirectory,
  ShareFileSystem,
} from '../src/index.ts';
import { CommitLog } from '../src/log/commit-log.ts';
import type { Changes } from '../src/metadata/index.ts';
import {
  cleanUpAfterEach,
  cleanups,
  contentOf,
  KINDS,
  list,
  names,
  ROOT,
  ROOT_DIRECTORY,
  refusal,
  scratch,
} from './support.ts';

cleanUpAfterEach();

test('a disk that says of itself that it has nothing, and so gets nothing set aside, is not full', async () => {
  const reserve = new FileReserve(await scratch(), 0);
  cleanups.push(() => reserve.close());
  expect(await reserve.refill()).toBe(true);
});

describe('a data directory that is opened again', () => {
  test('has everything, under the same handles', async () => {
    const path = await scratch();
    const first = await openDataDirectory(path);
    const before = await first.openShare(1, { uid: 7, gid: 8, mode: 0o750 });
    const root = before.root();
    const dir = before.createObject(root, ROOT, 'dir', { type: 2 }, { mode: 0o2775 });
    const file = before.createFile(dir, ROOT, 'ü', { mode: 0o640 });
    await before.write(file, 1 << 20, Buffer.from('data'), Stability.UNSTABLE);
    before.xattr.set(file, ROOT, 'colour', Buffer.from('red'), 0);
    before.link(file, root, ROOT, 'second');
    const link = before.createObject(root, ROOT, 'link', { type: 5, target: Buffer.from('dir/ü') }, {});
    const handles = [root, dir, file, link].map((node) => Buffer.from(before.handle(node)));
    const attributes = [root, dir, file, link].map((node) => ({ ...before.attributes(node) }));
    const verifier = Buffer.from(before.writeVerifier);
    const listed = list(before, root).map(({ name, cookie }) => [name, cookie]);
    await first.close();

    const second = await openDataDirectory(path);
    const after = await second.openShare(1, ROOT_DIRECTORY);
    const nodes = handles.map((handle) => after.resolve(handle));
    const shown = [
      'type',
      'mode',
      'nlink',
      'uid',
      'gid',
      'size',
      'used',
      'fileid',
      'change',
      'mtimeSec',
      'ctimeNsec',
      'btimeSec',
    ] as const;
    nodes.forEach((node, i) => {
      const now = after.attributes(node);
      for (const key of shown) expect([key, now[key]]).toEqual([key, attributes[i]?.[key]]);
    });
    const [newRoot, newDir, newFile, newLink] = nodes as [typeof root, typeof dir, typeof file, typeof link];
    expect(after.root()).toBe(newRoot);
    expect(after.attributes(newRoot)).toMatchObject({ uid: 7, gid: 8, mode: 0o750 });
    expect(after.lookup(newDir, ROOT, 'ü')).toBe(newFile);
    expect(after.lookup(newRoot, ROOT, 'second')).toBe(newFile);
    expect(after.parent(newDir, ROOT)).toBe(newRoot);
    expect(list(after, newRoot).map(({ name, cookie }) => [name, cookie])).toEqual(listed);
    expect(after.readlink(newLink, ROOT).toString()).toBe('dir/ü');
    expect(after.xattr.get(newFile, ROOT, 'colour', 100).toString()).toBe('red');
    expect((await contentOf(after, newFile, 2 << 20)).subarray(1 << 20).toString()).toBe('data');
    expect(after.sparse?.seek(newFile, 0, 'data')).toBe(1 << 20);
    // All that was written is safe: nothing has to be sent again.
    expect(Buffer.from(after.writeVerifier)).toEqual(verifier);
    const next = after.createFile(newRoot, ROOT, 'next', {});
    expect(next.fileid).toBeGreaterThan(Math.max(...nodes.map((node) => node.fileid)));
    expect(next.change).toBeGreaterThan(Math.max(...attributes.map((a) => a.change)));
    await second.close();
  });

  test('keeps what was unlinked while open until nobody can come for it, and then as long as it is held', async () => {
    const path = await scratch();
    const first = await openDataDirectory(path);
    const before = await first.openShare(1, ROOT_DIRECTORY);
    const handles = await Promise.all(
      ['dropped', 'taken up'].map(async (name) => {
        const file = before.createFile(before.root(), ROOT, name, {});
        await before.write(file, 0, Buffer.from(name), Stability.FILE_SYNC);
        before.retain(file);
        before.remove(before.root(), ROOT, name);
        return Buffer.from(before.handle(file));
      }),
    );
    const [dropped, taken] = handles as [Buffer, Buffer];
    await first.close();
    const contentFiles = () =>
      fs
        .readdirSync(join(path, 'content'), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile());
    const second = await openDataDirectory(path);
    const after = await second.openShare(1, ROOT_DIRECTORY);
    expect(contentFiles().length).toBe(2);
    const file = after.resolve(taken);
    after.retain(file);
    after.settled();
    await expect.poll(() => contentFiles().length).toBe(1);
    expect(await refusal(() => after.resolve(dropped))).toBe('ESTALE');
    expect((await contentOf(after, file)).toString()).toBe('taken up');
    expect(after.attributes(file).nlink).toBe(0);
    after.release(file);
    await expect.poll(() => contentFiles().length).toBe(0);
    expect(await refusal(() => after.resolve(taken))).toBe('ESTALE');
    await second.close();
  });
});

describe.each(KINDS)('a data directory on $name', (kind) => {
  test('keeps shares apart, and removes one without touching the other', async () => {
    const directory = await kind.open(await scratch());
    const [one, two] = await Promise.all([
      directory.openShare(1, ROOT_DIRECTORY),
      directory.openShare(255, ROOT_DIRECTORY),
    ]);
    for (const share of [one, two]) {
      const file = share.createFile(share.root(), ROOT, 'same', {});
      await share.write(file, 0, Buffer.from(share === one ? 'one' : 'two'), Stability.FILE_SYNC);
    }
    expect(await refusal(() => directory.openShare(1, ROOT_DIRECTORY))).toBe('SHARE_OPEN');
    expect(await refusal(() => directory.removeShare(255))).toBe('SHARE_OPEN');
    for (const id of [0, -1, 1.5, 2 ** 32]) {
      expect(await refusal(() => directory.openShare(id, ROOT_DIRECTORY))).toBe('INVALID_ARGUMENT');
    }
    await two.close();
    await directory.removeShare(255);
    await directory.removeShare(77);
    const again = await directory.openShare(255, ROOT_DIRECTORY);
    expect(list(again, again.root())).toEqual([]);
    expect((await contentOf(one, one.lookup(one.root(), ROOT, 'same'))).toString()).toBe('one');
    await one.close();
    const reopened = await directory.openShare(1, ROOT_DIRECTORY);
    expect(names(list(reopened, reopened.root()))).toEqual(['same']);
    await directory.close();
  });

  test("keeps records and the engine's state", async () => {
    const path = await scratch();
    const directory = await kind.open(path);
    const { records, stateStore } = directory;
    for (let i = 0; i < 600; i++) records.put(`share/${String(i).padStart(3, '0')}`, Buffer.from([i % 256]));
    records.put('settings/ü', Buffer.from('{}'));
    records.delete('share/001');
    stateStore.put('client', Buffer.from('c'));
    await records.stable();
    await stateStore.stable();
    const check = async (opened: typeof directory) => {
      expect([...opened.records.list('share/')].length).toBe(599);
      expect([...opened.records.list()].length).toBe(600);
      expect([...opened.records.list('settings/')]).toEqual([['settings/ü', Buffer.from('{}')]]);
      expect(opened.records.get('share/002')).toEqual(Buffer.from([2]));
      expect(opened.records.get('share/001')).toBeUndefined();
      expect([...(await opened.stateStore.load())]).toEqual([['client', Buffer.from('c')]]);
    };
    await check(directory);
    expect(await refusal(() => records.put('x'.repeat(901), Buffer.alloc(0)))).toBe('INVALID_ARGUMENT');
    await directory.close();
    if (kind.name.startsWith('memory')) return;
    const again = await kind.open(path);
    await check(again);
    await again.close();
  });
});

describe('a data directory is refused', () => {
  test('while another process, or this one, has it; not after kill -9', async () => {
    const path = await scratch();
    const index = new URL('../src/index.ts', import.meta.url).href;
    const script = `const { openDataDirectory } = await import(${JSON.stringify(index)});
      await openDataDirectory(${JSON.stringify(path)});
      process.stdout.write("open");
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const refused = await openDataDirectory(path).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(DataDirectoryError);
    expect(refused).toMatchObject({ code: 'LOCKED', message: `${path} is in use by process ${child.pid}` });
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    const directory = await openDataDirectory(path);
    expect(await refusal(() => openDataDirectory(path))).toBe('LOCKED');
    await directory.close();
    await (await openDataDirectory(path)).close();
  });

  test('where it holds something else, or a format that is not known', async () => {
    const path = await scratch();
    fs.writeFileSync(join(path, 'letter.txt'), 'dear');
    expect(await refusal(() => openDataDirectory(path))).toBe('NOT_A_DATA_DIRECTORY');
    expect(fs.readFileSync(join(path, 'letter.txt'), 'utf8')).toBe('dear');
    const data = join(path, 'below', 'data');
    await (await openDataDirectory(data)).close();
    fs.writeFileSync(join(data, 'format'), 'dfs data directory, format 7\n');
    expect(await refusal(() => openDataDirectory(data))).toBe('UNKNOWN_FORMAT');
    fs.writeFileSync(join(data, 'format'), '');
    expect(await refusal(() => openDataDirectory(data))).toBe('UNKNOWN_FORMAT');
    fs.writeFileSync(join(path, 'file'), '');
    expect(await refusal(() => openDataDirectory(join(path, 'file', 'data')))).toBe('UNUSABLE');
  });
});

describe('a data directory of the first format', () => {
  test('is taken up, its superblocks too, and is one of this format from then on', async () => {
    const path = await scratch();
    const first = await openDataDirectory(path);
    const share = await first.openShare(1, ROOT_DIRECTORY);
    share.createFile(share.root(), ROOT, 'f', {});
    const { writeVerifier } = share;
    await first.close();
    fs.writeFileSync(join(path, 'format'), 'dfs data directory, format 1\n');
    fs.rmSync(join(path, 'journal'));
    const metadata = new LmdbMetadataStore(join(path, 'meta'));
    const [superblock] = metadata.scan('\0\0\0\x01', '\0\0\0\x01\xff', 1);
    const old = Buffer.from(superblock?.value.subarray(0, 48) as Buffer);
    old[0] = 1;
    old.fill(0, 40);
    const mark = '\0\0\0\0b';
    await metadata.commit(
      new Map([
        [superblock?.key as string, old],
        [mark, undefined],
      ]),
    );
    await metadata.close();
    const again = await openDataDirectory(path);
    expect(fs.readFileSync(join(path, 'format'), 'utf8')).toBe('dfs data directory, format 6\n');
    expect(await again.stateStore.journal?.load()).toBeUndefined();
    const taken = await again.openShare(1, ROOT_DIRECTORY);
    expect(names(list(taken, taken.root()))).toEqual(['f']);
    expect(Buffer.from(taken.writeVerifier)).not.toEqual(Buffer.from(writeVerifier));
    await again.close();
  });
});

describe('after a crash (a copy of a directory that is in use)', () => {
  test("content beyond a file's end, and of files that never came to be, does not come to light", async () => {
    const path = await scratch();
    const directory = await openDataDirectory(path);
    const share = await directory.openShare(1, ROOT_DIRECTORY);
    const file = share.createFile(share.root(), ROOT, 'f', {});
    await share.write(file, 0, Buffer.from('0123456789'), Stability.FILE_SYNC);
    const open = share.createFile(share.root(), ROOT, 'open', {});
    await share.write(open, 0, Buffer.from('x'), Stability.FILE_SYNC);
    share.retain(open);
    share.remove(share.root(), ROOT, 'open');
    share.setAttributes(share.root(), ROOT, { mode: 0o755 });
    await share.stable();
    const { change } = share.attributes(share.root());
    const openHandle = Buffer.from(share.handle(open));

    const copy = await scratch();
    fs.cpSync(path, copy, { recursive: true });
    const contentFile = (ino: number) => join(copy, 'content', '1', '0', '0', ino.toString(16));
    fs.appendFileSync(contentFile(file.fileid), 'never acknowledged');
    fs.writeFileSync(contentFile(900), 'content without an inode');
    const crashed = await openDataDirectory(copy);
    const after = await crashed.openShare(1, ROOT_DIRECTORY);
    expect(fs.existsSync(contentFile(900))).toBe(false);
    after.settled();
    await expect.poll(() => fs.existsSync(contentFile(open.fileid))).toBe(false);
    expect(await refusal(() => after.resolve(openHandle))).toBe('ESTALE');
    expect(after.attributes(after.root()).change).toBeGreaterThan(change + 1000);
    const again = after.lookup(after.root(), ROOT, 'f');
    expect((await contentOf(after, again)).toString()).toBe('0123456789');
    await after.setAttributes(again, ROOT, { size: 40 });
    expect(await contentOf(after, again)).toEqual(
      Buffer.concat([Buffer.from('0123456789'), Buffer.alloc(30)]),
    );
    await after.stable();
    await crashed.close();
    await directory.close();
  });

  test('a share whose removal was cut short is made anew', async () => {
    const path = await scratch();
    const directory = await openDataDirectory(path);
    const share = await directory.openShare(1, ROOT_DIRECTORY);
    for (let i = 0; i < 50; i++) share.createFile(share.root(), ROOT, `f${i}`, {});
    await share.close();
    await directory.close();
    const metadata = new LmdbMetadataStore(join(path, 'meta'));
    const [superblock] = metadata.scan('\0\0\0\x01', '\0\0\0\x01\xff', 1);
    await metadata.commit(new Map([[superblock?.key as string, undefined]]));
    await metadata.close();
    const again = await openDataDirectory(path);
    const made = await again.openShare(1, ROOT_DIRECTORY);
    expect(list(made, made.root())).toEqual([]);
    await again.close();
  });
});

describe('what fails underneath', () => {
  const limits = DEFAULT_STORAGE_LIMITS;
  const log = (store: MetadataStore) =>
    new CommitLog(store, { lazyCommitMs: 20, batchChanges: 1000, scanned: isScanned });

  test('a sync of content: the write is refused, and everything after it', async () => {
    class Unsyncable extends MemoryContentStore {
      override sync(): Promise<void> {
        return Promise.reject(new FsError('EIO', 'bad block'));
      }
    }
    const failures: string[] = [];
    const share = await ShareFileSystem.open(
      {
        id: 1,
        root: ROOT_DIRECTORY,
        limits,
        log: log(new MemoryMetadataStore()),
        onEvent: (event) => failures.push(event.type === 'stopped' ? event.stop.reason : event.type),
        content: new Unsyncable(new MemoryBudget(1 << 20)),
        now: Date.now,
      },
      () => {},
    );
    const file = share.createFile(share.root(), ROOT, 'f', {});
    await share.write(file, 0, Buffer.from('x'), Stability.UNSTABLE);
    expect(await refusal(() => share.commit(file, 0, 0))).toBe('EIO');
    for (const call of [
      () => share.lookup(share.root(), ROOT, 'f'),
      () => share.attributes(file),
      () => share.read(file, 0, Buffer.alloc(1)),
      () => share.createFile(share.root(), ROOT, 'g', {}),
      () => share.stable(),
      () => share.access(share.resolve(Buffer.from(share.handle(file))), ROOT, 1),
    ]) {
      expect(await refusal(call)).toBe('EIO');
    }
    expect(failures).toEqual(['bad block']);
    await share.close();
  });

  test('a commit, while a write waits for a cut: nobody hangs', async () => {
    class Failing extends MemoryMetadataStore {
      fails = false;
      override async commit(changes: Changes): Promise<void> {
        if (this.fails) throw new Error('disk gone');
        await super.commit(changes);
      }
    }
    const store = new Failing();
    const content = new MemoryContentStore(new MemoryBudget(1 << 20));
    const share = await ShareFileSystem.open(
      { id: 1, root: ROOT_DIRECTORY, limits, log: log(store), content, now: Date.now },
      () => {},
    );
    const file = share.createFile(share.root(), ROOT, 'f', {});
    await share.write(file, 0, Buffer.from('0123456789'), Stability.FILE_SYNC);
    await share.stable();
    store.fails = true;
    await share.setAttributes(file, ROOT, { size: 2 });
    const waiting = refusal(() => share.write(file, 5, Buffer.from('x'), Stability.UNSTABLE));
    expect(await refusal(() => share.stable())).toBe('EIO');
    expect(await waiting).toBe('EIO');
    // The content was not cut before the commit that would have said so.
    expect(content.size(file.fileid)).toBe(10);
    await share.close();
  });
});
