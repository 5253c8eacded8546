import { FsError, type FsErrorCode } from '../vfs/index.ts';
import { XdrError } from '../xdr/index.ts';
import { Status, statusName } from './constants/index.ts';

/** Ends the operation at hand with a status. An answer, not a fault: it carries no stack trace. */
export class NfsError extends Error {
  readonly code = 'NFS_STATUS';
  readonly status: Status;

  constructor(status: Status) {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(statusName(status));
    Error.stackTraceLimit = limit;
    this.name = 'NfsError';
    this.status = status;
  }
}

const FS_STATUS: Readonly<Record<FsErrorCode, Status>> = {
  EACCES: Status.ACCESS,
  EAGAIN: Status.DELAY,
  EBADCOOKIE: Status.BAD_COOKIE,
  EBADHANDLE: Status.BADHANDLE,
  EDQUOT: Status.DQUOT,
  EEXIST: Status.EXIST,
  EFBIG: Status.FBIG,
  EINVAL: Status.INVAL,
  EIO: Status.IO,
  EISDIR: Status.ISDIR,
  EMLINK: Status.MLINK,
  ENAMETOOLONG: Status.NAMETOOLONG,
  ENODATA: Status.NOXATTR,
  ENOENT: Status.NOENT,
  ENOSPC: Status.NOSPC,
  ENOTDIR: Status.NOTDIR,
  ENOTEMPTY: Status.NOTEMPTY,
  ENOTSUP: Status.NOTSUPP,
  ENXIO: Status.NXIO,
  EPERM: Status.PERM,
  EROFS: Status.ROFS,
  ESTALE: Status.STALE,
  ETOOSMALL: Status.TOOSMALL,
  E2BIG: Status.XATTR2BIG,
};

/** The status that something thrown by an operation stands for; undefined for a fault. */
export function statusOf(error: unknown): Status | undefined {
  if (error instanceof NfsError) return error.status;
  if (error instanceof FsError) return FS_STATUS[error.code];
  if (error instanceof XdrError) return Status.BADXDR;
  return undefined;
}
