import {
  type AttributeChanges,
  type Attributes,
  type Awaitable,
  type Credentials,
  checkSetAttributes,
  FsError,
  type TimeSetting,
  withoutSetIds,
} from '@dfs/nfs';
import { type Core, changed, nsecOf, requireAlive, requireFile, secOf } from './core.ts';
import { requireSize, resize } from './data.ts';
import type { Inode } from './inode.ts';

const MODE_BITS = 0o7777;
const NSEC_PER_SEC = 1e9;

/** The live record; only what the content store knows better is asked for, after a write. */
export function attributes(core: Core, inode: Inode): Attributes {
  core.guard.check();
  requireAlive(inode);
  if (inode.usedIsStale) core.usage.settle(inode);
  return inode;
}

export function setAttributes(
  core: Core,
  inode: Inode,
  cred: Credentials,
  changes: AttributeChanges,
): Awaitable<void> {
  core.guard.checkChange(changes.size !== undefined && changes.size < inode.size);
  requireAlive(inode);
  const { size } = changes;
  if (size !== undefined) {
    requireFile(inode);
    requireSize(core, size);
  }
  let mode = checkSetAttributes(inode, cred, changes);
  checkTimes(changes);
  if (size === undefined) return apply(core, inode, changes, mode);
  // Whoever changes the content without being root takes the set-id bits, as a write does.
  if (mode === undefined && cred.uid !== 0) mode = withoutSetIds(inode, inode.mode);
  return resize(core, inode, size, () => apply(core, inode, changes, mode));
}

function apply(core: Core, inode: Inode, changes: AttributeChanges, mode: number | undefined): void {
  const { size, uid, gid, atime, mtime, btime } = changes;
  const hasTime = atime !== undefined || mtime !== undefined || btime !== undefined;
  const hasOwner = uid !== undefined || gid !== undefined;
  if (!hasTime && !hasOwner && size === undefined && mode === undefined) return;
  const now = core.now();
  changed(core, inode, now);
  if (mode !== undefined) inode.mode = mode & MODE_BITS;
  if (uid !== undefined) inode.uid = uid;
  if (gid !== undefined) inode.gid = gid;
  if (size !== undefined) {
    inode.size = size;
    inode.mtimeSec = inode.ctimeSec;
    inode.mtimeNsec = inode.ctimeNsec;
    core.usage.cut(inode);
  }
  applyTimes(inode, changes, now);
  core.log.urge();
}

/** EINVAL for times that are none. */
export function checkTimes({ atime, mtime, btime }: AttributeChanges): void {
  for (const time of [atime, mtime, btime]) {
    if (time === undefined || time === 'now') continue;
    const { sec, nsec } = time;
    if (!Number.isSafeInteger(sec) || !Number.isInteger(nsec) || nsec < 0 || nsec >= NSEC_PER_SEC) {
      throw new FsError('EINVAL');
    }
  }
}

export function applyTimes(inode: Inode, { atime, mtime, btime }: AttributeChanges, now: number): void {
  if (atime !== undefined) {
    inode.atimeSec = seconds(atime, now);
    inode.atimeNsec = nanoseconds(atime, now);
  }
  if (mtime !== undefined) {
    inode.mtimeSec = seconds(mtime, now);
    inode.mtimeNsec = nanoseconds(mtime, now);
  }
  if (btime !== undefined) {
    inode.btimeSec = seconds(btime, now);
    inode.btimeNsec = nanoseconds(btime, now);
  }
}

function seconds(time: TimeSetting, now: number): number {
  return time === 'now' ? secOf(now) : time.sec;
}

function nanoseconds(time: TimeSetting, now: number): number {
  return time === 'now' ? nsecOf(now) : time.nsec;
}
