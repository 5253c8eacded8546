import { FsError } from '@dfs/nfs';
import type { Core } from './core.ts';
import type { Entry, Inode } from './inode.ts';
import { parseKey64, readNumber, writeNumber } from './keys.ts';
import type { ListedEntry, Page } from './listing-cache.ts';

const NUMBER_BYTES = 8;

/** The entry of that name, or null. */
export function findEntry(core: Core, dir: Inode, name: string): Entry | null {
  const cached = core.names.get(dir, name);
  if (cached !== undefined) return cached;
  if (dir.namesAreAll || dir.entries === 0) return null;
  const bytes = core.log.get(core.keys.name(dir.numberKey, name));
  const entry =
    bytes === undefined
      ? null
      : { cookie: readNumber(bytes, 0), ino: readNumber(bytes, NUMBER_BYTES), newIn: 0 };
  core.names.set(dir, name, entry);
  return entry;
}

/** Adds an entry of a name that is free; with `place`, a cookie, there in the listing, else at its end. The caller touches the directory. */
export function putEntry(core: Core, dir: Inode, name: string, ino: number, place?: number): void {
  const cookie = place ?? dir.nextCookie++;
  const byName = Buffer.allocUnsafe(2 * NUMBER_BYTES);
  writeNumber(byName, cookie, 0);
  writeNumber(byName, ino, NUMBER_BYTES);
  const newName = core.log.putNew(core.keys.name(dir.numberKey, name), byName);
  const byCookie = Buffer.allocUnsafe(NUMBER_BYTES + Buffer.byteLength(name));
  writeNumber(byCookie, ino, 0);
  byCookie.write(name, NUMBER_BYTES);
  core.log.put(core.keys.cookie(dir.numberKey, cookie), byCookie);
  if (dir.entries === 0) dir.namesAreAll = true;
  // A cookie that was never given out is nowhere.
  core.names.set(dir, name, { ino, cookie, newIn: place === undefined ? newName : 0 });
  core.listings.drop(dir);
  dir.entries++;
}

/** Removes an entry; the caller touches the directory. */
export function deleteEntry(core: Core, dir: Inode, name: string, entry: Entry): void {
  core.log.delete(core.keys.name(dir.numberKey, name), entry.newIn);
  core.log.delete(core.keys.cookie(dir.numberKey, entry.cookie), entry.newIn);
  core.names.forget(dir, name);
  core.listings.drop(dir);
  dir.entries--;
}

/** Entries behind `cookie` (0: from the first) in the order of their cookies: `limit`, or as many as were asked for the last time. */
export function listEntries(core: Core, dir: Inode, cookie: number, limit: number): Page {
  const known = core.listings.get(dir, cookie);
  if (known !== undefined) {
    known.again = true;
    return known;
  }
  // Who removes a directory from its beginning need not pass again and again what is gone but not yet committed.
  const isFromFirst = cookie < dir.firstCookie;
  const { start, end, cookieAt } = core.keys.cookiesAfter(
    dir.numberKey,
    isFromFirst ? dir.firstCookie - 1 : cookie,
  );
  const found = core.log.scan(start, end, limit);
  const entries: ListedEntry[] = found.map(({ key, value }) => ({
    name: value.toString('utf8', NUMBER_BYTES),
    cookie: parseKey64(key, cookieAt),
    ino: readNumber(value, 0),
    inode: undefined,
  }));
  const page = { entries, end: found.length < limit, again: false };
  if (isFromFirst) dir.firstCookie = entries[0]?.cookie ?? dir.nextCookie;
  core.listings.set(dir, cookie, page);
  return page;
}

/** The entry's name for a new object: ENAMETOOLONG, EEXIST. */
export function requireFreeName(core: Core, dir: Inode, name: string): void {
  requireNameLength(core, name);
  if (findEntry(core, dir, name) !== null) throw new FsError('EEXIST');
}

export function requireNameLength(core: Core, name: string): void {
  const { maxName } = core.limits;
  // A character is three bytes at the most.
  if (name.length * 3 <= maxName) return;
  if (Buffer.byteLength(name) > maxName) throw new FsError('ENAMETOOLONG');
}
