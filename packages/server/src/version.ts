import { packageVersion } from '@dfs/api/terminal';

export const VERSION: string = packageVersion(import.meta.url);
