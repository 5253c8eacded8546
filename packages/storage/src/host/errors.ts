import { constants } from 'node:os';
import { FsError, type FsErrorCode } from '@dfs/nfs';

/** The host's refusals that mean the same to a client. All others are an I/O error. */
const SAME: Readonly<Record<string, FsErrorCode>> = {
  ENOSPC: 'ENOSPC',
  EDQUOT: 'EDQUOT',
  EFBIG: 'EFBIG',
  EROFS: 'EROFS',
  EOPNOTSUPP: 'ENOTSUP',
  ENOTSUP: 'ENOTSUP',
};

const names = new Map<number, string>(Object.entries(constants.errno).map(([name, value]) => [value, name]));

/** errno's name of a number; undefined for one that is none. */
export function errnoName(errno: number): string | undefined {
  return names.get(errno);
}

/** An error of the host with errno's name as its code, as `node:fs` throws them. */
export function hostError(call: string, errno: number): NodeJS.ErrnoException {
  const code = names.get(errno) ?? 'EIO';
  return Object.assign(new Error(`${code}: ${call}`), { code, errno: -errno, syscall: call });
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The answer to a client for what the host refused. */
export function toFsError(error: unknown): FsError {
  if (error instanceof FsError) return error;
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  return new FsError((code !== undefined && SAME[code]) || 'EIO', message);
}
