import { resolve } from 'node:path';
import { onUnserved } from '../directory/unserved.ts';
import { type BackupOptions, type BackupResult, makeBackup } from './backup.ts';

/**
 * Makes a backup of a data directory that no server uses; none can start on it meanwhile. Refusals are BackupErrors, of the data directory
 * DataDirectoryErrors: LOCKED where a server has it, NOT_A_DATA_DIRECTORY, UNKNOWN_FORMAT.
 */
export function backupDataDirectory(
  data: string,
  target: string,
  options: BackupOptions = {},
): Promise<BackupResult> {
  const path = resolve(data);
  return onUnserved(path, (metadata) =>
    makeBackup({ path, moment: async () => metadata.snapshot() }, target, options),
  );
}
