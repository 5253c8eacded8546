import fs from 'node:fs';
import { join, resolve } from 'node:path';
import { DataDirectoryError } from '../directory/errors.ts';
import { checkFormat, hasFormat } from '../directory/format.ts';
import { DirectoryLock } from '../directory/lock.ts';
import { hostBootId } from '../journal/boot-id.ts';
import { recoverChanges } from '../journal/open.ts';
import { FolderPlace } from '../journal/place.ts';
import { LmdbMetadataStore } from '../metadata/index.ts';
import { type BackupOptions, type BackupResult, makeBackup } from './backup.ts';

const META_FOLDER = 'meta';

/**
 * Makes a backup of a data directory that no server uses; none can start on it meanwhile. Refusals are BackupErrors, of the data directory
 * {@link DataDirectoryError}s: LOCKED where a server has it, NOT_A_DATA_DIRECTORY, UNKNOWN_FORMAT.
 */
export async function backupDataDirectory(
  data: string,
  target: string,
  options: BackupOptions = {},
): Promise<BackupResult> {
  const path = resolve(data);
  if (!fs.existsSync(path) || !hasFormat(path)) {
    throw new DataDirectoryError('NOT_A_DATA_DIRECTORY', `${path} is not a dfs data directory`);
  }
  const lock = DirectoryLock.take(path);
  try {
    await checkFormat(path);
    const metadata = new LmdbMetadataStore(join(path, META_FOLDER));
    try {
      // What a server that was killed had acknowledged, and not yet committed.
      await recoverChanges(metadata, new FolderPlace(path), hostBootId());
      return await makeBackup({ path, moment: async () => metadata.snapshot() }, target, options);
    } finally {
      await metadata.close();
    }
  } finally {
    lock.release();
  }
}
