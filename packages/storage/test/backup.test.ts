import fs from 'node:fs';
import { join } from 'node:path';
import { FileType, Stability, XattrMode } from '@dfs/nfs';
import { describe, expect, test, vi } from 'vitest';
import { DirectoryLock } from '../src/directory/lock.ts';
import {
  type BackupError,
  backupDataDirectory,
  checkBackup,
  checkDataDirectory,
  type DataDirectory,
  type DataDirectoryOptions,
  type Inode,
  type MetadataStore,
  openDataDirectory,
  openMemoryDirectory,
  restoreBackup,
  type ShareFileSystem,
} from '../src/index.ts';
import { Faults, faultyMetadata } from './faults/faulty.ts';
import { cleanUpAfterEach, cleanups, list, names, ROOT, ROOT_DIRECTORY, scratch } from './support.ts';

cleanUpAfterEach();

/** Far longer than it takes: how fast the machine is, is not tested. */
const PAUSE = { maxPauseMs: 120_000 };
const { FILE_SYNC, UNSTABLE } = Stability;

async function opened(
  path: string,
  options: DataDirectoryOptions = {},
): Promise<[DataDirectory, ShareFileSystem]> {
  const directory = await openDataDirectory(path, options);
  let isOpen = true;
  const close = directory.close.bind(directory);
  directory.close = async () => {
    if (isOpen) await close();
    isOpen = false;
  };
  cleanups.push(() => directory.close());
  return [directory, await directory.openShare(1, ROOT_DIRECTORY)];
}

async function make(share: ShareFileSystem, name: string, content: Buffer | string): Promise<Inode> {
  const file = share.createFile(share.root(), ROOT, name, { mode: 0o644 });
  await share.write(file, 0, Buffer.from(content), FILE_SYNC);
  await share.stable();
  return file;
}

async function contentOf(share: ShareFileSystem, file: Inode): Promise<Buffer> {
  const content = Buffer.alloc(file.size);
  await share.read(file, 0, content);
  return content;
}

const textOf = async (share: ShareFileSystem, name: string): Promise<string> =>
  (await contentOf(share, share.lookup(share.root(), ROOT, name))).toString();

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: BackupError) => error.code,
  );

/** The content file that holds a text. */
function holder(folder: string, text: string): string {
  const found = fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .find((path) => fs.readFileSync(path).includes(text));
  if (found === undefined) throw new Error(`nothing in ${folder} holds ${text}`);
  return found;
}

