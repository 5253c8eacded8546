import fs from 'node:fs';
import { join, resolve } from 'node:path';
import type { ContentBarrier } from '../content/barrier.ts';
import type { DirtyContent } from '../content/dirty.ts';
import { filesIn, pathOf } from '../content/host-files.ts';
import { ShareKeys, shareOf, TABLE_AT, Table } from '../file-system/keys.ts';
import { MARK_KEY } from '../journal/mark.ts';
import {
  BACKUP_CHANGED_FILES,
  BACKUP_PAUSE_MS,
  BACKUP_ROUNDS,
  BACKUP_TRIES,
  BACKUP_WORKERS,
} from '../limits.ts';
import type { MetadataSnapshot } from '../metadata/store.ts';
import { asBackupError, BackupError } from './errors.ts';
import { ALL, digestOf, FileCopier } from './file-copy.ts';
import { CONTENT_FOLDER, MANIFEST_FILE, METADATA_FILE, requireApart, Unfinished } from './folder.ts';
import { inParallel } from './in-parallel.ts';
import { type BackupSummary, ManifestWriter } from './manifest.ts';
import { dumpMetadata } from './metadata-dump.ts';
import { Overdue, Task, type TaskOptions } from './task.ts';

/** What a backup is made of. */
export interface BackupSource {
  /** The data directory. */
  readonly path: string;
  /** Of content that is being served; absent where nobody changes anything. */
  readonly barrier?: ContentBarrier;
  /** All changes of records so far, as of one moment. */
  moment(): Promise<MetadataSnapshot>;
}

export interface BackupOptions extends TaskOptions {
  /** Milliseconds that changes of content may have to wait; {@link BACKUP_PAUSE_MS} where absent. */
  readonly maxPauseMs?: number;
}

export interface BackupResult extends BackupSummary {
  readonly path: string;
  /** Milliseconds that changes of content have waited, at the longest. */
  readonly pauseMs: number;
  readonly seconds: number;
}

const MS = 1000;
/** What copying a file costs besides its bytes, as bytes: an estimate of how long a round takes needs no more. */
const FILE_COST = 64 * 1024;
/** The part of the longest pause that a round should take by the estimate, before it is tried with changes waiting. */
const ESTIMATE_PART = 0.25;
const UNFINISHED = 'backup';

/** Makes a backup in an absent or empty folder. Refusals are {@link BackupError}s; what was begun is then left, and told as such. */
export async function makeBackup(
  source: BackupSource,
  target: string,
  options: BackupOptions,
): Promise<BackupResult> {
  const path = resolve(target);
  let folder: Unfinished | undefined;
  try {
    requireApart(path, source.path, `the data directory ${source.path}`);
    folder = await Unfinished.begin(path, UNFINISHED, MANIFEST_FILE);
    return await new BackupRun(source, folder, options).run();
  } catch (error) {
    throw asBackupError(error, 'the backup failed', path);
  } finally {
    source.barrier?.untrack();
    folder?.release();
  }
}

class BackupRun {
  readonly #source: BackupSource;
  readonly #folder: Unfinished;
  readonly #task: Task;
  readonly #copier: FileCopier;
  readonly #maxPauseMs: number;
  readonly #startedAt = performance.now();
  /** Of the last round: milliseconds for each byte, files counted as {@link FILE_COST}. */
  #msPerByte = 0;
  #pauseMs = 0;
  /** Bytes of all files, about. */
  #copied = 0;
  #moment = '';

  constructor(source: BackupSource, folder: Unfinished, options: BackupOptions) {
    this.#source = source;
    this.#folder = folder;
    this.#task = new Task(options);
    this.#copier = new FileCopier(this.#task);
    this.#maxPauseMs = options.maxPauseMs ?? BACKUP_PAUSE_MS;
  }

