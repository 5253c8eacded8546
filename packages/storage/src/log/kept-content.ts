import { inParallel } from '../backup/in-parallel.ts';
import type { FileLeft } from '../journal/content-left.ts';
import type { Journal } from '../journal/journal.ts';
import { KEPT_WRITE_BYTES, SETTLED_AT_ONCE } from '../limits.ts';

/** What keeping content needs of the log. */
export interface KeepingLog {
  /** The journal is synced before anything is acknowledged. */
  readonly isSynced: boolean;
  urge(): void;
  release(): void;
  stable(): Promise<void> | undefined;
}

/**
 * Small writes that must be on the disk before they are acknowledged go to the journal: they share its sync with all others that wait for one, where
 * each file would need its own. They are written to the file as well, which is synced before the journal lets go of them. After a loss of power the
 * next start writes them again, unless an entry behind them in the journal says that they do not count any more.
 *
 * So whatever else changes a file of which the journal keeps something is acknowledged only after such an entry, see {@link safe}: it could be undone
 * otherwise.
 */
export class KeptContent {
  readonly #log: KeepingLog;
  readonly #journal: Journal | undefined;
  readonly #share: number;
  readonly #sync: (ino: number) => Promise<void>;
  /** The last piece that is kept of each file. */
  readonly #orders = new Map<number, number>();

  /** `sync` brings a file's content to the disk. */
  constructor(
    log: KeepingLog,
    journal: Journal | undefined,
    share: number,
    sync: (ino: number) => Promise<void>,
  ) {
    this.#log = log;
    this.#journal = journal;
    this.#share = share;
    this.#sync = sync;
  }

  get isEmpty(): boolean {
    return this.#orders.size === 0;
  }

  /** A write of so many bytes may be kept. */
  takes(bytes: number): boolean {
    return bytes <= KEPT_WRITE_BYTES && this.#log.isSynced && this.#journal?.takesContent === true;
  }

  /** The data was written to the file: it is stable when the log is. */
  keep(ino: number, offset: number, data: Buffer): void {
    if (this.#journal === undefined) return;
    this.#orders.set(ino, this.#journal.content(this.#share, ino, offset, data));
    this.#log.urge();
  }

  /** What {@link safe} wants to know; undefined where nothing is kept of the file. */
  orderOf(ino: number): number | undefined {
    return this.#orders.get(ino);
  }

  /** The file is on the disk as it was, or later, when {@link orderOf} answered this. Answers when no loss of power takes it back to what was kept. */
  safe(ino: number, order: number): Promise<void> | undefined {
    const last = this.#orders.get(ino);
    if (last === undefined) return;
    this.#journal?.contentSafe(this.#share, ino, order);
    this.#log.urge();
    // The caller may be the one who holds it.
    this.#log.release();
    return this.#log.stable()?.then(() => {
      if (this.#orders.get(ino) === order) this.#orders.delete(ino);
    });
  }

  /** The same of all files: all are on the disk. */
  async allSafe(): Promise<void> {
    await Promise.all([...this.#orders].map(([ino, order]) => this.safe(ino, order)));
  }

  /** The host has failed to write content: what it has of files is not to be believed. */
  doubt(): void {
    if (!this.isEmpty) this.#journal?.contentDoubt(this.#share);
  }

  /** What counts of it. All must be flushed. */
  left(): FileLeft[] {
    if (this.isEmpty || this.#journal === undefined) return [];
    return [...this.#journal.contentLeft().files()].filter((file) => file.share === this.#share);
  }

  /** Brings all to the disk that is kept so far. What is answered is to be called once nothing of that can be found in the journal any more. */
  async settle(): Promise<() => void> {
    const settled = [...this.#orders];
    await inParallel(settled, SETTLED_AT_ONCE, ([ino]) => this.#sync(ino));
    return () => {
      for (const [ino, order] of settled) if (this.#orders.get(ino) === order) this.#orders.delete(ino);
    };
  }
}

/** The same of all shares. */
export class KeptContents {
  readonly #shares = new Set<KeptContent>();

  get isEmpty(): boolean {
    for (const share of this.#shares) if (!share.isEmpty) return false;
    return true;
  }

  add(share: KeptContent): void {
    // One that was closed while its content could not be synced stays, so that the journal does not let go of that.
    for (const other of this.#shares) if (other.isEmpty) this.#shares.delete(other);
    this.#shares.add(share);
  }

  async settle(): Promise<() => void> {
    const forgets: (() => void)[] = [];
    for (const share of this.#shares) forgets.push(await share.settle());
    return () => {
      for (const forget of forgets) forget();
    };
  }
}
