import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { checkBackup, openDataDirectory, restoreBackup } from '../src/index.ts';
import { codeOf, make, opened, PAUSE } from './backup/support.ts';
import { cleanUpAfterEach, cleanups, scratch } from './support.ts';

cleanUpAfterEach();

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
