import fs from 'node:fs';
import { join } from 'node:path';
import { FileType, Stability, XattrMode } from '@dfs/nfs';
import { describe, expect, test, vi } from 'vitest';
import { DirectoryLock } from '../src/directory/lock.ts';
import {
  backupDataDirectory,
  checkBackup,
  checkDataDirectory,
  type MetadataStore,
  openDataDirectory,
  openMemoryDirectory,
  restoreBackup,
} from '../src/index.ts';
import { type Counts, Load, verifyMoment } from './backup/load.ts';
import { codeOf, contentOf, make, opened, PAUSE, textOf } from './backup/support.ts';
import { Faults, faultyMetadata } from './faults/faulty.ts';
import { cleanUpAfterEach, cleanups, list, names, ROOT, scratch } from './support.ts';

cleanUpAfterEach();

const { FILE_SYNC, UNSTABLE } = Stability;

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
