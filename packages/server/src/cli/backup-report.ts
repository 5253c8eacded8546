import { isatty } from 'node:tty';
import type { Environment } from '@dfs/api/places';
import {
  apiFailure,
  complain,
  ExitCode,
  type OutputFormat,
  painter,
  render,
  say,
  showCount,
  showSize,
  wantsColour,
} from '@dfs/api/terminal';
import { BackupError, type BackupPhase, type BackupProgress } from '@dfs/storage';
import { dataError } from '../daemon/data-error.ts';
import { StartError } from '../daemon/start-error.ts';

const STDOUT = 1;
const STDERR = 2;
/** Milliseconds between two lines of progress. */
const PROGRESS_MS = 200;
const PER_CENT = 100;

const PHASES: Readonly<Record<BackupPhase, string>> = {
  copying: 'copying',
  holding: 'clients wait',
  metadata: 'names and attributes',
  checksums: 'checksums',
  syncing: 'writing to the disk',
  restoring: 'copying and verifying',
};

/** One line on the terminal that says how far it is; none where there is no terminal. */
export class BackupProgressLine {
  readonly #isShown = isatty(STDERR);
  #last = 0;

  readonly tell = ({ phase, files, bytes, ofBytes }: BackupProgress): void => {
    const now = performance.now();
    if (!this.#isShown || now - this.#last < PROGRESS_MS) return;
    this.#last = now;
    const share = ofBytes === undefined || ofBytes === 0 ? undefined : Math.min(1, bytes / ofBytes);
    const percent = share === undefined ? '' : ` (${Math.floor(share * PER_CENT)} %)`;
    complain(`\r\u001b[K${PHASES[phase]}: ${showSize(bytes)}${percent}, ${showCount(files)} files`);
  };

  clear(): void {
    if (this.#isShown) complain('\r\u001b[K');
  }
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
  work: (signal: AbortSignal, line: BackupProgressLine) => Promise<R>,
): Promise<number> {
  const line = new BackupProgressLine();
  const cancel = new AbortController();
  const stop = () => cancel.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const report = await work(cancel.signal, line);
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
  return `${shares.length} ${shares.length === 1 ? 'share' : 'shares'}, ${showCount(files)} files with ${showSize(bytes)}`;
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
