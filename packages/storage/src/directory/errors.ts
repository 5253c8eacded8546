export type DataDirectoryErrorCode =
  | 'LOCKED' // another process uses it
  | 'NOT_A_DATA_DIRECTORY' // holds something else
  | 'UNKNOWN_FORMAT' // written by a version that this one does not know
  | 'UNUSABLE' // cannot be made, read or written; the cause says why
  | 'SHARE_OPEN' // the share is open already
  | 'INVALID_ARGUMENT';

/** Why a data directory cannot be opened or used as asked; the message is for the operator. */
export class DataDirectoryError extends Error {
  readonly code: DataDirectoryErrorCode;

  constructor(code: DataDirectoryErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'DataDirectoryError';
    this.code = code;
  }
}
