import { defaultDataDirectory, type Environment } from '@dfs/api/places';
import {
  ExitCode,
  type OutputFormat,
  painter,
  render,
  say,
  showCount,
  showSize,
  wantsColour,
} from '@dfs/api/terminal';
import { type RestoreResult, restoreBackup } from '@dfs/storage';
import type { Config } from '../config/resolve.ts';
import { BackupProgressLine, failure } from './backup-report.ts';

const STDOUT = 1;
const ADVICE = 'dfs restore asks no server.';

export interface RestoreFlags {
  readonly newIdentity: boolean;
  readonly output: OutputFormat;
}

/** Makes the data directory of this configuration of a backup. Resolves to the exit code. */
export async function restoreCommand(
  config: Config,
  backup: string,
  flags: RestoreFlags,
  env: Environment,
): Promise<number> {
  const data = config.values.data ?? defaultDataDirectory(env);
  const line = new BackupProgressLine();
  const cancel = new AbortController();
  const stop = () => cancel.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const { newIdentity } = flags;
    const result = await restoreBackup(backup, data, {
      newIdentity,
      signal: cancel.signal,
      onProgress: line.tell,
    });
    line.clear();
    const { moment, shares, files, bytes } = result;
    const report = { data: result.path, backup, moment, shares, files, bytes, new_identity: newIdentity };
    const paint = painter(flags.output === 'table' && wantsColour(STDOUT, env));
    say(render(report, flags.output, () => paint('green', view(result))));
    return ExitCode.OK;
  } catch (error) {
    line.clear();
    return failure('restore', error, ADVICE);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

function view({ path, moment, shares, files, bytes }: RestoreResult): string {
  const what = `${shares.length} ${shares.length === 1 ? 'share' : 'shares'}, ${showCount(files)} files with ${showSize(bytes)}`;
  return `${path}: ${what}, as of ${moment}; every file is as it was backed up`;
}
