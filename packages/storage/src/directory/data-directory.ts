import type { StateStore } from '@dfs/nfs';
import { type BackupOptions, type BackupResult, makeBackup } from '../backup/backup.ts';
import { BackupError } from '../backup/errors.ts';
import type { ContentBarrier } from '../content/barrier.ts';
import type { ContentStore } from '../content/index.ts';
import type { Stop, StorageEvent } from '../faults/stop.ts';
import { isScanned, ShareKeys, Table } from '../file-system/keys.ts';
import { type RootAttributes, ShareFileSystem } from '../file-system/share.ts';
import type { JournalFigures } from '../journal/journal.ts';
import type { OpenedJournal } from '../journal/open.ts';
import type { JournalPlace } from '../journal/place.ts';
import { LogStateJournal } from '../journal/state-journal.ts';
import { DEFAULT_STORAGE_LIMITS, type StorageLimits } from '../limits.ts';
import { CommitLog, type Durability, type LogFigures } from '../log/commit-log.ts';
import type { CommitView } from '../log/commit-times.ts';
import { lacksRoom, type Reserve } from '../log/room.ts';
import type { MetadataSnapshot, MetadataStore } from '../metadata/index.ts';
import { DataDirectoryError } from './errors.ts';
import { LogRecords, LogStateStore, type Records } from './records.ts';
import { deleteShare } from './remove-share.ts';

export interface DataDirectoryOptions {
  /** Any of the numbers of `limits.ts`, otherwise its default. */
  readonly limits?: Partial<StorageLimits>;
  /** Milliseconds since 1970, for the times of files; the system's where absent. */
  readonly now?: () => number;
  /** Told of what fails on the disk, and of what that means for the shares. */
  readonly onEvent?: (event: StorageEvent) => void;
  /** Told when the journal could not be written and was given up: the next start begins with a grace period. */
  readonly onJournalLost?: (error: Error) => void;
  /** What a change survives before it is acknowledged; `power` where absent. `crash` only where the host has a boot id. */
  readonly durability?: Durability;
  /** Another after each start of the machine, undefined where that cannot be told; the host's where absent. */
  readonly bootId?: () => string | undefined;
  /** Stands between the stores and whoever uses them: tests have them fail there. */
  readonly between?: {
    readonly metadata?: (store: MetadataStore) => MetadataStore;
    readonly content?: (store: ContentStore, share: number) => ContentStore;
  };
  /** Where the journal lies; two files in the data directory where absent. */
  readonly journalPlace?: JournalPlace;
}

/** All that a server keeps: its shares, the engine's state, the daemon's records. One process has it at a time. */
export interface DataDirectory {
  readonly stateStore: StateStore;
  readonly records: Records;
  readonly figures: StorageFigures;
  /** How its commits go; read as it is at that moment. */
  readonly commits: CommitView;
  /** The share of that number (1 to 2^32 - 1), made with this top directory where it is missing. SHARE_OPEN where it is open. */
  openShare(id: number, root: RootAttributes): Promise<ShareFileSystem>;
  /**
   * Has an open share serve again that has stopped, and with it all others where records could not be kept. Rejects with the host's reason
   * where the cause is not gone. Nothing to do where it serves.
   */
  startShare(id: number): Promise<void>;
  /** Deletes a share that is not open, with all that is in it. Not an error where there is none. */
  removeShare(id: number): Promise<void>;
  /**
   * Copies all of it, as it is at one moment, to an absent or empty folder, while it is used. One at a time. Refusals are
   * {@link BackupError}s.
   */
  backup(target: string, options?: BackupOptions): Promise<BackupResult>;
  /** Closes the shares, writes everything out and lets go of the directory. */
  close(): Promise<void>;
}

/** Counts since the start, for metrics. */
export interface StorageFigures {
  readonly durability: Durability;
  readonly log: Readonly<LogFigures>;
  /** How often content of a file was brought to the disk. */
  readonly contentSyncs: number;
  /** The disk has no room for records: changes that need some are refused. */
  readonly full: boolean;
  /** Nothing is committed, and why. */
  readonly stopped?: Stop | undefined;
  /** Absent where nothing outlives the process. */
  readonly journal?: Readonly<JournalFigures> & {
    readonly lost: boolean;
    readonly syncs: number;
    /** That all syncs took together. */
    readonly syncSeconds: number;
  };
}

