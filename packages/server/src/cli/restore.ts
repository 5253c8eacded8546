import { defaultDataDirectory, type Environment } from '@dfs/api/places';
import type { OutputFormat } from '@dfs/api/terminal';
import { restoreBackup } from '@dfs/storage';
import type { Config } from '../config/resolve.ts';
import { copiedText, runCopy } from './backup-report.ts';

const ADVICE = 'dfs restore asks no server.';

export interface RestoreFlags {
  readonly newIdentity: boolean;
  readonly output: OutputFormat;
}

interface Report {
  readonly data: string;
  readonly backup: string;
  readonly moment: string;
  readonly shares: readonly number[];
  readonly files: number;
  readonly bytes: number;
  readonly new_identity: boolean;
}

/** Makes the data directory of this configuration of a backup. Resolves to the exit code. */
export function restoreCommand(
  config: Config,
  backup: string,
  { newIdentity, output }: RestoreFlags,
  env: Environment,
): Promise<number> {
  const data = config.values.data ?? defaultDataDirectory(env);
  return runCopy({ what: 'restore', advice: ADVICE, output, env, view }, async (signal, onProgress) => {
    const result = await restoreBackup(backup, data, { newIdentity, signal, onProgress });
    const { path, moment, shares, files, bytes } = result;
    return { data: path, backup, moment, shares, files, bytes, new_identity: newIdentity };
  });
}

function view(report: Report): string {
  return `${report.data}: ${copiedText(report)}, as of ${report.moment}; every file is as it was backed up`;
}