describe('a backup of a directory that is served', () => {
  test('has files, holes, links, attributes and handles, and files that are open without a name', async () => {
    const base = await scratch();
    const [directory, share] = await opened(join(base, 'data'));
    const plain = await make(share, 'plain', 'hello');
    await share.xattr.set(plain, ROOT, 'user.x', Buffer.from('value'), XattrMode.EITHER);
    share.link(plain, share.root(), ROOT, 'second');
    share.createObject(
      share.root(),
      ROOT,
      'link',
      { type: FileType.SYMLINK, target: Buffer.from('plain') },
      {},
    );
    const holes = await make(share, 'holes', 'x');
    const far = 64 * 1024 * 1024;
    await share.write(holes, far, Buffer.from('end'), UNSTABLE);
    await share.setAttributes(await make(share, 'cut', 'only a part'), ROOT, { size: 4 });
    const nameless = await make(share, 'nameless', 'still here');
    share.retain(nameless);
    share.remove(share.root(), ROOT, 'nameless');
    directory.records.put('record', Buffer.from('kept'));
    directory.stateStore.put('client/00', Buffer.from('0'));
    const handles = ['plain', 'holes'].map((name) =>
      Buffer.from(share.handle(share.lookup(share.root(), ROOT, name))),
    );
    const namelessHandle = Buffer.from(share.handle(nameless));
    const verifier = Buffer.from(share.writeVerifier);

    const result = await directory.backup(join(base, 'backup'), PAUSE);
    expect(result).toMatchObject({ shares: [1], files: 4, path: join(base, 'backup') });
    // What comes after is not in it.
    await make(share, 'later', 'later');
    await share.write(plain, 0, Buffer.from('HELLO'), FILE_SYNC);
    await directory.close();

    const checked = await checkBackup(join(base, 'backup'));
    expect(checked).toMatchObject({ damaged: 0, summary: { files: 4 } });
    await restoreBackup(join(base, 'backup'), join(base, 'restored'));
    expect((await checkDataDirectory(join(base, 'restored'))).findings.damage).toBe(0);
    const [again, restored] = await opened(join(base, 'restored'));
    expect(names(list(restored, restored.root())).sort()).toEqual([
      'cut',
      'holes',
      'link',
      'plain',
      'second',
    ]);
    expect(await textOf(restored, 'plain')).toBe('hello');
    expect(await textOf(restored, 'cut')).toBe('only');
    const found = restored.lookup(restored.root(), ROOT, 'second');
    expect(found.nlink).toBe(2);
    expect(restored.xattr.get(found, ROOT, 'user.x', 100).toString()).toBe('value');
    const sparse = restored.lookup(restored.root(), ROOT, 'holes');
    expect(sparse.size).toBe(far + 3);
    expect(restored.attributes(sparse).used).toBeLessThan(far / 2);
    expect((await contentOf(restored, sparse)).subarray(far).toString()).toBe('end');
    expect(handles.map((handle) => restored.resolve(handle).fileid)).toEqual([plain.fileid, holes.fileid]);
    // As after a loss of power, clients may take it up again until grace ends.
    const taken = restored.resolve(namelessHandle);
    expect((await contentOf(restored, taken)).toString()).toBe('still here');
    expect(Buffer.from(restored.writeVerifier).equals(verifier)).toBe(false);
    expect(again.records.get('record')?.toString()).toBe('kept');
    expect(new Map(await again.stateStore.load()).get('client/00')?.toString()).toBe('0');
    restored.settled();
    await again.close();
    expect((await checkDataDirectory(join(base, 'restored'))).findings.counts.size).toBe(0);
  });

  test('is one moment of the history, whatever is written, cut, renamed and removed meanwhile', {
    timeout: 300_000,
  }, async () => {
    const base = await scratch();
    const [directory, share] = await opened(join(base, 'data'));
    const load = new Load(share);
    await load.prepare();
    for (let round = 0; round < 3; round++) {
      const target = join(base, `backup${round}`);
      const running = load.run();
      let before: Counts;
      let after: Counts;
      try {
        await load.steps(20);
        before = load.acknowledged();
        await directory.backup(target, PAUSE);
        after = load.begun();
      } finally {
        load.stop();
        await running;
      }
      const to = join(base, `restored${round}`);
      await restoreBackup(target, to);
      expect((await checkDataDirectory(to)).findings.damage).toBe(0);
      const [restored, copy] = await opened(to);
      await verifyMoment(copy, before, after);
      await restored.close();
    }
  });

  test('ends with a clear word where files change faster than they are copied, and leaves nothing behind', async () => {
    const base = await scratch();
    const [directory, share] = await opened(join(base, 'data'));
    await make(share, 'file', 'content');
    const failed = directory.backup(join(base, 'backup'), { maxPauseMs: 0 });
    await expect(failed).rejects.toMatchObject({
      code: 'TOO_BUSY',
      advice: expect.stringContaining('--max-pause'),
    });
    // Nothing waits any more, and the same folder will do.
    await share.write(share.lookup(share.root(), ROOT, 'file'), 0, Buffer.from('CONTENT'), FILE_SYNC);
    expect(await codeOf(restoreBackup(join(base, 'backup'), join(base, 'restored')))).toBe('INCOMPLETE');
    expect(await codeOf(checkBackup(join(base, 'backup')))).toBe('INCOMPLETE');
    await directory.backup(join(base, 'backup'), PAUSE);
    await restoreBackup(join(base, 'backup'), join(base, 'restored'));
    const [, restored] = await opened(join(base, 'restored'));
    expect(await textOf(restored, 'file')).toBe('CONTENT');
  });

  test.each(['copying', 'holding', 'metadata', 'checksums'])('is cancelled while %s', async (phase) => {
    const base = await scratch();
    const [directory, share] = await opened(join(base, 'data'));
    const file = await make(share, 'file', 'content');
    const cancel = new AbortController();
    const cancelled = directory.backup(join(base, 'backup'), {
      ...PAUSE,
      signal: cancel.signal,
      onProgress: (progress) => {
        if (progress.phase === phase) cancel.abort();
      },
    });
    expect(await codeOf(cancelled)).toBe('CANCELLED');
    await share.write(file, 0, Buffer.from('CONTENT'), FILE_SYNC);
    expect(await codeOf(restoreBackup(join(base, 'backup'), join(base, 'restored')))).toBe('INCOMPLETE');
    expect(fs.existsSync(join(base, 'restored'))).toBe(false);
    await directory.backup(join(base, 'backup'), PAUSE);
    expect((await checkBackup(join(base, 'backup'))).damaged).toBe(0);
  });

  test('is one at a time, and ends with its directory', async () => {
    const base = await scratch();
    const [directory, share] = await opened(join(base, 'data'));
    await make(share, 'file', 'content');
    const slow = codeOf(directory.backup(join(base, 'slow'), { ...PAUSE, maxRate: 1 }));
    expect(await codeOf(directory.backup(join(base, 'other')))).toBe('RUNNING');
    await directory.close();
    expect(await slow).toBe('CANCELLED');
    expect((await checkDataDirectory(join(base, 'data'))).findings.damage).toBe(0);
  });

  test('fails where records cannot be committed, with the reason; and is made once they can be', async () => {
    const base = await scratch();
    const faults = new Faults();
    const between = { metadata: (store: MetadataStore) => faultyMetadata(store, faults) };
    const [directory, share] = await opened(join(base, 'data'), { between });
    await make(share, 'file', 'content');
    const failing = directory.backup(join(base, 'backup'), {
      ...PAUSE,
      onProgress: ({ phase }) => {
        if (phase === 'holding') faults.fail('commit', 'EIO');
      },
    });
    await expect(failing).rejects.toMatchObject({ code: 'STOPPED', message: expect.stringContaining('EIO') });
    expect(await codeOf(directory.backup(join(base, 'backup'), PAUSE))).toBe('STOPPED');
    faults.heal();
    await directory.startShare(1);
    await make(share, 'later', 'also');
    expect(await directory.backup(join(base, 'backup'), PAUSE)).toMatchObject({ files: 2 });
    expect((await checkBackup(join(base, 'backup'))).damaged).toBe(0);
  });

  test('fails where the disk has no room for records, and does not wait until it has', async () => {
    const base = await scratch();
    const faults = new Faults();
    const between = { metadata: (store: MetadataStore) => faultyMetadata(store, faults) };
    const [directory, share] = await opened(join(base, 'data'), { between, limits: { fullRetryMs: 20 } });
    await make(share, 'file', 'content');
    const failing = directory.backup(join(base, 'backup'), {
      ...PAUSE,
      onProgress: ({ phase }) => {
        if (phase === 'copying') faults.fail('commit', 'ENOSPC');
      },
    });
    await expect(failing).rejects.toMatchObject({
      code: 'FAILED',
      message: expect.stringContaining('ENOSPC'),
      advice: expect.stringContaining('room'),
    });
    faults.heal();
    await share.stable();
    expect(await directory.backup(join(base, 'backup'), PAUSE)).toMatchObject({ files: 1 });
  });

  test('is refused where a link stands for its lock, whose target is left alone', async () => {
    const base = await scratch();
    const [directory] = await opened(join(base, 'data'));
    fs.writeFileSync(join(base, 'precious'), 'precious');
    fs.mkdirSync(join(base, 'trap'));
    fs.symlinkSync(join(base, 'precious'), join(base, 'trap', 'lock'));
    expect(await codeOf(directory.backup(join(base, 'trap')))).toBe('TARGET_REFUSED');
    expect(fs.readFileSync(join(base, 'precious'), 'utf8')).toBe('precious');
  });

  test('is refused where it cannot be put, and where nothing is kept', async () => {
    const base = await scratch();
    const data = join(base, 'data');
    const [directory] = await opened(data);
    fs.mkdirSync(join(base, 'full'));
    fs.writeFileSync(join(base, 'full', 'something'), '');
    fs.writeFileSync(join(base, 'file'), '');
    fs.symlinkSync(data, join(base, 'alias'));
    for (const target of [data, join(data, 'in'), base, join(base, 'alias', 'in'), join(base, 'full')]) {
      expect([target, await codeOf(directory.backup(target))]).toEqual([target, 'TARGET_REFUSED']);
    }
    for (const target of [join(base, 'file'), join(base, 'no', 'such')]) {
      expect([target, await codeOf(directory.backup(target))]).toEqual([target, 'TARGET_REFUSED']);
    }
    await directory.backup(join(base, 'backup'), PAUSE);
    expect(await codeOf(directory.backup(join(base, 'backup')))).toBe('TARGET_REFUSED');
    expect(fs.readdirSync(join(base, 'full'))).toEqual(['something']);
    const memory = openMemoryDirectory();
    cleanups.push(() => memory.close());
    expect(await codeOf(memory.backup(join(base, 'other')))).toBe('NOTHING_KEPT');
  });
});

