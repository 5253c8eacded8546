import { DataDirectoryError } from '@dfs/storage';
import { StartError } from './start-error.ts';

/** Why the data cannot be opened, and what to do about it. Anything else than a refusal of the stores is handed back as it is. */
export function dataError(error: unknown): unknown {
  return error instanceof DataDirectoryError ? new StartError(error.message, advice(error), error) : error;
}

function advice(error: DataDirectoryError): string {
  switch (error.code) {
    case 'LOCKED':
      return 'stop that server, or choose another directory with --data';
    case 'NOT_A_DATA_DIRECTORY':
      return 'choose a new or empty directory with --data: dfs keeps its own form there, and serves no files that lie around';
    case 'UNKNOWN_FORMAT':
      return 'start the version of dfs that wrote it, or choose another directory with --data';
    case 'UNUSABLE':
      return 'see that this user may write there and that the disk has room, or choose another directory with --data';
    case 'SHARE_OPEN':
    case 'INVALID_ARGUMENT':
      return 'this is a fault of dfs: please report it';
  }
}
