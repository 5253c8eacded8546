import { createNfsServer } from '@dfs/nfs';
import { openDataDirectory, openMemoryDirectory } from '@dfs/storage';

/** What the daemon is made of. Tests bring their own where the real one does not fail as they need it to. */
export interface Parts {
  readonly openDataDirectory: typeof openDataDirectory;
  readonly openMemoryDirectory: typeof openMemoryDirectory;
  readonly createNfsServer: typeof createNfsServer;
}

export const REAL_PARTS: Parts = { openDataDirectory, openMemoryDirectory, createNfsServer };
