import { FileType } from '@dfs/nfs';
import type { ContentStore } from '../content/store.ts';
import { Inode } from '../file-system/inode.ts';
import { key64, parseKey64, readNumber, ShareKeys, writeNumber } from '../file-system/keys.ts';
import { decodeSuperblock, encodeSuperblock, type Superblock } from '../file-system/superblock.ts';
import { encodeHeld, type Held } from '../file-system/usage.ts';
import type { Key, MetadataStore } from '../metadata/store.ts';

/** Where what has lost its name is found again. */
const LOST_AND_FOUND = 'lost+found';
const LOST_MODE = 0o700;
const ROOT_MODE = 0o755;
const FILE_MODE = 0o600;
const LOST_TARGET = 'target lost';
const NUMBER_BYTES = 8;
const PAGE = 1000;
/** Changes that are gathered; what is found beyond them waits for the next round. */
const MAX_CHANGES = 200_000;
const NOTHING = Buffer.alloc(0);

/** What would mend a share, gathered while it is checked and then applied in one go. Each change is safe by itself: a further check tells what is left. */
export class Repairs {
  readonly #metadata: MetadataStore;
  readonly #content: ContentStore;
  readonly #keys: ShareKeys;
  readonly #changes = new Map<Key, Buffer | undefined>();
  readonly #contents = new Set<number>();

  constructor(share: number, metadata: MetadataStore, content: ContentStore) {
    this.#metadata = metadata;
    this.#content = content;
    this.#keys = new ShareKeys(share);
  }

  /** Changes that wait. */
  get size(): number {
    return this.#changes.size + this.#contents.size;
  }

