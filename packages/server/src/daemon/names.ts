import { readFileSync, statSync } from 'node:fs';
import type { NameService } from '@dfs/nfs';

/** Milliseconds for which a file is not looked at again. */
const RECHECK_MS = 5_000;
/** Bytes of a file that is read; in a longer one no names are known. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;
const NAME_FIELD = 0;
const ID_FIELD = 2;

/** The names in a file of the form of /etc/passwd and /etc/group, read again when it has changed. */
class NameFile {
  readonly #file: string;
  readonly #now: () => number;
  #ids: ReadonlyMap<string, number> = new Map();
  #version = '';
  #checkedAt = Number.NEGATIVE_INFINITY;

  constructor(file: string, now: () => number) {
    this.#file = file;
    this.#now = now;
  }

  idOf(name: string): number | undefined {
    const now = this.#now();
    if (now - this.#checkedAt >= RECHECK_MS) {
      this.#checkedAt = now;
      this.#refresh();
    }
    return this.#ids.get(name);
  }

  /** Without the file, or when it cannot be read, the names known so far stay. */
  #refresh(): void {
    try {
      const { mtimeMs, size, ino } = statSync(this.#file);
      const version = `${ino}.${size}.${mtimeMs}`;
      if (version === this.#version || size > MAX_FILE_BYTES) return;
      this.#ids = parseNames(readFileSync(this.#file, 'utf8'));
      this.#version = version;
    } catch {
      // A container without /etc/passwd is no fault: numbers still work.
    }
  }
}

/** "name:x:1000:..." lines; the first of a name counts, as it does in the C library. */
export function parseNames(text: string): ReadonlyMap<string, number> {
  const ids = new Map<string, number>();
  for (const line of text.split('\n')) {
    const fields = line.split(':');
    const name = fields[NAME_FIELD] ?? '';
    const id = fields[ID_FIELD] ?? '';
    if (name !== '' && !name.startsWith('#') && /^\d{1,10}$/.test(id) && !ids.has(name))
      ids.set(name, Number(id));
  }
  return ids;
}

/** The users and groups of this machine, for owners that clients send by name. */
export function systemNames(
  passwd = '/etc/passwd',
  group = '/etc/group',
  now: () => number = () => performance.now(),
): NameService {
  const users = new NameFile(passwd, now);
  const groups = new NameFile(group, now);
  return { uidOf: (name) => users.idOf(name), gidOf: (name) => groups.idOf(name) };
}
