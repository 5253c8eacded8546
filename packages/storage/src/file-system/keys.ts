import type { Key } from '../metadata/store.ts';

/** Tables of a share; the fifth byte of a key, behind the share's number. */
export const Table = {
  /** -> what the share itself keeps (superblock.ts) */
  SUPERBLOCK: 'S',
  /** inode number -> inode (inode.ts) */
  INODE: 'i',
  /** directory, name -> cookie, inode number */
  NAME: 'n',
  /** directory, cookie -> inode number, name */
  COOKIE: 'c',
  /** inode number -> target of the symbolic link */
  LINK: 'l',
  /** inode number, name -> value of the extended attribute */
  XATTR: 'x',
  /** inode number -> nothing: nobody names it any more, its content may still be there */
  ORPHAN: 'o',
  /** -> how much the share holds (usage.ts) */
  USAGE: 'u',
  /** name -> a record of the daemon or a state of the engine; only under share 0 */
  RECORD: 'r',
  STATE: 's',
  /** -> what the last batch was, and how far the journal had come (mark.ts); only under share 0 */
  MARK: 'b',
} as const;
export type Table = (typeof Table)[keyof typeof Table];

const SCANNED: ReadonlySet<string> = new Set([
  Table.COOKIE,
  Table.XATTR,
  Table.ORPHAN,
  Table.RECORD,
  Table.STATE,
]);
/** Where a key has the letter of its table, behind the share's number. */
export const TABLE_AT = 4;
const TWO_32 = 2 ** 32;

/** True for the keys of tables that are read by ranges. */
export function isScanned(key: Key): boolean {
  return SCANNED.has(key[TABLE_AT] as string);
}

/** A number from 0 to 2^32 - 1 as four bytes, larger ones behind smaller ones. */
export function key32(n: number): Key {
  return String.fromCharCode((n >>> 24) & 0xff, (n >>> 16) & 0xff, (n >>> 8) & 0xff, n & 0xff);
}

/** The share that a key belongs to. */
export function shareOf(key: Key): number {
  return Buffer.from(key.slice(0, TABLE_AT), 'latin1').readUInt32BE();
}

/** A number from 0 to 2^53 - 1 as eight bytes. */
export function key64(n: number): Key {
  return key32(Math.floor(n / TWO_32)) + key32(n >>> 0);
}

export function parseKey64(key: Key, at: number): number {
  let n = 0;
  for (let i = at; i < at + 8; i++) n = n * 256 + key.charCodeAt(i);
  return n;
}

/** Text as the bytes of its UTF-8. */
export function keyText(text: string): Key {
  // As many bytes as characters: ASCII, which is its own form.
  return Buffer.byteLength(text) === text.length ? text : Buffer.from(text).toString('latin1');
}

export function parseKeyText(key: Key, at: number): string {
  return Buffer.from(key.slice(at), 'latin1').toString();
}

/** The key behind all those that begin with `prefix`, which does not end in 0xff. */
export function endOf(prefix: Key): Key {
  const last = prefix.length - 1;
  return prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1);
}

export function readNumber(buffer: Buffer, at: number): number {
  return buffer.readUInt32BE(at) * TWO_32 + buffer.readUInt32BE(at + 4);
}

export function writeNumber(buffer: Buffer, n: number, at: number): void {
  write32(buffer, Math.floor(n / TWO_32), at);
  write32(buffer, n >>> 0, at + 4);
}

/** Without the checks of a Buffer's own method, which take longer than the writing. */
export function write32(buffer: Buffer, n: number, at: number): void {
  buffer[at] = n >>> 24;
  buffer[at + 1] = n >>> 16;
  buffer[at + 2] = n >>> 8;
  buffer[at + 3] = n;
}

/** The keys of one share. */
export class ShareKeys {
  readonly prefix: Key;
  readonly superblock: Key;
  readonly usage: Key;
  readonly #inode: Key;
  readonly #name: Key;
  readonly #cookie: Key;
  readonly #link: Key;
  readonly #xattr: Key;
  readonly #orphan: Key;

  constructor(share: number) {
    this.prefix = key32(share);
    this.superblock = this.prefix + Table.SUPERBLOCK;
    this.usage = this.prefix + Table.USAGE;
    this.#inode = this.prefix + Table.INODE;
    this.#name = this.prefix + Table.NAME;
    this.#cookie = this.prefix + Table.COOKIE;
    this.#link = this.prefix + Table.LINK;
    this.#xattr = this.prefix + Table.XATTR;
    this.#orphan = this.prefix + Table.ORPHAN;
  }

  inode(ino: number): Key {
    return this.#inode + key64(ino);
  }

  /** `dir` and `ino` of the following are numbers as {@link key64} gives them, which an inode keeps at hand. */
  name(dir: Key, name: string): Key {
    return this.#name + dir + keyText(name);
  }

  cookie(dir: Key, cookie: number): Key {
    return this.#cookie + dir + key64(cookie);
  }

  link(ino: Key): Key {
    return this.#link + ino;
  }

  xattr(ino: Key, name: string): Key {
    return this.#xattr + ino + keyText(name);
  }

  orphan(ino: Key): Key {
    return this.#orphan + ino;
  }

  allInodes(): { start: Key; end: Key } {
    return { start: this.#inode, end: endOf(this.#inode) };
  }

  allOrphans(): { start: Key; end: Key } {
    return { start: this.#orphan, end: endOf(this.#orphan) };
  }

  /** All xattrs of an inode with names from `from`. */
  xattrs(ino: Key, from: Key = ''): { start: Key; end: Key; nameAt: number } {
    const start = this.#xattr + ino;
    return { start: start + from, end: `${start}\xff`, nameAt: start.length };
  }

  /** All entries of a directory behind `cookie`. */
  cookiesAfter(dir: Key, cookie: number): { start: Key; end: Key; cookieAt: number } {
    const start = this.#cookie + dir;
    return { start: start + key64(cookie + 1), end: `${start}\xff`, cookieAt: start.length };
  }
}
