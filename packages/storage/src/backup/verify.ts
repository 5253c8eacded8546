import { join } from 'node:path';
import { asBackupError, isOfHost } from './errors.ts';
import { digestOf } from './file-copy.ts';
import { type BackupSummary, difference, orMissing, readManifest } from './manifest.ts';
import { Task, type TaskOptions } from './task.ts';

/** Damaged files that are named; all are counted. */
const MAX_NAMED = 1000;

export interface BackupDamage {
  /** Below the backup's folder. */
  readonly file: string;
  readonly problem: string;
}

export interface BackupCheck {
  readonly summary: BackupSummary;
  readonly damaged: number;
  /** The first of them. */
  readonly damage: readonly BackupDamage[];
}

/** Holds every file of a backup against its manifest. Throws a {@link BackupError} where that itself is none, or not whole. */
export async function checkBackup(path: string, options: TaskOptions = {}): Promise<BackupCheck> {
  const task = new Task(options);
  try {
    const { bytes } = await readManifest(path, () => {});
    const damage: BackupDamage[] = [];
    let damaged = 0;
    task.phase('checksums', bytes);
    const summary = await readManifest(path, async (file) => {
      const problem = await problemOf(path, file, task);
      task.file();
      if (problem === undefined) return;
      damaged++;
      if (damage.length < MAX_NAMED) damage.push({ file: file.path, problem });
    });
    return { summary, damaged, damage };
  } catch (error) {
    throw asBackupError(error, 'the backup cannot be verified', path);
  }
}

/** A file that the disk refuses to read is damage as well. */
async function problemOf(
  folder: string,
  file: { readonly path: string; readonly size: number; readonly crc: number },
  task: Task,
): Promise<string | undefined> {
  try {
    return difference(await orMissing(digestOf(join(folder, file.path), task)), file);
  } catch (error) {
    if (!isOfHost(error)) throw error;
    return `cannot be read: ${error.message}`;
  }
}
