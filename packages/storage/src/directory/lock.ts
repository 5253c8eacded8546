import fs from 'node:fs';
import { join } from 'node:path';
import { tryLock } from '../host/libc.ts';
import { DataDirectoryError } from './errors.ts';

const LOCK_FILE = 'lock';

/** Keeps every other process away from a data directory; ends with the process, however that ends. */
export class DirectoryLock {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  static take(folder: string): DirectoryLock {
    const path = join(folder, LOCK_FILE);
    for (;;) {
      const lock = DirectoryLock.#open(folder, path);
      // Whoever had it before may have removed the file on leaving: a lock on that keeps nobody away.
      if (fs.statSync(path, { throwIfNoEntry: false })?.ino === fs.fstatSync(lock.#fd).ino) return lock;
      lock.release();
    }
  }

  static #open(folder: string, path: string): DirectoryLock {
    const { O_RDWR, O_CREAT, O_NOFOLLOW } = fs.constants;
    // What is written below must not go to where a link leads that somebody else has put there.
    const fd = fs.openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
    try {
      if (!tryLock(fd)) {
        const owner = fs.readFileSync(fd, 'utf8').trim();
        const who = /^\d+$/.test(owner) ? `process ${owner}` : 'another process';
        throw new DataDirectoryError('LOCKED', `${folder} is in use by ${who}`);
      }
      // For the message above only: what holds is the lock.
      fs.ftruncateSync(fd, 0);
      fs.writeSync(fd, `${process.pid}\n`, 0);
      return new DirectoryLock(fd);
    } catch (error) {
      fs.closeSync(fd);
      throw error;
    }
  }

  /** The process that holds the lock, where this one can see it: another container's process has another number there. */
  static holder(folder: string, table = '/proc/locks'): number | undefined {
    try {
      const path = join(folder, LOCK_FILE);
      const pid = Number(fs.readFileSync(path, 'utf8'));
      // To kill(2) others are a group of processes, or all: and they are what a table has of owners that it cannot name.
      if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
      const inode = fs.statSync(path).ino;
      const locks = fs.readFileSync(table, 'utf8').split('\n');
      // "1: FLOCK  ADVISORY  WRITE 4711 08:01:131 0 EOF"; the file may say who held it once.
      const isHeld = locks.some((line) => {
        const [, kind, , , owner, file] = line.split(/\s+/);
        return kind === 'FLOCK' && owner === `${pid}` && file?.endsWith(`:${inode}`) === true;
      });
      return isHeld ? pid : undefined;
    } catch {
      // Nobody has used it yet, or nobody may look.
      return undefined;
    }
  }

  static readonly fileName = LOCK_FILE;

  release(): void {
    fs.closeSync(this.#fd);
  }
}