describe('a backup of a directory that nobody serves', () => {
  test('has what the server left, also one that was killed, and keeps servers away meanwhile', async () => {
    const base = await scratch();
    const [directory, share] = await opened(join(base, 'data'));
    await make(share, 'file', 'content');
    expect(await codeOf(backupDataDirectory(join(base, 'data'), join(base, 'backup')))).toBe('LOCKED');
    await directory.close();
    let refused: unknown;
    await backupDataDirectory(join(base, 'data'), join(base, 'backup'), {
      onProgress: () => {
        refused ??= codeOf(openDataDirectory(join(base, 'data')));
      },
    });
    expect(await refused).toBe('LOCKED');
    await restoreBackup(join(base, 'backup'), join(base, 'restored'));
    const [, restored] = await opened(join(base, 'restored'));
    expect(await textOf(restored, 'file')).toBe('content');
    // It is older than what clients may have seen since.
    expect(Buffer.from(restored.writeVerifier).equals(Buffer.from(share.writeVerifier))).toBe(false);
    expect(await codeOf(backupDataDirectory(join(base, 'none'), join(base, 'b')))).toBe(
      'NOT_A_DATA_DIRECTORY',
    );
  });
});

test('a backup clears nothing away that was finished while it waited for the lock', async () => {
  const base = await scratch();
  const [target, data] = [join(base, 'backup'), join(base, 'data')];
  const [directory, share] = await opened(data);
  await make(share, 'one', 'the first file');
  fs.mkdirSync(target);
  fs.writeFileSync(join(target, 'incomplete'), 'dfs backup, not finished\n');
  fs.writeFileSync(join(target, 'metadata'), '');
  const take = DirectoryLock.take;
  const spy = vi.spyOn(DirectoryLock, 'take').mockImplementationOnce((path) => {
    fs.rmSync(join(target, 'incomplete'));
    fs.writeFileSync(join(target, 'manifest'), 'of another');
    return take(path);
  });
  cleanups.push(() => spy.mockRestore());
  await expect(directory.backup(target, PAUSE)).rejects.toMatchObject({
    code: 'TARGET_REFUSED',
    message: expect.stringContaining('what it holds is whole'),
  });
  expect(fs.readFileSync(join(target, 'manifest'), 'latin1')).toBe('of another');
  expect(fs.existsSync(join(target, 'metadata'))).toBe(true);
});

