import type { Compound } from './compound.ts';
import type { Op, Status } from './constants/index.ts';

export type OpResult = Status | Promise<Status>;

/**
 * One operation of the protocol: decodes its arguments from `c.args`, runs, and encodes its result to `c.out`.
 *
 * `run` decodes all arguments before anything may wait. It returns the status; or throws NfsError, FsError or XdrError, which the
 * executor turns into one. The executor has written the operation's number and a place for the status; `run` writes only what
 * follows the status. What it wrote before a failure is cut off, unless `c.keepBody` is set (for the few results that carry a
 * body with an error).
 */
export interface Operation {
  readonly op: Op;
  /** The first minor version that has it. */
  readonly minor: 1 | 2;
  /** NFS4ERR_NOFILEHANDLE without a current filehandle. */
  readonly needsFh: boolean;
  /**
   * It changes the file system or the state: the reply waits for stable storage, and its result (at most `replyRoom` bytes) must be sure to
   * fit in the reply before it runs.
   */
  readonly modifies: boolean;
  /** False for those that modify state alone, or set `c.changed` by themselves: the reply need not wait for the file system. */
  readonly changesFiles?: false | undefined;
  /** It looks at what is in memory and takes less time than to read the clock: what it takes counts with the operation that follows. */
  readonly isBrief?: true | undefined;
  /** Bytes of the largest result behind the status; for operations that do not modify, those of the smallest. */
  readonly replyRoom: number;
  run(c: Compound): OpResult;
}
