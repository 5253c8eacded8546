import fs from 'node:fs';
import { join } from 'node:path';
import { hostBootId } from '../journal/boot-id.ts';
import { FolderPlace } from '../journal/folder-place.ts';
import { recoverChanges } from '../journal/open.ts';
import { contentIn } from '../journal/restore-content.ts';
import { LmdbMetadataStore } from '../metadata/index.ts';
import { DataDirectoryError } from './errors.ts';
import { checkFormat, hasFormat } from './format.ts';
import { CONTENT_FOLDER, META_FOLDER } from './layout.ts';
import { DirectoryLock } from './lock.ts';

/**
 * Does `work` on the records of a data directory that no server uses; none can start on it meanwhile. Refusals are
 * {@link DataDirectoryError}s: LOCKED where a server has it, NOT_A_DATA_DIRECTORY, UNKNOWN_FORMAT.
 */
export async function onUnserved<T>(
  path: string,
  work: (metadata: LmdbMetadataStore) => Promise<T>,
): Promise<T> {
  if (!fs.existsSync(path) || !hasFormat(path)) {
    throw new DataDirectoryError('NOT_A_DATA_DIRECTORY', `${path} is not a dfs data directory`);
  }
  const lock = DirectoryLock.take(path);
  try {
    await checkFormat(path);
    const metadata = new LmdbMetadataStore(join(path, META_FOLDER));
    try {
      // What a server that was killed had acknowledged, and not yet committed.
      await recoverChanges(
        metadata,
        new FolderPlace(path),
        hostBootId(),
        contentIn(join(path, CONTENT_FOLDER)),
      );
      return await work(metadata);
    } finally {
      await metadata.close();
    }
  } finally {
    lock.release();
  }
}