describe('a restore', () => {
  async function backedUp(): Promise<string> {
    const base = await scratch();
    const [directory, share] = await opened(join(base, 'data'));
    await make(share, 'one', 'the first file');
    await make(share, 'two', 'the second file');
    await directory.backup(join(base, 'backup'), PAUSE);
    return base;
  }

  const overwrite = (path: string, at: number, text: string): void => {
    const fd = fs.openSync(path, 'r+');
    fs.writeSync(fd, text, at);
    fs.closeSync(fd);
  };
  const DAMAGE: [string, (backup: string) => string, string][] = [
    [
      'a changed byte',
      (backup) => {
        const path = holder(join(backup, 'content'), 'second');
        overwrite(path, 4, 'S');
        return path;
      },
      'checksum',
    ],
    [
      'a file that is cut',
      (backup) => {
        const path = holder(join(backup, 'content'), 'first');
        fs.truncateSync(path, 3);
        return path;
      },
      '3 bytes instead of 14',
    ],
    [
      'a missing file',
      (backup) => {
        const path = holder(join(backup, 'content'), 'first');
        fs.rmSync(path);
        return path;
      },
      'is missing',
    ],
    [
      'changed metadata',
      (backup) => {
        overwrite(join(backup, 'metadata'), 200, 'XYZ');
        return join(backup, 'metadata');
      },
      'checksum',
    ],
  ];

  test.each(DAMAGE)(
    'is refused for %s, which is named; so is it by a check',
    async (_name, damage, problem) => {
      const base = await backedUp();
      const path = damage(join(base, 'backup'));
      const to = join(base, 'restored');
      const restoring = restoreBackup(join(base, 'backup'), to);
      await expect(restoring).rejects.toMatchObject({
        code: 'DAMAGED',
        message: expect.stringMatching(`^${path} .*${problem}`),
      });
      const { damaged, damage: found } = await checkBackup(join(base, 'backup'));
      expect(damaged).toBe(1);
      expect(join(base, 'backup', found[0]?.file ?? '')).toBe(path);
      expect(found[0]?.problem).toContain(problem);
      // What was begun is no data directory, and may be begun again.
      await expect(openDataDirectory(to)).rejects.toMatchObject({
        code: 'NOT_A_DATA_DIRECTORY',
        message: expect.stringContaining('restore'),
      });
      expect(await codeOf(restoreBackup(join(base, 'backup'), to))).toBe('DAMAGED');
    },
  );

  test('that cannot be says what of: the backup, or where it is to go', async () => {
    const base = await backedUp();
    const [backup, to] = [join(base, 'backup'), join(base, 'restored')];
    await expect(restoreBackup(backup, join(backup, 'in'))).rejects.toMatchObject({
      code: 'TARGET_REFUSED',
      message: expect.stringContaining(`and the backup ${backup} lie`),
    });
    for (const name of ['manifest', 'metadata']) {
      const path = join(backup, name);
      fs.renameSync(path, join(base, 'away'));
      // A folder opens, and cannot be read.
      fs.mkdirSync(path);
      await expect(restoreBackup(backup, to)).rejects.toMatchObject({
        code: 'FAILED',
        message: expect.stringMatching(`^the restore failed: ${path} cannot be read: EISDIR`),
        advice: expect.not.stringContaining('room'),
      });
      fs.rmdirSync(path);
      fs.renameSync(join(base, 'away'), path);
    }
    // What LMDB is to make as a folder.
    const write = fs.writeFileSync;
    const spy = vi.spyOn(fs, 'writeFileSync').mockImplementation((path, ...rest) => {
      write(path, ...rest);
      if (String(path).endsWith('incomplete')) write(join(to, 'meta'), '');
    });
    cleanups.push(() => spy.mockRestore());
    await expect(restoreBackup(backup, to)).rejects.toMatchObject({
      code: 'FAILED',
      message: expect.not.stringContaining('cannot be read'),
      advice: expect.stringContaining(to),
    });
    spy.mockRestore();
    await restoreBackup(backup, to);
  });

  test('is refused for a manifest that is not whole', async () => {
    const base = await backedUp();
    const manifest = join(base, 'backup', 'manifest');
    const text = fs.readFileSync(manifest, 'utf8');
    for (const changed of [text.slice(0, -20), text.replace(/\d+ content/, '7 content'), '', `x${text}`]) {
      fs.writeFileSync(manifest, changed);
      expect(await codeOf(restoreBackup(join(base, 'backup'), join(base, 'restored')))).toBe('DAMAGED');
      expect(fs.existsSync(join(base, 'restored'))).toBe(false);
    }
    fs.writeFileSync(manifest, text);
    await restoreBackup(join(base, 'backup'), join(base, 'restored'));
  });

  test('goes into an absent or empty folder only, and nothing that is no backup is restored', async () => {
    const base = await backedUp();
    const backup = join(base, 'backup');
    fs.mkdirSync(join(base, 'full'));
    fs.writeFileSync(join(base, 'full', 'something'), '');
    fs.mkdirSync(join(base, 'empty'));
    expect(await codeOf(restoreBackup(backup, join(base, 'full')))).toBe('TARGET_REFUSED');
    expect(await codeOf(restoreBackup(backup, join(base, 'data')))).toBe('TARGET_REFUSED');
    expect(await codeOf(restoreBackup(backup, join(backup, 'in')))).toBe('TARGET_REFUSED');
    expect(await codeOf(restoreBackup(join(base, 'full'), join(base, 'new')))).toBe('NOT_A_BACKUP');
    await restoreBackup(backup, join(base, 'empty'));
    expect(await codeOf(restoreBackup(backup, join(base, 'empty')))).toBe('TARGET_REFUSED');
  });

  test('keeps who the server is, or makes it another', async () => {
    const base = await scratch();
    const [directory] = await opened(join(base, 'data'));
    const start = Buffer.from([0, 0, 0, 7]);
    directory.stateStore.put('server/identity', Buffer.alloc(32, 1));
    directory.stateStore.put('server/instance', start);
    directory.stateStore.put('client/00', Buffer.from('0'));
    await directory.backup(join(base, 'backup'), PAUSE);
    const stateOf = async (name: string, newIdentity: boolean) => {
      await restoreBackup(join(base, 'backup'), join(base, name), { newIdentity });
      const [restored] = await opened(join(base, name));
      return new Map(await restored.stateStore.load());
    };
    const same = await stateOf('same', false);
    expect(same.get('server/identity')).toEqual(Buffer.alloc(32, 1));
    expect(same.has('client/00')).toBe(true);
    // No start of the server that goes on has that number.
    expect(same.get('server/instance')?.readUInt32BE()).toBeGreaterThan(1000);
    const other = await stateOf('other', true);
    expect([other.has('server/identity'), other.has('client/00')]).toEqual([false, false]);
  });
});

