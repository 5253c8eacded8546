import fs from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { BarredContent } from '../content/barred.ts';
import { ContentBarrier } from '../content/barrier.ts';
import { syncFolder } from '../content/host-files.ts';
import {
  type ContentStore,
  LocalContentStore,
  MemoryBudget,
  MemoryContentStore,
  openFilesCache,
} from '../content/index.ts';
import { codeOf } from '../host/errors.ts';
import { hostBootId } from '../journal/boot-id.ts';
import { FolderPlace } from '../journal/folder-place.ts';
import { openJournal } from '../journal/open.ts';
import { DEFAULT_STORAGE_LIMITS } from '../limits.ts';
import { LmdbMetadataStore, MemoryMetadataStore } from '../metadata/index.ts';
import {
  type DataDirectory,
  type DataDirectoryOptions,
  StoreDirectory,
  type Stores,
} from './data-directory.ts';
import { DataDirectoryError } from './errors.ts';
import { checkFormat } from './format.ts';
import { CONTENT_FOLDER, META_FOLDER } from './layout.ts';
import { DirectoryLock } from './lock.ts';
import { FileReserve, withinDisk } from './reserve.ts';

const same = <T>(store: T): T => store;

/** Opens the data directory at `path`, made where it is missing. Refusals are {@link DataDirectoryError}s. */
export async function openDataDirectory(
  path: string,
  options: DataDirectoryOptions = {},
): Promise<DataDirectory> {
  let lock: DirectoryLock | undefined;
  try {
    fs.mkdirSync(path, { recursive: true, mode: 0o700 });
    const taken = DirectoryLock.take(path);
    lock = taken;
    await checkFormat(path);
    const { metadata: wrap = same, content: wrapContent = same } = options.between ?? {};
    const metadata = wrap(new LmdbMetadataStore(join(path, META_FOLDER)));
    const limits = { ...DEFAULT_STORAGE_LIMITS, ...options.limits };
    const files = openFilesCache(limits.openFiles);
    const contents = join(path, CONTENT_FOLDER);
    fs.mkdirSync(contents, { recursive: true });
    // The names of what was made just now must survive as what is written below them does.
    for (const folder of [join(path, META_FOLDER), path, dirname(resolve(path))]) await syncFolder(folder);
    const barrier = new ContentBarrier();
    const content = async (id: number) => {
      const store = new LocalContentStore(join(contents, id.toString()), files);
      await syncFolder(contents);
      return new BarredContent(wrapContent(store, id), barrier, id);
    };
    const reserve = new FileReserve(path, limits.reserveBytes);
    const release = () => {
      reserve.close();
      taken.release();
    };
    const contentSyncs = () => files.syncs;
    const stores = { metadata, content, contentSyncs, release, reserve, place: { path, barrier } };
    return await withJournal(path, stores, options);
  } catch (error) {
    lock?.release();
    if (error instanceof DataDirectoryError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataDirectoryError(
      'UNUSABLE',
      `${path} cannot be used (${codeOf(error) ?? 'failed'}): ${reason}`,
      error,
    );
  }
}

/** The process that has the data directory at `path`, undefined where none has, or none that this process can see. */
export function dataDirectoryUser(path: string): number | undefined {
  return DirectoryLock.holder(path);
}

async function withJournal(
  path: string,
  stores: Stores,
  options: DataDirectoryOptions,
): Promise<DataDirectory> {
  const bootId = (options.bootId ?? hostBootId)();
  if (options.durability === 'crash' && bootId === undefined) {
    throw new DataDirectoryError(
      'UNUSABLE',
      'durability "crash" needs a host that tells its boot id (/proc/sys/kernel/random/boot_id): choose "power"',
    );
  }
  let lost: Error | undefined;
  let directory: StoreDirectory | undefined;
  const onLost = (error: Error) => {
    lost = error;
    directory?.journalLost(error);
    options.onJournalLost?.(error);
  };
  const limits = { ...DEFAULT_STORAGE_LIMITS, ...options.limits };
  const journal = await openJournal(stores.metadata, {
    place: options.journalPlace ?? new FolderPlace(path),
    bootId,
    minBytes: limits.journalBytes,
    isSynced: options.durability !== 'crash',
    onLost,
    onFull: () => directory?.syncJournal(),
    makeRoom: (error) => directory?.makeRoom(error) ?? false,
    contentBytes: keptBytes(path, limits.keptContentBytes),
    settle: async () => directory?.settleContent() ?? (() => {}),
    contentOf: stores.content,
  });
  directory = new StoreDirectory({ ...stores, journal }, options);
  if (lost !== undefined) directory.journalLost(lost);
  return directory;
}

/** How much content the journal keeps: less on a small disk. */
function keptBytes(path: string, most: number): number {
  try {
    return withinDisk(most, fs.statfsSync(path));
  } catch {
    return most;
  }
}

/** The same in memory: nothing is kept. */
export function openMemoryDirectory(options: DataDirectoryOptions = {}): DataDirectory {
  const budget = new MemoryBudget(options.limits?.memoryBytes ?? DEFAULT_STORAGE_LIMITS.memoryBytes);
  const contents = new Map<number, ContentStore>();
  const content = async (id: number) => {
    const store = contents.get(id) ?? new MemoryContentStore(budget);
    contents.set(id, store);
    return store;
  };
  return new StoreDirectory({ metadata: new MemoryMetadataStore(), content, release: () => {} }, options);
}
