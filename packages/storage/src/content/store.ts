import type { Awaitable, SpaceUsage, Stretch } from '@dfs/nfs';

/**
 * The bytes of files, by inode number (1 to 2^53 - 1). A file that was never written is empty and costs nothing. Offsets and lengths
 * are exact integers up to 2^53 - 1.
 *
 * Failures are {@link FsError}s: ENOSPC, EDQUOT, EFBIG, EROFS, ENOTSUP, EIO. A write that failed may have written a part.
 * Operations on one file may overlap; the caller orders those that matter to one another.
 */
export interface ContentStore {
  /** Bytes in the largest file. */
  readonly maxFileSize: number;
  /** Holes can be made, found and reserved: `punch`, `allocate` and `seek` work. */
  readonly sparse: boolean;
  /** Storage is counted in units of this many bytes: the host's own may be others. */
  readonly blockBytes: number;
  /** False once it is known that `share` is refused whatever it is asked for. */
  readonly canShare: boolean;
  /** Bytes of the blocks that `share` shares. */
  readonly sharedBytes: number;

  /** Fills `target` from `offset`; the count is short only where the file ends. Plain where nothing waits for a disk. */
  read(ino: number, offset: number, target: Buffer): Awaitable<number>;
  /** The same from `start` to `end` of larger memory; undefined where it fails, or has to wait: `read` does that. */
  readIn?(ino: number, offset: number, memory: Buffer, start: number, end: number): number | undefined;
  /** Exactly `length` bytes from `offset` on, to be sent from where they lie: undefined where they are not at hand, or that does not pay. */
  stretch?(ino: number, offset: number, length: number): Stretch | undefined;
  /** Writes all of `data`, which must stay as it is until the answer. `isNew`: most likely there is no such file yet. */
  write(ino: number, offset: number, data: Buffer, isNew?: boolean): Awaitable<void>;
  /** Cuts the file, or extends it with a hole. */
  truncate(ino: number, size: number): Awaitable<void>;
  /** Answers when all that was written before would survive a loss of power. */
  sync(ino: number): Awaitable<void>;
  /** The same for all files. */
  syncAll(): Awaitable<void>;
  /**
   * An earlier run of the server may have written what is not yet safe: from now on `sync` sees to that as well. False where this cannot
   * be promised.
   */
  distrust(): boolean;
  /**
   * After a write or sync has failed: what is read from now on is what is stored, and a file can be written and synced. Rejects with the
   * host's reason where it cannot. Absent where nothing of that kind fails.
   */
  recover?(): Promise<void>;
  /** The file is as if never written. Not an error where it was not. */
  remove(ino: number): Awaitable<void>;
  /** Answers when what was removed before cannot come back after a loss of power. */
  syncRemovals(): Awaitable<void>;
  /** The range reads as zeros and its whole blocks are freed. The size stays. */
  punch(ino: number, offset: number, length: number): Awaitable<void>;
  /** Writes to the range will not lack space; the file reaches to its end at least. */
  allocate(ino: number, offset: number, length: number): Awaitable<void>;
  /** The first data or hole at or behind `offset`. For "data" undefined where only a hole follows; a hole is at the end at the latest. */
  seek(ino: number, offset: number, what: 'data' | 'hole'): Awaitable<number | undefined>;
  /** Copies a range, holes as holes, within one file only without overlap. The source must reach to its end. */
  copy(from: number, fromOffset: number, to: number, toOffset: number, length: number): Awaitable<void>;
  /**
   * The same by shared storage; ENOTSUP where this store cannot, EINVAL where the range does not lie on whole blocks of `sharedBytes`. Only its
   * last block may be a part, where the source ends with it: then the rest of that block becomes zeros in the target.
   */
  share(from: number, fromOffset: number, to: number, toOffset: number, length: number): Awaitable<void>;
  /** Where the file ends: 0 where it was never written. */
  size(ino: number): number;
  /** Bytes of storage in use, holes not counted; the host may have set some aside beyond the end. */
  usage(ino: number): number;
  /** Bytes that `usage` grows by, at the most, where all of the range is written. */
  missing(ino: number, offset: number, length: number): number;
  /** All files with numbers of at least `from`, in no order. For a check after an unclean stop. */
  list(from: number): Iterable<number>;
  space(): SpaceUsage;
  close(): Awaitable<void>;
}