const PAIRS = 3;
/** Files that nobody touches. */
const STILL = 60;
/** Larger than what is written on the spot, and smaller. */
const SIZES = [100_000, 2_000];

/** The numbers that a load has come to. */
type Counts = readonly number[];

/**
 * Writes increasing numbers to the files a<i>, then b<i>, so that at every moment a<i> is b<i> or one more; moves an amount from one
 * file to another and back by swapping two names; makes and removes files, and cuts one and writes it again.
 */
class Load {
  readonly #share: ShareFileSystem;
  readonly #acknowledged = new Array<number>(PAIRS).fill(0);
  readonly #begun = new Array<number>(PAIRS).fill(0);
  #isOn = true;
  #comer = 0;

  constructor(share: ShareFileSystem) {
    this.#share = share;
  }

  acknowledged = (): Counts => [...this.#acknowledged];
  begun = (): Counts => [...this.#begun];
  stop = (): void => {
    this.#isOn = false;
  };

  async prepare(): Promise<void> {
    for (let i = 0; i < PAIRS; i++) {
      await make(this.#share, `a${i}`, filled(0, sizeOf(i)));
      await make(this.#share, `b${i}`, filled(0, sizeOf(i)));
    }
    for (const name of ['x', 'y', 'cut']) await make(this.#share, name, name);
    for (let i = 0; i < STILL; i++) await make(this.#share, `still${i}`, `still ${i}`);
  }

  async steps(count: number): Promise<void> {
    const until = (this.#acknowledged[0] ?? 0) + count;
    while ((this.#acknowledged[0] ?? 0) < until) await new Promise((next) => setTimeout(next, 1));
  }

  async run(): Promise<void> {
    this.#isOn = true;
    const pairs = Array.from({ length: PAIRS }, (_, i) => this.#pair(i));
    await Promise.all([...pairs, this.#swaps(), this.#comings(), this.#cuts()]);
  }

  #file = (name: string): Inode => this.#share.lookup(this.#share.root(), ROOT, name);

  async #pair(i: number): Promise<void> {
    const [a, b] = [this.#file(`a${i}`), this.#file(`b${i}`)];
    const stability = i === 2 ? FILE_SYNC : UNSTABLE;
    for (let n = (this.#acknowledged[i] ?? 0) + 1; this.#isOn; n++) {
      this.#begun[i] = n;
      await this.#share.write(a, 0, filled(n, sizeOf(i)), stability);
      await this.#share.write(b, 0, filled(n, sizeOf(i)), stability);
      this.#acknowledged[i] = n;
      await pause();
    }
  }

  async #swaps(): Promise<void> {
    const root = this.#share.root();
    while (this.#isOn) {
      // All three, so that the next swap finds the names where it left them.
      for (const [from, to] of [
        ['x', 't'],
        ['y', 'x'],
        ['t', 'y'],
      ] as const) {
        this.#share.rename(root, from, root, to, ROOT);
        await this.#share.stable();
        await pause();
      }
    }
  }

  async #comings(): Promise<void> {
    const root = this.#share.root();
    for (; this.#isOn; this.#comer++) {
      const n = this.#comer;
      // The next is there before this one goes.
      await make(this.#share, `come${n}`, `come ${n}`);
      if (n > 0) this.#share.remove(root, ROOT, `come${n - 1}`);
      await pause();
    }
  }

  async #cuts(): Promise<void> {
    const file = this.#file('cut');
    for (let n = 0; this.#isOn; n++) {
      await this.#share.setAttributes(file, ROOT, { size: 0 });
      await this.#share.write(file, 0, filled(n, 70_000), UNSTABLE);
      await pause();
    }
  }
}

const pause = (): Promise<void> => new Promise((next) => setTimeout(next, 1));
const sizeOf = (pair: number): number => SIZES[pair % SIZES.length] ?? 0;

function filled(n: number, size: number): Buffer {
  const buffer = Buffer.alloc(size - (size % 4));
  for (let at = 0; at < buffer.length; at += 4) buffer.writeUInt32BE(n, at);
  return buffer;
}

/** The number that fills a file; fails where it holds more than one. */
async function numberIn(share: ShareFileSystem, name: string): Promise<number> {
  const content = await contentOf(share, share.lookup(share.root(), ROOT, name));
  const n = content.readUInt32BE();
  expect(content.equals(filled(n, content.length)), `${name} is whole`).toBe(true);
  return n;
}

async function verifyMoment(share: ShareFileSystem, before: Counts, after: Counts): Promise<void> {
  for (let i = 0; i < PAIRS; i++) {
    const [a, b] = [await numberIn(share, `a${i}`), await numberIn(share, `b${i}`)];
    expect([0, 1], `a${i} ${a}, b${i} ${b}`).toContain(a - b);
    expect(b).toBeGreaterThanOrEqual(before[i] ?? 0);
    expect(a).toBeLessThanOrEqual(after[i] ?? 0);
  }
  const present = names(list(share, share.root()));
  const swapped = present.filter((name) => ['x', 'y', 't'].includes(name));
  expect(swapped).toHaveLength(2);
  const texts = await Promise.all(swapped.map((name) => textOf(share, name)));
  expect(texts.sort()).toEqual(['x', 'y']);
  const coming = present.filter((name) => name.startsWith('come'));
  expect([1, 2]).toContain(coming.length);
  for (const name of coming.slice(0, -1))
    expect(await textOf(share, name)).toBe(name.replace('come', 'come '));
  const still = present.filter((name) => name.startsWith('still'));
  expect(still).toHaveLength(STILL);
  for (const name of still) expect(await textOf(share, name)).toBe(name.replace('still', 'still '));
  const cut = share.lookup(share.root(), ROOT, 'cut');
  if (cut.size > 3) await numberIn(share, 'cut');
}