const MAX_SHARE_ID = 2 ** 32 - 1;

/** What a data directory is made of: on the disk, or in memory. */
export interface Stores {
  readonly metadata: MetadataStore;
  /** The content of one share; in place for good when this answers. */
  readonly content: (id: number) => Promise<ContentStore>;
  /** How often content of a file was brought to the disk; absent in memory. */
  readonly contentSyncs?: () => number;
  readonly release: () => void;
  readonly journal?: OpenedJournal;
  /** Where they lie, and what holds the content still for a backup; absent in memory. */
  readonly place?: { readonly path: string; readonly barrier: ContentBarrier };
  readonly reserve?: Reserve;
}

/** A data directory over its stores, wherever those keep what they are given. */
export class StoreDirectory implements DataDirectory {
  readonly stateStore: StateStore;
  readonly records: Records;
  readonly commits: CommitView;
  readonly #stores: Stores;
  readonly #log: CommitLog;
  readonly #limits: StorageLimits;
  readonly #now: () => number;
  readonly #onEvent: DataDirectoryOptions['onEvent'];
  readonly #journal: OpenedJournal | undefined;
  #backup: { readonly cancel: AbortController; readonly ended: Promise<unknown> } | undefined;
  /** Open, or being opened, closed or removed. */
  readonly #taken = new Set<number>();
  readonly #shares = new Map<number, ShareFileSystem>();

