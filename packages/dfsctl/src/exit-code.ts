import { ExitCode as Common } from '@dfs/api/terminal';

/** What scripts may rely on. Documented in docs/dfsctl.md. */
export const ExitCode = {
  ...Common,
  /** The user was asked, and said no. */
  DECLINED: 6,
} as const;
