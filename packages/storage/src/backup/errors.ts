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

/** What the host says, as a reason; errors that are told already stay as they are. */
export function asBackupError(error: unknown, what: string, path: string): unknown {
  if (error instanceof BackupError) return error;
  if (!(error instanceof Error && 'syscall' in error)) return error;
  return new BackupError(
    'FAILED',
    `${what}: ${error.message}`,
    `see that ${path} can be written to and has room, and run it again`,
    error,
  );
}
