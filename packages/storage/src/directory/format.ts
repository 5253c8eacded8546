import fs from 'node:fs';
import { join } from 'node:path';
import { MANIFEST_FILE, UNFINISHED_FILE } from '../backup/folder.ts';
import { syncFolder } from '../content/host-files.ts';
import { codeOf } from '../host/errors.ts';
import { DataDirectoryError } from './errors.ts';
import { DirectoryLock } from './lock.ts';

export const FORMAT_FILE = 'format';
const FORMAT_LINE = /^dfs data directory, format (\d+)\n$/;
/**
 * Raised by every change that an older version would misread. 2: a journal, and what goes with it in superblocks, which an older
 * version would leave behind as if it were true. 3: what a share holds is counted, which an older version would not go on with. 4: a journal
 * that holds what was answered, after a loss of power, too, which an older version would leave aside. 5: one that holds content besides. 6: one
 * with a salt.
 */
const FORMAT = 6;
/** What this version takes up as it is, and writes in its own format from then on. */
const OLDEST_FORMAT = 1;
const MAX_FORMAT_BYTES = 1024;
const DRAFT_FILE = 'format.new';
/** What a start that was cut short may have left in a new folder. */
const OWN: ReadonlySet<string> = new Set([DirectoryLock.fileName, DRAFT_FILE]);

/** Makes an empty folder a data directory, takes up one of an older version, or refuses what is none that it knows. The caller holds the lock. */
export async function checkFormat(folder: string): Promise<void> {
  const text = readFormat(folder);
  if (text === undefined) {
    const others = fs.readdirSync(folder).filter((name) => !OWN.has(name));
    if (others.length > 0) {
      throw new DataDirectoryError(
        'NOT_A_DATA_DIRECTORY',
        `${folder} is not empty and not a dfs data directory (${whatIs(others)})`,
      );
    }
    await writeFormat(folder);
    return;
  }
  const version = FORMAT_LINE.exec(text)?.[1];
  if (version === undefined) {
    throw new DataDirectoryError(
      'UNKNOWN_FORMAT',
      `${join(folder, FORMAT_FILE)} does not say which format it is`,
    );
  }
  const format = Number(version);
  if (format > FORMAT || format < OLDEST_FORMAT) {
    throw new DataDirectoryError(
      'UNKNOWN_FORMAT',
      `${folder} has format ${version}, and this version of dfs knows formats up to ${FORMAT}: start the version that wrote it, or a later one`,
    );
  }
  if (format < FORMAT) await writeFormat(folder);
}

function whatIs(names: readonly string[]): string {
  if (names.includes(MANIFEST_FILE)) return 'it is a backup: dfs restore makes a data directory of it';
  if (names.includes(UNFINISHED_FILE)) return 'it holds a restore or a backup that was interrupted';
  return `it holds ${names[0]}`;
}

/** True where the folder has been made a data directory, of whatever format. */
export function hasFormat(folder: string): boolean {
  return readFormat(folder) !== undefined;
}

function readFormat(folder: string): string | undefined {
  try {
    return fs.readFileSync(join(folder, FORMAT_FILE)).toString('latin1', 0, MAX_FORMAT_BYTES);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Makes the folder a data directory of this version's format. */
export async function writeFormat(folder: string): Promise<void> {
  const draft = join(folder, DRAFT_FILE);
  // Whole or not at all, before anything else is there.
  const fd = await fs.promises.open(draft, 'w', 0o600);
  try {
    await fd.writeFile(`dfs data directory, format ${FORMAT}\n`);
    await fd.sync();
  } finally {
    await fd.close();
  }
  await fs.promises.rename(draft, join(folder, FORMAT_FILE));
  await syncFolder(folder);
}