  async run(): Promise<BackupResult> {
    const snapshot = await this.#copy();
    let manifest: ManifestWriter | undefined;
    try {
      manifest = await ManifestWriter.create(this.#folder.path);
      const summary = await this.#describe(snapshot, manifest);
      await manifest.end(summary);
      this.#task.phase('syncing');
      await this.#folder.sync();
      await manifest.publish();
      await this.#folder.finish();
      const seconds = (performance.now() - this.#startedAt) / MS;
      return { ...summary, path: this.#folder.path, pauseMs: this.#pauseMs, seconds };
    } finally {
      await manifest?.close();
      snapshot.close();
    }
  }

  /** Copies the content as it is at one moment, whose records are the answer. */
  async #copy(): Promise<MetadataSnapshot> {
    const { barrier } = this.#source;
    // Before the first file is looked at: what changes from here on is copied again.
    barrier?.track();
    await this.#copyAll();
    if (barrier === undefined) {
      this.#moment = new Date().toISOString();
      return await this.#source.moment();
    }
    for (let tries = 0; tries < BACKUP_TRIES; tries++) {
      await this.#catchUp(barrier);
      const snapshot = await this.#hold(barrier);
      if (snapshot !== undefined) return snapshot;
    }
    throw new BackupError(
      'TOO_BUSY',
      `files change faster than they can be copied: within ${this.#maxPauseMs / MS} s, the longest that clients may have to wait, it was never done`,
      'let clients wait longer (--max-pause), back up to a faster disk, or at a quieter time',
    );
  }

  async #copyAll(): Promise<void> {
    this.#task.phase('copying');
    const began = performance.now();
    for (const share of this.#shareFolders()) {
      await inParallel(filesIn(this.#from(share), 0), BACKUP_WORKERS, (ino) =>
        this.#copier.copy(join(this.#from(share), pathOf(ino)), this.#to(share, ino), ALL),
      );
    }
    this.#copied = this.#task.bytes;
    this.#measure(this.#copied, this.#task.files, began);
  }

  /** Copies what has changed meanwhile, until that is little. */
  async #catchUp(barrier: ContentBarrier): Promise<void> {
    for (let round = 0; round < BACKUP_ROUNDS; round++) {
      const dirty = barrier.dirty;
      if (dirty === undefined || this.#estimate(dirty) <= this.#maxPauseMs * ESTIMATE_PART) break;
      await this.#copyDirty(barrier.taken());
    }
    // What was written here must not be what the commits of the pause wait for.
    this.#task.phase('syncing');
    await this.#folder.sync();
    (await this.#source.moment()).close();
  }

  /** Takes the moment, with changes waiting; undefined where that took too long: then they have gone on. */
  async #hold(barrier: ContentBarrier): Promise<MetadataSnapshot | undefined> {
    const began = performance.now();
    const overdue = new AbortController();
    const timer = setTimeout(() => overdue.abort(), this.#maxPauseMs);
    this.#task.phase('holding');
    this.#task.deadline = began + this.#maxPauseMs;
    const late = new Promise<never>((_, reject) => {
      overdue.signal.addEventListener('abort', () => reject(new Overdue()), { once: true });
    });
    late.catch(() => {});
    let taken: Promise<MetadataSnapshot> | undefined;
    let copying: Promise<void> | undefined;
    try {
      await Promise.race([barrier.close(), late]);
      this.#moment = new Date().toISOString();
      taken = this.#source.moment();
      copying = this.#copyDirty(barrier.taken());
      await Promise.race([Promise.all([taken, copying]), late]);
      return await taken;
    } catch (error) {
      void taken?.then((snapshot) => snapshot.close()).catch(() => {});
      if (!(error instanceof Overdue)) throw error;
      return undefined;
    } finally {
      clearTimeout(timer);
      barrier.open();
      this.#pauseMs = Math.max(this.#pauseMs, performance.now() - began);
      // A disk that is slow may keep it: what is changed from here on is noted, and copied again.
      await copying?.catch(() => {});
      this.#task.deadline = undefined;
    }
  }

  /** What it does not come to counts as changed again. */
  async #copyDirty(dirty: DirtyContent): Promise<void> {
    const { barrier } = this.#source;
    const began = performance.now();
    const [bytes, files] = [dirty.bytes, dirty.files];
    try {
      if (files > BACKUP_CHANGED_FILES) {
        throw new BackupError(
          'TOO_BUSY',
          `more than ${BACKUP_CHANGED_FILES} files have changed while they were copied`,
          'back up to a faster disk, or at a quieter time',
        );
      }
      // May find that it is late already.
      this.#task.phase(this.#task.deadline === undefined ? 'copying' : 'holding', bytes);
      await inParallel(dirty.takeAll(), BACKUP_WORKERS, async ({ share, ino, file }) => {
        try {
          const from = join(this.#from(share), pathOf(ino));
          await this.#copier.copy(from, this.#to(share, ino), (size) => file.ranges(size));
        } catch (error) {
          barrier?.dirty?.file(share, ino).merge(file);
          throw error;
        }
      });
    } catch (error) {
      barrier?.dirty?.merge(dirty);
      throw error;
    }
    this.#measure(bytes, files, began);
  }

  #measure(bytes: number, files: number, began: number): void {
    const cost = bytes + files * FILE_COST;
    if (cost > 0) this.#msPerByte = (performance.now() - began) / cost;
  }

  #estimate(dirty: DirtyContent): number {
    return (dirty.bytes + dirty.files * FILE_COST) * this.#msPerByte;
  }

  /** Writes down the records, and what each file comes to; content without a record is left out. */
  async #describe(snapshot: MetadataSnapshot, manifest: ManifestWriter): Promise<BackupSummary> {
    const { path } = this.#folder;
    const shares = new Set<number>();
    this.#task.phase('metadata');
    const records = await dumpMetadata(snapshot, path, this.#task, (key) => {
      if (key[TABLE_AT] === Table.SUPERBLOCK) shares.add(shareOf(key));
      // Says what a journal holds that is not here.
      return key !== MARK_KEY;
    });
    let [files, bytes] = [0, 0];
    this.#task.phase('checksums', this.#copied);
    for (const name of numbersIn(join(path, CONTENT_FOLDER))) {
      const keys = new ShareKeys(name);
      const present = filesIn(join(path, CONTENT_FOLDER, name.toString()), 0);
      await inParallel(present, BACKUP_WORKERS, async (ino) => {
        const key = keys.inode(ino);
        if (snapshot.scan(key, `${key}\x00`, 1).length === 0) {
          await fs.promises.rm(this.#to(name, ino));
          return;
        }
        const digest = await digestOf(this.#to(name, ino), this.#task);
        await manifest.add({ path: join(CONTENT_FOLDER, name.toString(), pathOf(ino)), ...digest });
        files++;
        bytes += digest.size;
        this.#task.file();
      });
    }
    await manifest.add({ path: METADATA_FILE, ...(await digestOf(join(path, METADATA_FILE), this.#task)) });
    return { moment: this.#moment, shares: [...shares].sort((a, b) => a - b), files, bytes, records };
  }

  #from(share: number): string {
    return join(this.#source.path, CONTENT_FOLDER, share.toString());
  }

  #to(share: number, ino: number): string {
    return join(this.#folder.path, CONTENT_FOLDER, share.toString(), pathOf(ino));
  }

  #shareFolders(): number[] {
    return numbersIn(join(this.#source.path, CONTENT_FOLDER));
  }
}

function numbersIn(folder: string): number[] {
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder)
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}
