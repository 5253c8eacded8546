import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { DirectoryLock } from '../src/directory/lock.ts';
import { cleanUpAfterEach, cleanups, scratch } from './support.ts';

cleanUpAfterEach();

describe('the lock of a data directory', () => {
  test('is of the file that is there: not of one that its last holder removed', async () => {
    const folder = await scratch();
    const open = fs.openSync;
    const spy = vi.spyOn(fs, 'openSync').mockImplementationOnce((path, ...rest) => {
      const fd = open(path, ...rest);
      fs.rmSync(path);
      return fd;
    });
    cleanups.push(() => spy.mockRestore());
    const lock = DirectoryLock.take(folder);
    expect(spy).toHaveBeenCalledTimes(2);
    expect(() => DirectoryLock.take(folder)).toThrowError(expect.objectContaining({ code: 'LOCKED' }));
    lock.release();
    DirectoryLock.take(folder).release();
  });

  test('names its holder', async () => {
    const folder = await scratch();
    const lock = DirectoryLock.take(folder);
    expect(DirectoryLock.holder(folder)).toBe(process.pid);
    lock.release();
    expect(DirectoryLock.holder(folder)).toBeUndefined();
  });

  // What a table says of owners in another container.
  test.each(['0', '-1', '', '\n', ' ', '1.5', '1e400', '0x0'])(
    'takes nobody for its holder who could be everybody: %j',
    async (text) => {
      const folder = await scratch();
      const [file, table] = [join(folder, 'lock'), join(folder, 'locks')];
      fs.writeFileSync(file, text);
      const { ino } = fs.statSync(file);
      const owners = [text.trim(), `${Number(text)}`, '0', '-1'];
      const lines = owners.map((owner, i) => `${i}: FLOCK  ADVISORY  WRITE ${owner} 08:01:${ino} 0 EOF`);
      fs.writeFileSync(table, `${lines.join('\n')}\n`);
      expect(DirectoryLock.holder(folder, table)).toBeUndefined();
    },
  );
});
