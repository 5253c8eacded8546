import type { Inode } from './inode.ts';

/** References that one turn of the event loop looks at. */
const SLICE = 2000;

/**
 * Inodes that the cache has let go of, found again for as long as anybody holds them. Those that the garbage collector has taken are cleared
 * away after each of its rounds, which a sentinel tells of: to be told of every single one cost more than loading it again.
 */
export class ReleasedInodes {
  readonly #refs = new Map<number, WeakRef<Inode>>();
  readonly #collections = new FinalizationRegistry(() => this.#collected());
  #isWatching = false;

  get size(): number {
    return this.#refs.size;
  }

  add(inode: Inode): void {
    this.#refs.set(inode.fileid, new WeakRef(inode));
    if (!this.#isWatching) this.#watch();
  }

  find(ino: number): Inode | undefined {
    return this.#refs.get(ino)?.deref();
  }

  delete(ino: number): void {
    this.#refs.delete(ino);
  }

  #watch(): void {
    this.#isWatching = true;
    this.#collections.register({}, undefined);
  }

  #collected(): void {
    this.#sweep(this.#refs[Symbol.iterator]());
  }

  /** What is added meanwhile is looked at as well, so it comes to an end only behind that. */
  #sweep(left: Iterator<[number, WeakRef<Inode>]>): void {
    for (let i = 0; i < SLICE; i++) {
      const next = left.next();
      if (next.done === true) {
        if (this.#refs.size > 0) this.#watch();
        else this.#isWatching = false;
        return;
      }
      const [ino, ref] = next.value;
      if (ref.deref() === undefined) this.#refs.delete(ino);
    }
    setImmediate(() => this.#sweep(left)).unref();
  }
}
