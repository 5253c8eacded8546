import type { Entry, Inode, Names } from './inode.ts';

/**
 * Names that were looked up, in a map on each directory. Two generations: when the young one is full it becomes the old one, and what was
 * old and not asked for again is dropped.
 */
export class EntryCache {
  readonly #half: number;
  #count = 0;
  #young = new Set<Inode>();
  #old = new Set<Inode>();

  constructor(capacity: number) {
    this.#half = Math.max(1, Math.floor(capacity / 2));
  }

  /** The entry; null where it is known to be absent, undefined where nothing is known. */
  get(dir: Inode, name: string): Entry | null | undefined {
    const young = dir.youngNames?.get(name);
    if (young !== undefined || dir.oldNames === undefined) return young;
    const old = dir.oldNames.get(name);
    if (old !== undefined) {
      dir.oldNames.delete(name);
      this.set(dir, name, old);
    }
    return old;
  }

  set(dir: Inode, name: string, entry: Entry | null): void {
    let names: Names | undefined = dir.youngNames;
    if (names === undefined) {
      names = new Map();
      dir.youngNames = names;
      this.#young.add(dir);
    }
    const before = names.size;
    names.set(name, entry);
    dir.oldNames?.delete(name);
    this.#count += names.size - before;
    if (this.#count >= this.#half) this.#age();
  }

  /** Nothing is known of the name any more. */
  forget(dir: Inode, name: string): void {
    if (dir.youngNames?.delete(name) === true) this.#count--;
    dir.oldNames?.delete(name);
  }

  /** Forgets a directory's names. */
  drop(dir: Inode): void {
    this.#count -= dir.youngNames?.size ?? 0;
    dir.youngNames = undefined;
    dir.oldNames = undefined;
    dir.namesAreAll = false;
    this.#young.delete(dir);
    this.#old.delete(dir);
  }

  #age(): void {
    for (const dir of this.#old) {
      if (dir.oldNames !== undefined && dir.oldNames.size > 0) dir.namesAreAll = false;
      dir.oldNames = undefined;
    }
    for (const dir of this.#young) {
      dir.oldNames = dir.youngNames;
      dir.youngNames = undefined;
    }
    this.#old = this.#young;
    this.#young = new Set();
    this.#count = 0;
  }
}
