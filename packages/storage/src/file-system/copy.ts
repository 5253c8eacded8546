import { type Credentials, FsError } from '@dfs/nfs';
import { type Core, requireFile } from './core.ts';
import { inTurn, landing, madeSafe, requireSize, syncContent, trimFirst, written } from './data.ts';
import type { Inode } from './inode.ts';

/** COPY, and CLONE with `share`: which the host's file system must be able to do, or it is ENOTSUP. */
export async function copyRange(
  core: Core,
  from: Inode,
  fromOffset: number,
  to: Inode,
  toOffset: number,
  count: number,
  share: boolean,
  cred?: Credentials,
): Promise<number> {
  core.guard.checkChange();
  requireFile(from);
  requireFile(to);
  return await bothInTurn(from, to, async () => {
    core.guard.checkChange();
    requireFile(from);
    requireFile(to);
    const length = Math.min(count, from.size - fromOffset);
    if (length <= 0) return 0;
    if (share && !core.content.canShare) throw new FsError('ENOTSUP');
    requireSize(core, toOffset + length);
    if (from === to && Math.abs(fromOffset - toOffset) < length) throw new FsError('EINVAL');
    await trimFirst(core, from);
    await trimFirst(core, to);
    requireFile(from);
    const { content } = core;
    // Shared storage counts for each file that has it: each may be the last one.
    const reserved = core.usage.reserve(to, toOffset, length, () => storedIn(core, from, fromOffset, length));
    to.neverWritten = false;
    if (share) from.neverWritten = false;
    // Never without a look at it after: holes may have been copied to where data was.
    await landing(core, to, Math.max(0, reserved), async () => {
      if (share) {
        await reach(core, from);
        // The host writes out what it shares, and the loop would wait; that this fails it would tell once only.
        await madeSafe(core, from);
        requireFile(from);
        requireFile(to);
        await content.share(from.fileid, fromOffset, to.fileid, toOffset, length);
      } else await content.copy(from.fileid, fromOffset, to.fileid, toOffset, length);
      written(core, to, toOffset + length, cred);
    });
    if (share) {
      // No COMMIT follows a CLONE.
      await syncContent(core, to);
      core.log.urge();
    }
    return length;
  });
}

/** The most that a copy of the range takes: holes take nothing. */
function storedIn({ content }: Core, from: Inode, offset: number, length: number): number {
  const unit = content.blockBytes;
  const blocks = Math.ceil((offset + length) / unit) - Math.floor(offset / unit);
  // One block more: in the other file the pieces may lie otherwise.
  return (blocks + 1) * unit - content.missing(from.fileid, offset, length);
}

/** The content reaches as far as the file: a hole at its end may be missing there. */
async function reach(core: Core, inode: Inode): Promise<void> {
  if (core.content.size(inode.fileid) < inode.size) await core.content.truncate(inode.fileid, inode.size);
}

/** In the order of their numbers, so that two copies between the same files do not wait for each other. */
function bothInTurn<T>(from: Inode, to: Inode, run: () => Promise<T>): Promise<T> {
  if (from === to) return inTurn(to, true, run);
  return from.fileid < to.fileid
    ? inTurn(from, false, () => inTurn(to, true, run))
    : inTurn(to, true, () => inTurn(from, false, run));
}
