import { FsError } from '@dfs/nfs';
import { codeOf } from '../host/errors.ts';

/** What could not be kept: bytes of files, their records, or the journal that grade `crash` relies on. */
export type StopCause = 'content' | 'metadata' | 'journal';

/** Why a share answers nothing but errors until it is started again. */
export interface Stop {
  readonly cause: StopCause;
  /** What is answered. With EROFS only changes are refused: what can be read is as true as before. */
  readonly code: 'EIO' | 'EROFS';
  /** What the host has said. */
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

export function stopFor(cause: StopCause, error: unknown, since: number): Stop {
  const reason = error instanceof Error ? error.message : String(error);
  const code = cause === 'metadata' && codeOf(error) === 'EROFS' ? 'EROFS' : 'EIO';
  return { cause, code, reason, since };
}

export function refusalOf({ code, reason }: Stop): FsError {
  return new FsError(code, `stopped: ${reason}`);
}

/** What happens to the stores, for whoever tells the operator. */
export type StorageEvent =
  /** Every share has stopped, or the one of that number. */
  | { readonly type: 'stopped'; readonly share?: number; readonly stop: Stop }
  /** The disk has no room for records: changes that need some are refused, until there is again. */
  | { readonly type: 'full'; readonly reason: string }
  | { readonly type: 'room' }
  /** Content could not be read. Told of some only: `count` are those so far. */
  | { readonly type: 'read_failed'; readonly share: number; readonly reason: string; readonly count: number };