  constructor(stores: Stores, options: DataDirectoryOptions) {
    this.#stores = stores;
    this.#limits = { ...DEFAULT_STORAGE_LIMITS, ...options.limits };
    this.#now = options.now ?? Date.now;
    this.#onEvent = options.onEvent;
    const { lazyCommitMs, batchChanges, batchBytes, maxRecordKey } = this.#limits;
    const { onEvent, durability, now } = options;
    const { journal, reserve } = stores;
    this.#journal = journal;
    this.#log = new CommitLog(stores.metadata, {
      lazyCommitMs,
      batchChanges,
      batchBytes,
      holdLimitMs: this.#limits.holdLimitMs,
      scanned: isScanned,
      retryMs: this.#limits.fullRetryMs,
      onStop: (stop) => onEvent?.({ type: 'stopped', stop }),
      onRoom: (reason) => {
        if (reason !== undefined) journal?.journal.trim();
        onEvent?.(reason === undefined ? { type: 'room' } : { type: 'full', reason });
      },
      ...(now !== undefined && { now }),
      ...(reserve !== undefined && { reserve }),
      ...(journal !== undefined && { journal: journal.journal, firstBatch: journal.firstBatch }),
      ...(durability !== undefined && journal !== undefined && { durability }),
    });
    this.commits = this.#log.times;
    const stateJournal =
      journal === undefined
        ? undefined
        : new LogStateJournal(this.#log, journal.journal, journal.left?.records);
    this.stateStore = new LogStateStore(this.#log, maxRecordKey, stateJournal);
    this.records = new LogRecords(this.#log, Table.RECORD, maxRecordKey);
  }

  /** The journal was given up. */
  journalLost(error: Error): void {
    this.#log.journalLost(error);
  }

  /** The journal was written anew. */
  syncJournal(): void {
    this.#log.begin();
  }

  /** The journal is about to let go of what it keeps of content. */
  settleContent(): Promise<() => void> {
    return this.#log.kept.settle();
  }

  /** The journal found none; true where there is some for it now. */
  makeRoom(error: unknown): boolean {
    return this.#log.room.release(error);
  }

  get figures(): StorageFigures {
    const journal = this.#journal?.journal;
    const { durability, figures: log } = this.#log;
    const { isFull: full } = this.#log.room;
    const contentSyncs = this.#stores.contentSyncs?.() ?? 0;
    const common = { durability, log, contentSyncs, full, stopped: this.#log.stopped };
    if (journal === undefined) return common;
    const { commits: syncs, seconds: syncSeconds } = journal.syncTimes;
    return { ...common, journal: { ...journal.figures, syncs, syncSeconds, lost: journal.isLost } };
  }

  async openShare(id: number, root: RootAttributes): Promise<ShareFileSystem> {
    this.#take(id);
    let content: ContentStore | undefined;
    try {
      content = await this.#stores.content(id);
      const common = {
        id,
        root,
        content,
        log: this.#log,
        limits: this.#limits,
        now: this.#now,
        onEvent: this.#onEvent,
        ...this.#runs(),
      };
      if (!ShareFileSystem.exists(this.#log, id)) await this.#delete(id, content);
      const share = await ShareFileSystem.open(common, () => {
        this.#shares.delete(id);
        this.#taken.delete(id);
      });
      this.#shares.set(id, share);
      return share;
    } catch (error) {
      await content?.close();
      this.#taken.delete(id);
      throw error;
    }
  }

  async startShare(id: number): Promise<void> {
    const share = this.#shares.get(id);
    if (share === undefined) throw new DataDirectoryError('INVALID_ARGUMENT', `share ${id} is not open`);
    await this.#log.start();
    if (share.stopped !== undefined) await share.start();
  }

  async removeShare(id: number): Promise<void> {
    this.#take(id);
    try {
      const content = await this.#stores.content(id);
      await this.#delete(id, content);
      await content.close();
    } finally {
      this.#taken.delete(id);
    }
  }

  async backup(target: string, options: BackupOptions = {}): Promise<BackupResult> {
    const { place } = this.#stores;
    if (place === undefined) {
      throw new BackupError(
        'NOTHING_KEPT',
        'this server keeps nothing',
        'start it with --data to have it keep files',
      );
    }
    if (this.#backup !== undefined) {
      throw new BackupError('RUNNING', 'another backup is being made', 'wait for it, or cancel it');
    }
    const cancel = new AbortController();
    const signal =
      options.signal === undefined ? cancel.signal : AbortSignal.any([cancel.signal, options.signal]);
    const making = makeBackup({ ...place, moment: () => this.#moment() }, target, { ...options, signal });
    this.#backup = { cancel, ended: making.catch(() => {}) };
    try {
      return await making;
    } finally {
      this.#backup = undefined;
    }
  }

  /** All changes of records up to now. Rejects where the disk has no room for them, without waiting until it has. */
  async #moment(): Promise<MetadataSnapshot> {
    const taking = this.#snapshot();
    try {
      return await this.#log.room.patiently(taking);
    } catch (error) {
      // Should there be room later, nobody wants it any more.
      void taking.then(
        (snapshot) => snapshot.close(),
        () => {},
      );
      if (!(error instanceof Error && lacksRoom(error))) throw error;
      throw new BackupError(
        'FAILED',
        `nothing can be committed: ${error.message}`,
        'make room on the disk of the data directory, and run it again',
        error,
      );
    }
  }

  #snapshot(): Promise<MetadataSnapshot> {
    const log = this.#log;
    return new Promise((resolve, reject) => {
      const stopped = () => {
        reject(
          new BackupError(
            'STOPPED',
            `nothing can be committed${log.stopped === undefined ? '' : `: ${log.stopped.reason}`}`,
            'see to the disk, start the shares again (dfsctl share start), and try again',
          ),
        );
      };
      if (log.stopped !== undefined) return stopped();
      // Told as soon as they are committed, and before anything else is.
      log.afterCommit(() => {
        try {
          resolve(this.#stores.metadata.snapshot());
        } catch (error) {
          reject(error);
        }
      }, stopped);
      log.hasten();
    });
  }

  async close(): Promise<void> {
    // It reads what is about to be closed, and may have changes wait.
    this.#backup?.cancel.abort();
    await this.#backup?.ended;
    try {
      for (const share of [...this.#shares.values()]) await share.close();
      await this.#log.close();
    } finally {
      await this.#stores.metadata.close();
      this.#stores.release();
    }
  }

  #runs(): { run?: Buffer; exactRun?: Buffer } {
    if (this.#journal === undefined) return {};
    const { journal, left } = this.#journal;
    return { run: journal.header.run, ...(left?.exact === true && { exactRun: left.run }) };
  }

  async #delete(id: number, content: ContentStore): Promise<void> {
    await deleteShare(this.#log, this.#stores.metadata, content, new ShareKeys(id).prefix);
    await this.#log.kept.deleted(id);
  }

  #take(id: number): void {
    if (!Number.isInteger(id) || id < 1 || id > MAX_SHARE_ID) {
      throw new DataDirectoryError('INVALID_ARGUMENT', `${id} is not the number of a share`);
    }
    if (this.#taken.has(id)) throw new DataDirectoryError('SHARE_OPEN', `share ${id} is open already`);
    this.#taken.add(id);
  }
}
