import type { Environment } from '@dfs/api/places';
import {
  apiFailure,
  complain,
  ExitCode,
  type OutputFormat,
  painter,
  plural,
  render,
  say,
  showCount,
  showSize,
  wantsColour,
} from '@dfs/api/terminal';
import { BackupError, type BackupPhase, type BackupProgress } from '@dfs/storage';
import { dataError } from '../daemon/data-error.ts';
import { StartError } from '../daemon/start-error.ts';
import { ProgressLine } from './progress-line.ts';

const STDOUT = 1;
const PER_CENT = 100;

const PHASES: Readonly<Record<BackupPhase, string>> = {
  copying: 'copying',
  holding: 'clients wait',
  metadata: 'names and attributes',
  checksums: 'checksums',
  syncing: 'writing to the disk',
  restoring: 'copying and verifying',
};

/** Told how far it is. */
export type Tell = (progress: BackupProgress) => void;

export function tellOn(line: ProgressLine): Tell {
  return ({ phase, files, bytes, ofBytes }) =>
    line.show(() => {
      const share = ofBytes === undefined || ofBytes === 0 ? undefined : Math.min(1, bytes / ofBytes);
      const percent = share === undefined ? '' : ` (${Math.floor(share * PER_CENT)} %)`;
      return `${PHASES[phase]}: ${showSize(bytes)}${percent}, ${showCount(files)} files`;
    });
}

/** What a command that copies all files says of itself. */
export interface CopyCommand<R> {
  /** For "cannot ...". */
  readonly what: string;
  /** Where it was to ask another server. */
  readonly advice: string;
  readonly output: OutputFormat;
  readonly env: Environment;
  /** For people: what has been done. */
  view(report: R): string;
}

/** Does `work` with a line that says how far it is, until it is done or a signal ends it, and shows its report. Resolves to the exit code. */
export async function runCopy<R extends object>(
  { what, advice, output, env, view }: CopyCommand<R>,
  work: (signal: AbortSignal, tell: Tell) => Promise<R>,
): Promise<number> {
  const line = new ProgressLine();
  const cancel = new AbortController();
  const stop = () => cancel.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const report = await work(cancel.signal, tellOn(line));
    line.clear();
    const paint = painter(output === 'table' && wantsColour(STDOUT, env));
    say(render(report, output, () => paint('green', view(report))));
    return ExitCode.OK;
  } catch (error) {
    line.clear();
    return failure(what, error, advice);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

/** "2 shares, 10,000 files with 1.5 GiB": what was copied. */
export function copiedText(copied: {
  readonly shares: readonly number[];
  readonly files: number;
  readonly bytes: number;
}): string {
  const { shares, files, bytes } = copied;
  return `${plural(shares.length, 'share')}, ${showCount(files)} files with ${showSize(bytes)}`;
}

/** Says why there is no backup, or none of it can be had back. Answers the exit code. */
export function failure(what: string, caught: unknown, advice: string): number {
  const told = apiFailure(caught, 'dfs', advice);
  if (told !== undefined) {
    complain(told.text);
    return told.exitCode;
  }
  const error = dataError(caught);
  if (error instanceof StartError || error instanceof BackupError) {
    complain(`dfs: cannot ${what}: ${error.message}\n  ${error.advice}\n`);
    if (error instanceof StartError) return ExitCode.CANNOT_START;
    return error.code === 'DAMAGED' ? ExitCode.DAMAGED : ExitCode.REFUSED;
  }
  throw caught;
}
