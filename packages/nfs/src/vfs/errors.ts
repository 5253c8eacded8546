/**
 * What a file system may answer instead of a result. The names are errno's; the engine maps each to the NFS status of the
 * operation at hand (nfs4/fs-status.ts).
 */
export type FsErrorCode =
  | 'EACCES' // permission bits deny it
  | 'EBADHANDLE' // bytes that never were a handle of this file system
  | 'EBADCOOKIE' // a readdir cookie that this directory never gave
  | 'EDQUOT'
  | 'EEXIST'
  | 'EFBIG'
  | 'EINVAL'
  | 'EIO'
  | 'EISDIR'
  | 'EMLINK'
  | 'ENAMETOOLONG'
  | 'ENODATA' // no such extended attribute
  | 'ENOENT'
  | 'ENOSPC'
  | 'ENOTDIR'
  | 'ENOTEMPTY'
  | 'ENXIO' // SEEK at or behind the end of the file
  | 'EPERM' // only the owner or root may
  | 'EROFS'
  | 'ESTALE' // the handle's object is gone
  | 'ETOOSMALL' // the caller's limit is too small for one result
  | 'ENOTSUP'
  | 'EAGAIN' // not now; the client is told to come again (NFS4ERR_DELAY)
  | 'E2BIG'; // an extended attribute's value beyond the limit

/** Thrown, or rejected with, by a file system. Carries no stack trace: it is an answer, not a fault. */
export class FsError extends Error {
  readonly code: FsErrorCode;

  constructor(code: FsErrorCode, message: string = code) {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = limit;
    this.name = 'FsError';
    this.code = code;
  }
}