  async apply(): Promise<void> {
    await this.#metadata.commit(this.#changes);
    for (const ino of this.#contents) await this.#content.remove(ino);
    await this.#content.syncAll();
    this.#changes.clear();
    this.#contents.clear();
  }

  drop(key: Key): void {
    this.#put(key, undefined);
  }

  dropName(dir: number, name: string, cookie: number): void {
    this.drop(this.#keys.name(key64(dir), name));
    const listed = this.#get(this.#keys.cookie(key64(dir), cookie));
    if (listed?.toString('utf8', NUMBER_BYTES) === name) this.unlist(dir, cookie);
  }

  unlist(dir: number, cookie: number): void {
    this.drop(this.#keys.cookie(key64(dir), cookie));
  }

  /** Enters a name at the end of its directory's listing. */
  list(dir: number, name: string, ino: number): void {
    let cookie = 0;
    const known = this.#edit(dir, (inode) => {
      cookie = inode.nextCookie++;
    });
    if (!known) return;
    const byName = Buffer.alloc(2 * NUMBER_BYTES);
    writeNumber(byName, cookie, 0);
    writeNumber(byName, ino, NUMBER_BYTES);
    this.#put(this.#keys.name(key64(dir), name), byName);
    const head = Buffer.alloc(NUMBER_BYTES);
    writeNumber(head, ino, 0);
    this.#put(this.#keys.cookie(key64(dir), cookie), Buffer.concat([head, Buffer.from(name)]));
  }

  setParent(ino: number, parent: number): void {
    this.#edit(ino, (inode) => {
      inode.parent = parent;
    });
  }

  setNextCookie(ino: number, atLeast: number): void {
    this.#edit(ino, (inode) => {
      inode.nextCookie = Math.max(inode.nextCookie, atLeast);
    });
  }

  setSize(ino: number, size: number): void {
    this.#edit(ino, (inode) => {
      inode.size = size;
    });
  }

  setXattrBytes(ino: number, bytes: number): void {
    this.#edit(ino, (inode) => {
      inode.xattrBytes = bytes;
    });
  }

  setLinks(ino: number, links: number): void {
    this.#edit(ino, (inode) => {
      inode.nlink = links;
    });
  }

  setEntries(ino: number, entries: number): void {
    this.#edit(ino, (inode) => {
      inode.entries = entries;
    });
  }

  /** A symbolic link whose target nobody knows says so. */
  loseTarget(ino: number): void {
    this.#put(this.#keys.link(key64(ino)), Buffer.from(LOST_TARGET));
    this.setSize(ino, LOST_TARGET.length);
  }

  setUsage(held: Held): void {
    this.#put(this.#keys.usage, encodeHeld(held));
  }

  markOrphan(ino: number): void {
    this.#put(this.#keys.orphan(key64(ino)), NOTHING);
  }

  removeContent(ino: number): void {
    if (this.size < MAX_CHANGES) this.#contents.add(ino);
  }

  /** Numbers up to this one are given out. */
  reserve(ino: number): void {
    const superblock = this.#superblock();
    superblock.reservedIno = Math.max(superblock.reservedIno, ino + 1);
    this.#put(this.#keys.superblock, encodeSuperblock(superblock));
  }

  /** A file whose record is not readable: root's, closed to others, as long as its content. */
  rebuild(ino: number, size: number): void {
    this.#write(this.#make(ino, FileType.REGULAR, FILE_MODE, 1, size));
  }

  rebuildRoot(ino: number): void {
    const root = this.#make(ino, FileType.DIRECTORY, ROOT_MODE, 2, 0);
    root.parent = ino;
    root.nextCookie = this.#cookiesEnd(ino);
    this.#write(root);
  }

  /** Gives a name in lost+found. Its counts, and those of the directories, are for the next round. */
  adopt(ino: number): void {
    const home = this.#lostAndFound();
    if (home === undefined || ino === home) return;
    const inode = this.#inode(ino);
    if (inode === undefined) return;
    if (inode.isDirectory) this.#detach(ino, inode.parent);
    this.#edit(ino, (found) => {
      found.nlink = Math.max(found.nlink, 1);
      if (found.isDirectory) found.parent = home;
    });
    this.list(home, `inode-${ino}`, ino);
  }

  /** Takes away the entry that a directory has in another, if it has one. */
  #detach(ino: number, parent: number): void {
    const { start, end, cookieAt } = this.#keys.cookiesAfter(key64(parent), 0);
    for (let from = start; ; ) {
      const page = this.#metadata.scan(from, end, PAGE);
      const entry = page.find(({ value }) => readNumber(value, 0) === ino);
      if (entry !== undefined) {
        const name = entry.value.toString('utf8', NUMBER_BYTES);
        this.dropName(parent, name, parseKey64(entry.key, cookieAt));
        return;
      }
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return;
      from = `${last.key}\x00`;
    }
  }

  /** The directory's inode number, made where it is missing; undefined where there is no top to make it in. */
  #lostAndFound(): number | undefined {
    const { rootIno, reservedIno } = this.#superblock();
    const entry = this.#get(this.#keys.name(key64(rootIno), LOST_AND_FOUND));
    if (entry !== undefined) {
      const ino = readNumber(entry, NUMBER_BYTES);
      return this.#inode(ino)?.isDirectory === true ? ino : rootIno;
    }
    if (this.#inode(rootIno) === undefined) return undefined;
    this.reserve(reservedIno);
    const home = this.#make(reservedIno, FileType.DIRECTORY, LOST_MODE, 2, 0);
    home.parent = rootIno;
    this.#write(home);
    this.list(rootIno, LOST_AND_FOUND, reservedIno);
    return reservedIno;
  }

  #make(ino: number, type: FileType, mode: number, nlink: number, size: number): Inode {
    const superblock = this.#superblock();
    const change = ++superblock.reservedChange;
    this.#put(this.#keys.superblock, encodeSuperblock(superblock));
    const inode = new Inode(this.#keys.inode(ino), ino, change, type);
    inode.change = change;
    inode.mode = mode;
    inode.nlink = nlink;
    inode.size = size;
    const now = Math.floor(Date.now() / 1000);
    inode.atimeSec = inode.mtimeSec = inode.ctimeSec = inode.btimeSec = now;
    return inode;
  }

  #cookiesEnd(dir: number): number {
    const { start, end, cookieAt } = this.#keys.cookiesAfter(key64(dir), 0);
    const last = this.#metadata.scan(start, end, 1, true)[0];
    return last === undefined
      ? new Inode('', 0, 0, FileType.DIRECTORY).nextCookie
      : parseKey64(last.key, cookieAt) + 1;
  }

  #superblock(): Superblock {
    const bytes = this.#get(this.#keys.superblock);
    if (bytes === undefined) throw new Error('a share without its own record is not repaired');
    return decodeSuperblock(bytes);
  }

  #inode(ino: number): Inode | undefined {
    const key = this.#keys.inode(ino);
    const bytes = this.#get(key);
    if (bytes === undefined) return undefined;
    try {
      return Inode.decode(key, ino, bytes);
    } catch {
      return undefined;
    }
  }

  /** False where there is no such inode. */
  #edit(ino: number, change: (inode: Inode) => void): boolean {
    const inode = this.#inode(ino);
    if (inode === undefined) return false;
    change(inode);
    this.#write(inode);
    return true;
  }

  #write(inode: Inode): void {
    this.#put(inode.key, inode.encode());
  }

  #get(key: Key): Buffer | undefined {
    return this.#changes.has(key) ? this.#changes.get(key) : this.#metadata.get(key);
  }

  #put(key: Key, value: Buffer | undefined): void {
    if (this.#changes.size < MAX_CHANGES || this.#changes.has(key)) this.#changes.set(key, value);
  }
}
