import { FsError } from '@dfs/nfs';
import { ClockCache } from '../clock-cache.ts';
import type { CommitLog } from '../log/commit-log.ts';
import { Inode } from './inode.ts';
import type { ShareKeys } from './keys.ts';
import { ReleasedInodes } from './released.ts';

/**
 * Every inode in memory, by number. Those in use (retained, unwritten) stay; the others are let go
 * of beyond the bound, but found again for as long as anybody holds a reference: an inode number never has two records.
 */
export class InodeCache {
  readonly #cache: ClockCache<number, Inode>;
  readonly #released = new ReleasedInodes();
  readonly #log: CommitLog;
  readonly #keys: ShareKeys;
  /** No change number below this one is ever shown again: see numbers.ts. */
  readonly #changeFloor: number;
  readonly #evicted: (inode: Inode) => void;

  constructor(
    capacity: number,
    log: CommitLog,
    keys: ShareKeys,
    changeFloor: number,
    evicted: (inode: Inode) => void,
  ) {
    this.#log = log;
    this.#keys = keys;
    this.#changeFloor = changeFloor;
    this.#evicted = evicted;
    this.#cache = new ClockCache(
      capacity,
      (inode) => inode.unwritten === 0 && inode.retained === 0,
      (inode) => {
        evicted(inode);
        // Its record went before, and its number is never given again: nobody looks for it.
        if (!inode.gone) this.#released.add(inode);
      },
    );
  }

  get size(): number {
    return this.#cache.size;
  }

  /** The inode, loaded where need be; undefined where there is none (any more). */
  get(ino: number): Inode | undefined {
    const cached = this.#cache.get(ino);
    if (cached !== undefined) return cached.gone ? undefined : cached;
    return this.#load(ino);
  }

  /** The same, and one that is gone as long as somebody holds it. */
  find(ino: number): Inode | undefined {
    return this.#cache.get(ino) ?? this.#released.find(ino) ?? this.#load(ino);
  }

  /** An inode that an entry names: that it is not there is a fault of the store. */
  must(ino: number): Inode {
    const inode = this.get(ino);
    if (inode === undefined) throw new FsError('EIO', `inode ${ino} is missing`);
    return inode;
  }

  /**
   * An inode that an entry names, to be looked at: the one in memory, or a copy of what is stored, which nobody may change. Spares who
   * lists very many to take them all into memory, and those who are there to make room for them.
   */
  glimpse(ino: number): Inode {
    const known = this.#cache.get(ino) ?? this.#released.find(ino);
    if (known !== undefined && !known.gone) return known;
    const inode = known === undefined ? this.#stored(ino) : undefined;
    // What it uses is to be found out and kept.
    if (inode === undefined || inode.usedIsStale) return this.must(ino);
    inode.memo = null;
    return inode;
  }

  /** The number of the directory that holds a directory, which is not taken into memory for that. */
  parentOf(ino: number): number {
    const inode = this.#cache.get(ino) ?? this.#released.find(ino);
    if (inode !== undefined) return inode.parent;
    // Whatever is not written yet is in the cache.
    const bytes = this.#log.get(this.#keys.inode(ino));
    if (bytes === undefined) throw new FsError('EIO', `inode ${ino} is missing`);
    return Inode.parentIn(bytes);
  }

  add(inode: Inode): void {
    this.#cache.set(inode.fileid, inode);
  }

  /** An inode that is gone, and of which the store knows nothing. */
  forget(inode: Inode): void {
    this.#cache.delete(inode.fileid);
    this.#evicted(inode);
  }

  #load(ino: number): Inode | undefined {
    let inode = this.#released.find(ino);
    if (inode === undefined) {
      inode = this.#stored(ino);
      if (inode === undefined) return undefined;
    } else if (inode.gone) return undefined;
    this.#released.delete(ino);
    this.#cache.set(ino, inode);
    return inode;
  }

  #stored(ino: number): Inode | undefined {
    const key = this.#keys.inode(ino);
    const bytes = this.#log.get(key);
    if (bytes === undefined) return undefined;
    const inode = Inode.decode(key, ino, bytes);
    if (inode.change <= this.#changeFloor) {
      inode.change = this.#changeFloor;
      // Its content may have been lost that the host had not written out.
      inode.usedIsStale = inode.isFile && inode.size > 0;
    }
    return inode;
  }
}
