import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { errorMessage, StartError } from './start-error.ts';

/** Writes the process id so that a reader sees all of it or nothing. Replaces an old file: the data directory's lock guards against a second server. */
export function writePidFile(file: string): void {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, `${process.pid}\n`, { mode: 0o644 });
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new StartError(
      `the pid file cannot be written: ${errorMessage(error)}`,
      'choose a place that this user may write with --pid-file',
      error,
    );
  }
}

/** Removes the file if it is still ours. Never throws: it runs while the process ends. */
export function removePidFile(file: string): void {
  try {
    if (readFileSync(file, 'utf8').trim() === String(process.pid)) rmSync(file);
  } catch {
    // Somebody else removed or replaced it: then it is not ours to touch.
  }
}
