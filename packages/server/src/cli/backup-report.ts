import { isatty } from 'node:tty';
import { apiFailure, complain, ExitCode, showCount, showSize } from '@dfs/api/terminal';
import { BackupError, type BackupPhase, type BackupProgress } from '@dfs/storage';
import { dataError } from '../daemon/data-error.ts';
import { StartError } from '../daemon/start-error.ts';

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
