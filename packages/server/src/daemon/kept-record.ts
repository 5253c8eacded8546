import { StartError } from './start-error.ts';

/** What a record of the data directory holds; undefined where it is no JSON. Whether it is what was kept, the caller checks. */
export function parseRecord(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The server cannot start on this record; the `reason`, where there is one, says what is wrong in it. */
export function damagedRecord(key: string, reason?: string, cause?: unknown): StartError {
  return new StartError(
    `the record ${key} of the data directory cannot be understood${reason === undefined ? '' : `: ${reason}`}`,
    'it is damaged, or was written by a newer dfs: start that version, or restore the directory from a backup',
    cause,
  );
}
