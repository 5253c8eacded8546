import { FsError } from '@dfs/nfs';
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

/** The files of a share, as {@link KeptContent} needs them. */
export interface KeptFiles {
  /** Brings a file's content to the disk. */
  sync(ino: number): Promise<void>;
  /** What is read from now on is what the disk has, and it can be written and synced. */
  recover(): Promise<void>;
  /** Writes the pieces, and brings them to the disk, if the file is there. */
  restore(left: FileLeft): Promise<void>;
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
  readonly share: number;
  readonly #files: KeptFiles;
  /** The last piece that is kept of each file. */
  readonly #orders: Map<number, number>;
  /** Pieces of each file up to that one do not count: the journal is about to say so, or is lost. */
  readonly #superseded = new Map<number, number>();
  #isDoubted = false;
  #restoring: Promise<void> | undefined;

  /** `before` had the same share, and was closed with it. */
  constructor(
    log: KeepingLog,
    journal: Journal | undefined,
    share: number,
    files: KeptFiles,
    before?: KeptContent,
  ) {
    this.#log = log;
    this.#journal = journal;
    this.share = share;
    this.#files = files;
    this.#orders = new Map(before === undefined ? [] : before.#orders);
    this.#isDoubted = before?.isDoubted === true;
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
    this.#orders.set(ino, this.#journal.content(this.share, ino, offset, data));
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
    this.#superseded.set(ino, order);
    this.#journal?.contentSafe(this.share, ino, order);
    this.#log.urge();
    // The caller may be the one who holds it.
    this.#log.release();
    return this.#log.stable()?.then(() => {
      if (this.#orders.get(ino) === order) this.#orders.delete(ino);
      if (this.#superseded.get(ino) === order) this.#superseded.delete(ino);
    });
  }

  /** The same of all files: all are on the disk. */
  async allSafe(): Promise<void> {
    await Promise.all([...this.#orders].map(([ino, order]) => this.safe(ino, order)));
  }

  /** The host has failed to write content: what it has of files is not to be believed. */
  doubt(): void {
    if (this.isEmpty || this.#isDoubted) return;
    this.#isDoubted = true;
    this.#journal?.contentDoubt(this.share);
  }

  /** It was doubted, and not restored since. */
  get isDoubted(): boolean {
    return this.#isDoubted;
  }

  /** Brings all to the disk from the journal, over what the host has: only while nobody is served, and those who were are told. */
  restore(): Promise<void> {
    this.#restoring ??= this.#restore().finally(() => {
      this.#restoring = undefined;
    });
    return this.#restoring;
  }

  async #restore(): Promise<void> {
    this.doubt();
    await this.#files.recover();
    for (const file of this.#left()) {
      const superseded = this.#superseded.get(file.ino) ?? 0;
      await this.#files.restore({ ...file, pieces: file.pieces.filter(({ order }) => order > superseded) });
    }
    this.#isDoubted = false;
  }

  /** What counts of it. */
  #left(): FileLeft[] {
    if (this.isEmpty || this.#journal === undefined) return [];
    // Also what is held can be found then.
    this.#log.release();
    return [...this.#journal.contentLeft().files()].filter((file) => file.share === this.share);
  }

  /**
   * What brings all to the disk that is kept so far: of what comes later nothing is forgotten. What that answers is to be called once nothing of it can
   * be found in the journal any more.
   */
  settling(): () => Promise<() => void> {
    const settled = [...this.#orders];
    return async () => {
      if (this.#isDoubted) await this.restore();
      else await inParallel(settled, SETTLED_AT_ONCE, ([ino]) => this.#files.sync(ino));
      // The host has told somebody else.
      if (this.#isDoubted) throw new FsError('EIO', 'content could not be synced');
      return () => {
        for (const [ino, order] of settled) if (this.#orders.get(ino) === order) this.#orders.delete(ino);
      };
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

  /** That of a share which is opened. What was closed with something left stays until then, so that the journal does not let go of it. */
  open(log: KeepingLog, journal: Journal | undefined, share: number, files: KeptFiles): KeptContent {
    const before = this.#of(share);
    if (before !== undefined) this.#shares.delete(before);
    const kept = new KeptContent(log, journal, share, files, before);
    this.#shares.add(kept);
    return kept;
  }

  /** The share was deleted with all its files: nothing comes back to others that get its number. */
  async deleted(share: number): Promise<void> {
    const kept = this.#of(share);
    if (kept === undefined) return;
    this.#shares.delete(kept);
    await kept.allSafe();
  }

  #of(share: number): KeptContent | undefined {
    for (const kept of this.#shares) if (kept.share === share) return kept;
    return undefined;
  }

  /** As {@link KeptContent.settling}. */
  async settle(): Promise<() => void> {
    const forgets: (() => void)[] = [];
    for (const settle of [...this.#shares].map((share) => share.settling())) forgets.push(await settle());
    return () => {
      for (const forget of forgets) forget();
    };
  }
}
