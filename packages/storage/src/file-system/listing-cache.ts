import type { Inode } from './inode.ts';

const FIRST_USUAL = 64;

/** One entry of a listing. */
export interface ListedEntry {
  readonly name: string;
  readonly cookie: number;
  readonly ino: number;
  /** Loaded when the entry is handed out for the first time. */
  inode: Inode | undefined;
}

/** Entries behind a cookie, without a gap. */
export interface Page {
  readonly entries: readonly ListedEntry[];
  /** There are no more. */
  readonly end: boolean;
  /** It was asked for more than once. */
  again: boolean;
}

/** What was listed of a directory, by the cookie that it comes behind. */
export type Pages = Map<number, Page>;

/**
 * Pages of listings, on each directory, until its entries change. Two generations on each, as with names: when the young one is full it becomes the
 * old one, and what was old and not asked for again is dropped. So of one huge directory no more is kept than of many small ones.
 */
export class ListingCache {
  /** Entries that the last listing which was not at its end took: what to fetch at once. */
  usual = FIRST_USUAL;
  readonly #half: number;
  #count = 0;
  #young = new Set<Inode>();
  #old = new Set<Inode>();

  constructor(capacity: number) {
    this.#half = Math.max(1, Math.floor(capacity / 2));
  }

  get(dir: Inode, cookie: number): Page | undefined {
    const young = dir.youngPages?.get(cookie);
    if (young !== undefined || dir.oldPages === undefined) return young;
    const old = dir.oldPages.get(cookie);
    if (old !== undefined) {
      dir.oldPages.delete(cookie);
      this.set(dir, cookie, old);
    }
    return old;
  }

  set(dir: Inode, cookie: number, page: Page): void {
    if (dir.youngPages === undefined) {
      dir.youngPages = new Map();
      this.#young.add(dir);
    }
    dir.youngPages.set(cookie, page);
    this.#count += page.entries.length;
    if (this.#count >= this.#half) this.#age();
  }

  /** The directory's entries have changed, or it is let go of. */
  drop(dir: Inode): void {
    if (dir.youngPages !== undefined) {
      dir.youngPages = undefined;
      this.#young.delete(dir);
    }
    if (dir.oldPages !== undefined) {
      dir.oldPages = undefined;
      this.#old.delete(dir);
    }
  }

  #age(): void {
    for (const dir of this.#old) dir.oldPages = undefined;
    for (const dir of this.#young) {
      dir.oldPages = dir.youngPages;
      dir.youngPages = undefined;
    }
    this.#old = this.#young;
    this.#young = new Set();
    this.#count = 0;
  }
}
