import { FileType } from '@dfs/nfs';
import type { Inode } from '../file-system/inode.ts';

const FIRST_ROOM = 1024;
const HAS_TARGET = 1;
const IS_ORPHAN = 2;
const HAS_XATTRS = 4;
const IS_REACHED = 8;

/**
 * What a check notes of each inode, in columns: some fifty bytes each, so that ten million fit in memory. Inodes are added in the order of their
 * numbers, and found by bisection.
 */
export class Census {
  #count = 0;
  #ino = new Float64Array(FIRST_ROOM);
  #parent = new Float64Array(FIRST_ROOM);
  #size = new Float64Array(FIRST_ROOM);
  #type = new Uint8Array(FIRST_ROOM);
  #flags = new Uint8Array(FIRST_ROOM);
  #nlink = new Uint32Array(FIRST_ROOM);
  #entries = new Uint32Array(FIRST_ROOM);
  /** Found so far: names that lead to it; of a directory its entries, and the directories among them. */
  #named = new Uint32Array(FIRST_ROOM);
  #listed = new Uint32Array(FIRST_ROOM);
  #subdirectories = new Uint32Array(FIRST_ROOM);
  #xattrBytes = new Uint32Array(FIRST_ROOM);

  get count(): number {
    return this.#count;
  }

  add(inode: Inode): void {
    if (this.#count === this.#ino.length) this.#grow();
    const at = this.#count++;
    this.#ino[at] = inode.fileid;
    this.#parent[at] = inode.parent;
    this.#size[at] = inode.size;
    this.#type[at] = inode.type;
    this.#nlink[at] = inode.nlink;
    this.#entries[at] = inode.entries;
    this.#xattrBytes[at] = inode.xattrBytes;
  }

  /** Where the inode is noted, -1 where there is none. */
  find(ino: number): number {
    let low = 0;
    let high = this.#count - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.#ino[middle] as number;
      if (found === ino) return middle;
      if (found < ino) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  ino(at: number): number {
    return this.#ino[at] as number;
  }
  parent(at: number): number {
    return this.#parent[at] as number;
  }
  size(at: number): number {
    return this.#size[at] as number;
  }
  isDirectory(at: number): boolean {
    return this.#type[at] === FileType.DIRECTORY;
  }
  isFile(at: number): boolean {
    return this.#type[at] === FileType.REGULAR;
  }
  isLink(at: number): boolean {
    return this.#type[at] === FileType.SYMLINK;
  }
  nlink(at: number): number {
    return this.#nlink[at] as number;
  }
  entries(at: number): number {
    return this.#entries[at] as number;
  }
  xattrBytes(at: number): number {
    return this.#xattrBytes[at] as number;
  }
  names(at: number): number {
    return this.#named[at] as number;
  }
  listed(at: number): number {
    return this.#listed[at] as number;
  }
  subdirectories(at: number): number {
    return this.#subdirectories[at] as number;
  }

  /** A name in the directory `dir` leads to `target`. */
  name(dir: number, target: number): void {
    this.#named[target] = this.names(target) + 1;
    this.#listed[dir] = this.listed(dir) + 1;
    if (this.isDirectory(target)) this.#subdirectories[dir] = this.subdirectories(dir) + 1;
  }

  markTarget = (at: number) => this.#mark(at, HAS_TARGET);
  hasTarget = (at: number) => this.#is(at, HAS_TARGET);
  markOrphan = (at: number) => this.#mark(at, IS_ORPHAN);
  isOrphan = (at: number) => this.#is(at, IS_ORPHAN);
  markXattrs = (at: number) => this.#mark(at, HAS_XATTRS);
  hasXattrs = (at: number) => this.#is(at, HAS_XATTRS);
  markReached = (at: number) => this.#mark(at, IS_REACHED);
  isReached = (at: number) => this.#is(at, IS_REACHED);

  #mark(at: number, flag: number): void {
    this.#flags[at] = (this.#flags[at] as number) | flag;
  }

  #is(at: number, flag: number): boolean {
    return ((this.#flags[at] as number) & flag) !== 0;
  }

  #grow(): void {
    const room = this.#count * 2;
    this.#ino = wider(this.#ino, new Float64Array(room));
    this.#parent = wider(this.#parent, new Float64Array(room));
    this.#size = wider(this.#size, new Float64Array(room));
    this.#type = wider(this.#type, new Uint8Array(room));
    this.#flags = wider(this.#flags, new Uint8Array(room));
    this.#nlink = wider(this.#nlink, new Uint32Array(room));
    this.#entries = wider(this.#entries, new Uint32Array(room));
    this.#named = wider(this.#named, new Uint32Array(room));
    this.#listed = wider(this.#listed, new Uint32Array(room));
    this.#subdirectories = wider(this.#subdirectories, new Uint32Array(room));
    this.#xattrBytes = wider(this.#xattrBytes, new Uint32Array(room));
  }
}

function wider<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}
