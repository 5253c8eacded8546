import {
  ExitCode,
  type OutputFormat,
  type Paint,
  render,
  say,
  showCount,
  showSize,
  table,
} from '@dfs/api/terminal';
import { type BackupCheck, checkBackup } from '@dfs/storage';
import { failure, tellOn } from './backup-report.ts';
import { ProgressLine } from './progress-line.ts';

/** Damaged files that people are shown one by one. */
const SHOWN = 20;

/** Holds a backup against its manifest. Resolves to the exit code. */
export async function checkBackupCommand(path: string, output: OutputFormat, paint: Paint): Promise<number> {
  const line = new ProgressLine();
  try {
    const checked = await checkBackup(path, { onProgress: tellOn(line) });
    line.clear();
    const { summary, damaged, damage } = checked;
    const report = { backup: path, ...summary, damaged, damage };
    say(render(report, output, () => view(path, checked, paint)));
    return damaged > 0 ? ExitCode.DAMAGED : ExitCode.OK;
  } catch (error) {
    line.clear();
    return failure('check', error, '');
  }
}

function view(path: string, { summary, damaged, damage }: BackupCheck, paint: Paint): string {
  const { moment, files, bytes } = summary;
  const lines = [`${path}: a backup as of ${moment}, ${showCount(files)} files with ${showSize(bytes)}`];
  if (damaged > 0) {
    const rows = damage.slice(0, SHOWN).map(({ file, problem }) => [file, problem]);
    lines.push('', table(['FILE', 'PROBLEM'], rows, paint), '');
    lines.push(paint('red', `${damaged} damaged: this backup cannot be relied on, take another one`));
  } else lines.push(paint('green', 'everything is as it was backed up'));
  return lines.join('\n');
}
