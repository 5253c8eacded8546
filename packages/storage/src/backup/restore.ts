import { join, resolve } from 'node:path';
import { CLIENT_RECORDS, SERVER_IDENTITY_KEY, SERVER_INSTANCE_KEY } from '@dfs/nfs';
import { FORMAT_FILE, writeFormat } from '../directory/format.ts';
import { META_FOLDER } from '../directory/layout.ts';
import { key32, keyText, TABLE_AT, Table } from '../file-system/keys.ts';
import { decodeSuperblock, encodeSuperblock } from '../file-system/superblock.ts';
import { LmdbMetadataStore } from '../metadata/index.ts';
import type { Key } from '../metadata/store.ts';
import { asBackupError, reading } from './errors.ts';
import { ALL, digestOf, FileCopier } from './file-copy.ts';
import { CONTENT_FOLDER, METADATA_FILE, requireApart, Unfinished } from './folder.ts';
import { type BackupSummary, damaged, difference, orMissing, readManifest } from './manifest.ts';
import { readDump } from './metadata-dump.ts';
import { Task, type TaskOptions } from './task.ts';

const UNFINISHED = 'restore';
const STATE_PREFIX: Key = key32(0) + Table.STATE;
/**
 * By how much the numbers of changes go ahead of the backup's: the server it was made of has gone on counting, and what it gave
 * out must not come to mean something else. 2^53 has room for thousands of restores.
 */
const CHANGES_AHEAD = 2 ** 40;
/** The same for its starts, of which there are 2^32. */
const STARTS_AHEAD = 2 ** 16;
const INSTANCE_BYTES = 4;

export interface RestoreOptions extends TaskOptions {
  /** The restored directory is another server's, which may run beside the one that the backup was made of. */
  readonly newIdentity?: boolean;
}

export interface RestoreResult extends BackupSummary {
  readonly path: string;
}

/**
 * Makes a data directory of a backup, in an absent or empty folder; what is copied is held against the manifest. Until all of it is there and
 * on the disk, the folder is no data directory. Refusals are {@link BackupError}s.
 */
export async function restoreBackup(
  backup: string,
  data: string,
  options: RestoreOptions = {},
): Promise<RestoreResult> {
  const [from, to] = [resolve(backup), resolve(data)];
  const task = new Task(options);
  let folder: Unfinished | undefined;
  try {
    // All of it is read before it is believed.
    const summary = await readManifest(from, () => {});
    requireApart(to, from, `the backup ${from}`);
    folder = await Unfinished.begin(to, UNFINISHED, FORMAT_FILE);
    await copyFiles(from, to, summary, task);
    await loadMetadata(from, to, options.newIdentity === true, task);
    task.phase('syncing');
    await folder.sync();
    await writeFormat(to);
    await folder.finish();
    return { ...summary, path: to };
  } catch (error) {
    throw asBackupError(error, 'the restore failed', to);
  } finally {
    folder?.release(true);
  }
}

async function copyFiles(from: string, to: string, { bytes }: BackupSummary, task: Task): Promise<void> {
  const copier = new FileCopier(task);
  // Each byte twice: it is copied, and what has arrived is read.
  task.phase('restoring', 2 * bytes);
  await readManifest(from, async (file) => {
    if (file.path === METADATA_FILE) {
      const path = join(from, file.path);
      const digest = await reading(path, orMissing(digestOf(path, task)));
      requireSame(from, file.path, difference(digest, file));
      return;
    }
    if (!file.path.startsWith(`${CONTENT_FOLDER}/`)) return;
    const copy = join(to, file.path);
    await copier.copy(join(from, file.path), copy, ALL);
    requireSame(from, file.path, difference(await orMissing(digestOf(copy, task)), file));
  });
}

function requireSame(folder: string, file: string, problem: string | undefined): void {
  if (problem !== undefined) throw damaged(folder, file, problem);
}

async function loadMetadata(from: string, to: string, newIdentity: boolean, task: Task): Promise<void> {
  task.phase('metadata');
  const store = new LmdbMetadataStore(join(to, META_FOLDER));
  try {
    await readDump(from, async (changes) => {
      const adapted = new Map<Key, Buffer>();
      for (const [key, value] of changes) {
        const kept = value === undefined ? undefined : adapt(key, value, newIdentity);
        if (kept !== undefined) adapted.set(key, kept);
      }
      await store.commit(adapted);
      task.check();
    });
  } finally {
    await store.close();
  }
}

const IDENTITY: Key = STATE_PREFIX + keyText(SERVER_IDENTITY_KEY);
const INSTANCE: Key = STATE_PREFIX + keyText(SERVER_INSTANCE_KEY);
const CLIENTS: Key = STATE_PREFIX + keyText(CLIENT_RECORDS);

/** The record as the restored directory begins with it; undefined where it begins without. */
function adapt(key: Key, value: Buffer, newIdentity: boolean): Buffer | undefined {
  if (key.length === TABLE_AT + 1) {
    if (key[TABLE_AT] === Table.SUPERBLOCK) return adaptSuperblock(value);
    // Counted anew: what a file takes is for the file system to say on which it lies now.
    if (key[TABLE_AT] === Table.USAGE) return undefined;
  }
  if (key === IDENTITY && newIdentity) return undefined;
  // Who holds something holds it of the other server.
  if (key.startsWith(CLIENTS) && newIdentity) return undefined;
  if (key !== INSTANCE || value.length !== INSTANCE_BYTES) return value;
  const instance = Buffer.alloc(INSTANCE_BYTES);
  instance.writeUInt32BE((value.readUInt32BE() + STARTS_AHEAD) % 2 ** 32);
  return instance;
}

/** As after a stop that was not clean: with another write verifier, and numbers that were never shown. */
function adaptSuperblock(value: Buffer): Buffer {
  const superblock = decodeSuperblock(value);
  superblock.clean = false;
  superblock.run = Buffer.alloc(0);
  superblock.reservedChange += CHANGES_AHEAD;
  return encodeSuperblock(superblock);
}
