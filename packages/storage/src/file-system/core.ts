import { FsError } from '@dfs/nfs';
import type { ContentStore } from '../content/store.ts';
import type { ShareGuard } from '../faults/share-guard.ts';
import type { StorageLimits } from '../limits.ts';
import type { CommitLog } from '../log/commit-log.ts';
import type { KeptContent } from '../log/kept-content.ts';
import type { Moves } from './ancestry.ts';
import type { EntryCache } from './entry-cache.ts';
import type { Inode } from './inode.ts';
import type { InodeCache } from './inode-cache.ts';
import type { ShareKeys } from './keys.ts';
import type { ListingCache } from './listing-cache.ts';
import type { Numbers } from './numbers.ts';
import type { Removals } from './removals.ts';
import type { ShareUsage } from './usage.ts';

/** What the operations of one share work on. */
export interface Core {
  readonly keys: ShareKeys;
  readonly log: CommitLog;
  readonly guard: ShareGuard;
  readonly content: ContentStore;
  readonly kept: KeptContent;
  readonly inodes: InodeCache;
  readonly names: EntryCache;
  readonly listings: ListingCache;
  readonly numbers: Numbers;
  readonly usage: ShareUsage;
  readonly limits: StorageLimits;
  /** Removals of content under way. */
  readonly removals: Removals;
  readonly moves: Moves;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** ENOTDIR unless it is a directory, ESTALE where that was removed. */
export function requireDirectory(inode: Inode): void {
  if (!inode.isDirectory) throw new FsError('ENOTDIR');
  if (inode.gone) throw new FsError('ESTALE');
}

/** ESTALE where the object was deleted while the caller had hold of it. */
export function requireAlive(inode: Inode): void {
  if (inode.gone) throw new FsError('ESTALE');
}

/** EISDIR, EINVAL unless it is a regular file. */
export function requireFile(inode: Inode): void {
  if (inode.isDirectory) throw new FsError('EISDIR');
  if (!inode.isFile) throw new FsError('EINVAL');
  if (inode.gone) throw new FsError('ESTALE');
}

const MS_PER_SEC = 1000;
const NSEC_PER_MS = 1e6;

/** A moment in milliseconds, as seconds and nanoseconds. */
export function secOf(ms: number): number {
  return Math.floor(ms / MS_PER_SEC);
}

export function nsecOf(ms: number): number {
  return Math.floor((ms - secOf(ms) * MS_PER_SEC) * NSEC_PER_MS);
}

/** The inode has changed: new change number and ctime, to be written with the batch that is forming. */
export function changed(core: Core, inode: Inode, now: number): void {
  inode.change = core.numbers.change();
  inode.ctimeSec = secOf(now);
  inode.ctimeNsec = nsecOf(now);
  core.log.touch(inode);
}

/** The same, of what the inode holds: mtime too. */
export function modified(core: Core, inode: Inode, now: number): void {
  changed(core, inode, now);
  inode.mtimeSec = inode.ctimeSec;
  inode.mtimeNsec = inode.ctimeNsec;
}

const DAY_SEC = 86_400;

/**
 * The inode was read: atime moves as with Linux's relatime, when it is not after the last change or a day old. Nobody waits for it, and
 * it is no change.
 */
export function accessed(core: Core, inode: Inode): void {
  // Each would stay in memory until there is a commit again.
  if (core.log.isBacklogged) return;
  const now = core.now();
  const sec = secOf(now);
  const { atimeSec, atimeNsec, mtimeSec, mtimeNsec, ctimeSec, ctimeNsec } = inode;
  const afterModify = atimeSec > mtimeSec || (atimeSec === mtimeSec && atimeNsec > mtimeNsec);
  const afterChange = atimeSec > ctimeSec || (atimeSec === ctimeSec && atimeNsec > ctimeNsec);
  if (afterModify && afterChange && sec - atimeSec < DAY_SEC) return;
  inode.atimeSec = sec;
  inode.atimeNsec = nsecOf(now);
  core.log.touch(inode);
}
