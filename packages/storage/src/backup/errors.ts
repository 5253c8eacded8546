import { constants } from 'node:os';
import { codeOf } from '../host/errors.ts';

export type BackupErrorCode =
  | 'TARGET_REFUSED' // nothing can be put there
  | 'RUNNING' // another is being made
  | 'NOTHING_KEPT' // the data is in memory only
  | 'TOO_BUSY' // writes come faster than they can be copied
  | 'CANCELLED'
  | 'STOPPED' // the data has failed and serves no more
  | 'NOT_A_BACKUP'
  | 'INCOMPLETE' // a backup that was interrupted
  | 'DAMAGED' // a file of the backup is not as it was written
  | 'FAILED'; // the host refuses to read or write

/** Why there is no backup, or none of it can be had back; message and advice are for the operator. */
export class BackupError extends Error {
  readonly code: BackupErrorCode;
  /** What to do about it. */
  readonly advice: string;

  constructor(code: BackupErrorCode, message: string, advice: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'BackupError';
    this.code = code;
    this.advice = advice;
  }
}

/** The host would not read `path`, of what is copied from: nothing is wrong with where it is copied to. */
class SourceError extends Error {
  readonly path: string;

  constructor(path: string, cause: Error) {
    super(cause.message, { cause });
    this.path = path;
  }
}

/** What the host says of a read of what is copied from; any other error stays as it is. */
export function asSourceError(path: string, error: unknown): unknown {
  return isOfHost(error) ? new SourceError(path, error) : error;
}

/** Reads of what is copied from: refusals of the host are told as such. */
export async function reading<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw asSourceError(path, error);
  }
}

/** The same for what is read piece by piece; whatever is thrown by who takes the pieces stays what it is. */
export async function* readingEach<T>(path: string, pieces: AsyncIterable<T>): AsyncGenerator<T, void> {
  try {
    yield* pieces;
  } catch (error) {
    throw asSourceError(path, error);
  }
}

/** What the host says, as a reason; errors that are told already stay as they are. `target` is what is written. */
export function asBackupError(error: unknown, what: string, target: string): unknown {
  if (error instanceof SourceError) {
    const { path, message, cause } = error;
    return new BackupError(
      'FAILED',
      `${what}: ${path} cannot be read: ${message}`,
      'see that this user may read it, and to the disk on which it lies (dmesg tells of it)',
      cause,
    );
  }
  if (error instanceof BackupError || !isOfHost(error)) return error;
  return new BackupError('FAILED', `${what}: ${error.message}`, adviceFor(error, target), error);
}

function adviceFor(error: Error, target: string): string {
  switch (codeOf(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return `make room for ${target}, and run it again`;
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return `see that this user may write to ${target}, and run it again`;
    case 'EIO':
      return `see to the disk of ${target} (dmesg tells of it), or choose a folder on another one`;
    default:
      return `see that ${target} can be written to and has room, and run it again`;
  }
}

/** A refusal of the host, with errno's name as its code. */
export function isOfHost(error: unknown): error is Error {
  const code = codeOf(error);
  return code !== undefined && code in constants.errno;
}
