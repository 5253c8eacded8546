import fs from 'node:fs';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import { syncFolder } from '../content/host-files.ts';
import { DataDirectoryError } from '../directory/errors.ts';
import { DirectoryLock } from '../directory/lock.ts';
import { codeOf } from '../host/errors.ts';
import { canSyncHost, syncHost } from '../host/libc.ts';
import { BackupError } from './errors.ts';

/** In a backup, and nowhere else: it is whole where this is there. */
export const MANIFEST_FILE = 'manifest';
export const MANIFEST_DRAFT = 'manifest.new';
export const METADATA_FILE = 'metadata';
export const CONTENT_FOLDER = 'content';
/** Says what is being made here, until it is whole. */
export const UNFINISHED_FILE = 'incomplete';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** A folder that is being filled, locked against others who would. */
export class Unfinished {
  readonly path: string;
  readonly #lock: DirectoryLock;

  private constructor(path: string, lock: DirectoryLock) {
    this.path = path;
    this.#lock = lock;
  }

  /**
   * Takes an absent or empty folder, or one in which the same was begun and not finished: that is cleared away. TARGET_REFUSED for
   * any other. `done` is the file that says that it is whole.
   */
  static async begin(path: string, what: string, done: string): Promise<Unfinished> {
    makeFolder(path);
    // No lock is put into a folder that is somebody else's.
    leftovers(path, what, done);
    const lock = takeLock(path);
    try {
      // Who had the lock until now may have finished it.
      for (const name of leftovers(path, what, done)) remove(join(path, name));
      fs.writeFileSync(join(path, UNFINISHED_FILE), markOf(what), { mode: FILE_MODE });
      await syncFolder(path);
      return new Unfinished(path, lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Everything that was written is safe when this answers. */
  async sync(): Promise<void> {
    if (!canSyncHost) return syncTree(this.path);
    const fd = fs.openSync(this.path, 'r');
    try {
      await syncHost(fd);
    } finally {
      fs.closeSync(fd);
    }
  }

  /** It is whole, and says so by now: the sign that it is not goes. */
  async finish(): Promise<void> {
    await syncFolder(this.path);
    fs.rmSync(join(this.path, UNFINISHED_FILE), { force: true });
    await syncFolder(this.path);
  }

  /** Lets go; without the lock's file in a backup, which is not locked again. */
  release(keepFile = false): void {
    if (!keepFile) fs.rmSync(join(this.path, DirectoryLock.fileName), { force: true });
    this.#lock.release();
  }
}

/** True where that was begun in the folder and not finished. */
export function isUnfinished(path: string, what: string): boolean {
  try {
    return fs.readFileSync(join(path, UNFINISHED_FILE), 'latin1') === markOf(what);
  } catch {
    return false;
  }
}

/** What an earlier try has left, to be cleared away. TARGET_REFUSED where anything else is there. */
function leftovers(path: string, what: string, done: string): string[] {
  const names = fs.readdirSync(path).filter((name) => name !== DirectoryLock.fileName);
  if (names.length === 0) return [];
  const isWhole = names.includes(done);
  if (!isWhole && isUnfinished(path, what)) return names.filter((name) => name !== UNFINISHED_FILE);
  const why = isWhole ? 'is not empty: what it holds is whole' : 'is not empty';
  throw refused(path, why, 'choose a new or empty folder');
}

const markOf = (what: string) => `dfs ${what}, not finished\n`;

export function refused(path: string, why: string, advice: string, cause?: unknown): BackupError {
  return new BackupError('TARGET_REFUSED', `${path} ${why}`, advice, cause);
}

/** Only the last part is made: a path with a slip in its middle is no place for a backup. */
function makeFolder(path: string): void {
  try {
    fs.mkdirSync(path, { mode: FOLDER_MODE });
  } catch (error) {
    switch (codeOf(error)) {
      case 'EEXIST':
        if (fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
        throw refused(path, 'is not a folder', 'choose a new or empty folder', error);
      case 'ENOENT':
        throw refused(path, 'cannot be made: the folder above it is not there', 'make that first', error);
      default:
        throw refused(
          path,
          `cannot be made (${codeOf(error) ?? String(error)})`,
          'choose a folder that the user of dfs may write to',
          error,
        );
    }
  }
}

function takeLock(path: string): DirectoryLock {
  try {
    return DirectoryLock.take(path);
  } catch (error) {
    if (codeOf(error) === 'ELOOP') {
      throw refused(path, 'holds a link in place of its lock', 'choose a new or empty folder', error);
    }
    if (!(error instanceof DataDirectoryError)) throw error;
    throw refused(
      path,
      'is being written to by another dfs',
      'wait for that, or choose another folder',
      error,
    );
  }
}

function remove(path: string): void {
  fs.rmSync(path, { recursive: true, force: true });
}

/** Throws where one of the two folders lies in the other, or they are one. `what` is the source, with its path. */
export function requireApart(target: string, source: string, what: string): void {
  const [a, b] = [realPath(target), realPath(source)];
  if (!isWithin(a, b) && !isWithin(b, a)) return;
  throw refused(target, `and ${what} lie in one another`, 'choose a folder elsewhere, best on another disk');
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || !(way === '..' || way.startsWith('../') || isAbsolute(way));
}

/** Of what is not there yet, by the nearest folder above it that is. */
function realPath(path: string): string {
  try {
    return fs.realpathSync(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
    return join(realPath(dirname(path)), basename(path));
  }
}

async function syncTree(folder: string): Promise<void> {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await syncTree(path);
    else if (entry.isFile()) await syncFolder(path);
  }
  await syncFolder(folder);
}
