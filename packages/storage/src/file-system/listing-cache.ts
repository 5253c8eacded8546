import type { Inode } from './inode.ts';

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
}

/** What was listed of a directory, by the cookie that it comes behind. */
export type Pages = Map<number, Page>;

/**
 * Pages of listings, on each directory, until its entries change. Two generations, as with names: when the young one is full it becomes the old one,
 * and what was old is dropped.
 */
export class ListingCache {
  readonly #half: number;
  #count = 0;
  #young = new Set<Inode>();
  #old = new Set<Inode>();

  constructor(capacity: number) {
    this.#half = Math.max(1, Math.floor(capacity / 2));
  }

  get(dir: Inode, cookie: number): Page | undefined {
    return dir.pages?.get(cookie);
  }

  set(dir: Inode, cookie: number, page: Page): void {
    dir.pages ??= new Map();
    dir.pages.set(cookie, page);
    this.#young.add(dir);
    this.#old.delete(dir);
    this.#count += page.entries.length;
    if (this.#count >= this.#half) this.#age();
  }

  /** The directory's entries have changed, or it is let go of. */
  drop(dir: Inode): void {
    if (dir.pages === undefined) return;
    dir.pages = undefined;
    this.#young.delete(dir);
    this.#old.delete(dir);
  }

  #age(): void {
    for (const dir of this.#old) dir.pages = undefined;
    this.#old = this.#young;
    this.#young = new Set();
    this.#count = 0;
  }
}
