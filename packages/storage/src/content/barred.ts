import type { Awaitable, SpaceUsage, Stretch } from '@dfs/nfs';
import type { ContentBarrier } from './barrier.ts';
import type { ContentStore } from './store.ts';

const END = Number.POSITIVE_INFINITY;

/** One share's content behind a {@link ContentBarrier}: reads pass, changes are noted and may have to wait. */
export class BarredContent implements ContentStore {
  readonly maxFileSize: number;
  readonly sparse: boolean;
  readonly blockBytes: number;
  readonly sharedBytes: number;
  readonly #store: ContentStore;
  readonly #barrier: ContentBarrier;
  readonly #share: number;

  constructor(store: ContentStore, barrier: ContentBarrier, share: number) {
    this.#store = store;
    this.#barrier = barrier;
    this.#share = share;
    this.maxFileSize = store.maxFileSize;
    this.sparse = store.sparse;
    this.blockBytes = store.blockBytes;
    this.sharedBytes = store.sharedBytes;
  }

  get canShare(): boolean {
    return this.#store.canShare;
  }

  read(ino: number, offset: number, target: Buffer): Awaitable<number> {
    return this.#store.read(ino, offset, target);
  }

  readIn(ino: number, offset: number, memory: Buffer, start: number, end: number): number | undefined {
    return this.#store.readIn?.(ino, offset, memory, start, end);
  }

  stretch(ino: number, offset: number, length: number): Stretch | undefined {
    return this.#store.stretch?.(ino, offset, length);
  }

  write(ino: number, offset: number, data: Buffer, isNew?: boolean): Awaitable<void> {
    const { closed } = this.#barrier;
    if (closed !== undefined) return closed.then(() => this.write(ino, offset, data, isNew));
    const end = offset + data.length;
    this.#note(ino, offset, end);
    const writing = this.#store.write(ino, offset, data, isNew);
    return writing === undefined ? undefined : this.#finish(writing, ino, offset, end);
  }

  truncate(ino: number, size: number): Awaitable<void> {
    return this.#change(ino, size, END, () => this.#store.truncate(ino, size));
  }

  remove(ino: number): Awaitable<void> {
    return this.#change(ino, 0, END, () => this.#store.remove(ino));
  }

  syncRemovals(): Awaitable<void> {
    return this.#store.syncRemovals();
  }

  punch(ino: number, offset: number, length: number): Awaitable<void> {
    return this.#change(ino, offset, offset + length, () => this.#store.punch(ino, offset, length));
  }

  allocate(ino: number, offset: number, length: number): Awaitable<void> {
    return this.#change(ino, offset, offset + length, () => this.#store.allocate(ino, offset, length));
  }

  copy(from: number, fromOffset: number, to: number, toOffset: number, length: number): Awaitable<void> {
    return this.#change(to, toOffset, toOffset + length, () =>
      this.#store.copy(from, fromOffset, to, toOffset, length),
    );
  }

  share(from: number, fromOffset: number, to: number, toOffset: number, length: number): Awaitable<void> {
    return this.#change(to, toOffset, toOffset + length, () =>
      this.#store.share(from, fromOffset, to, toOffset, length),
    );
  }

  sync(ino: number): Awaitable<void> {
    return this.#store.sync(ino);
  }

  async recover(): Promise<void> {
    await this.#store.recover?.();
  }

  syncAll(): Awaitable<void> {
    return this.#store.syncAll();
  }

  distrust(): boolean {
    return this.#store.distrust();
  }

  seek(ino: number, offset: number, what: 'data' | 'hole'): Awaitable<number | undefined> {
    return this.#store.seek(ino, offset, what);
  }

  size(ino: number): number {
    return this.#store.size(ino);
  }

  usage(ino: number): number {
    return this.#store.usage(ino);
  }

  missing(ino: number, offset: number, length: number): number {
    return this.#store.missing(ino, offset, length);
  }

  list(from: number): Iterable<number> {
    return this.#store.list(from);
  }

  space(): SpaceUsage {
    return this.#store.space();
  }

  close(): Awaitable<void> {
    return this.#store.close();
  }

  #change(ino: number, start: number, end: number, run: () => Awaitable<void>): Awaitable<void> {
    const { closed } = this.#barrier;
    if (closed !== undefined) return closed.then(() => this.#change(ino, start, end, run));
    this.#note(ino, start, end);
    const changing = run();
    return changing === undefined ? undefined : this.#finish(changing, ino, start, end);
  }

  /** Noted again at its end: a copy that was begun meanwhile may lack it. */
  #finish(changing: Promise<void>, ino: number, start: number, end: number): Promise<void> {
    return this.#barrier.running(changing, () => this.#note(ino, start, end));
  }

  #note(ino: number, start: number, end: number): void {
    this.#barrier.dirty?.file(this.#share, ino).add(start, end);
  }
}
