import type { Core } from './core.ts';
import type { Inode } from './inode.ts';
import { parseKey64 } from './keys.ts';

const PAGE = 256;
const NOTHING = Buffer.alloc(0);

/**
 * The object has lost its last name. It goes at once, or when the last who retains it lets go. Its content goes after the commit that
 * says so; the orphan mark, in the same commit, has the next start do it where this one does not come to it.
 */
export function unname(core: Core, inode: Inode): void {
  if (inode.retained === 0) {
    bury(core, inode);
    return;
  }
  if (inode.isFile) mark(core, inode);
}

/** Removes what is left of an object without names. */
export function bury(core: Core, inode: Inode): void {
  core.usage.removed(inode);
  inode.gone = true;
  core.names.drop(inode);
  if (core.log.bury(inode)) core.inodes.forget(inode);
  if (inode.isFile) {
    if (!inode.neverWritten) {
      mark(core, inode);
      buryContent(core, inode);
    } else if (inode.isMarkedOrphan) core.log.delete(core.keys.orphan(inode.numberKey));
  } else if (!inode.isDirectory) core.log.delete(core.keys.link(inode.numberKey));
  if (inode.xattrBytes > 0) deleteXattrs(core, inode);
}

function mark(core: Core, inode: Inode): void {
  if (inode.isMarkedOrphan) return;
  inode.isMarkedOrphan = true;
  core.log.put(core.keys.orphan(inode.numberKey), NOTHING);
}

function buryContent(core: Core, inode: Inode): void {
  core.log.afterCommit(() => {
    const removal = core.removals.remove(inode.fileid, core.keys.orphan(inode.numberKey));
    core.removals.under(removal);
  });
}

function deleteXattrs(core: Core, inode: Inode): void {
  for (let from = ''; ; ) {
    const { start, end, nameAt } = core.keys.xattrs(inode.numberKey, from);
    const page = core.log.scan(start, end, PAGE);
    for (const { key } of page) core.log.delete(key);
    if (page.length < PAGE) return;
    from = `${page.at(-1)?.key.slice(nameAt)}\x00`;
  }
}

/** Removes what nobody names and nobody has taken up again, left over from the last run. */
export async function removeOrphans(core: Core): Promise<void> {
  const { start, end } = core.keys.allOrphans();
  for (let from = start; ; ) {
    const page = core.log.scan(from, end, PAGE);
    for (const { key } of page) {
      const ino = parseKey64(key, start.length);
      const inode = core.inodes.find(ino);
      if (inode === undefined) {
        // One of this run, which its commit looks after: until then its content may be needed.
        if (core.log.isPending(key)) continue;
        // Its record went with a commit of the last run.
        await core.removals.remove(ino, key);
        if (core.guard.stop !== undefined) return;
      } else if (!inode.gone && inode.nlink === 0 && inode.retained === 0) bury(core, inode);
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    from = `${last.key}\x00`;
  }
}

/** After an unclean stop: removes content of files whose making was never committed. */
export async function removeUncommittedContent(core: Core): Promise<void> {
  const { start, end } = core.keys.allInodes();
  const last = core.log.lastStored(start, end);
  const lastIno = last === undefined ? 0 : parseKey64(last.key, start.length);
  let removed = 0;
  for (const ino of core.content.list(lastIno + 1)) {
    await core.content.remove(ino);
    removed++;
  }
  // Once there are files with higher numbers, nobody would look for it.
  if (removed > 0) await core.content.syncRemovals();
}
