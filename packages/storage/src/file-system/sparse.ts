import { type Awaitable, type Credentials, FsError, type SparseFiles } from '@dfs/nfs';
import { type Core, changed, modified, requireFile } from './core.ts';
import { dropSetIds, inTurn, landing, requireSize, syncContent, trimFirst } from './data.ts';
import type { Inode } from './inode.ts';

/** SEEK, ALLOCATE and DEALLOCATE (RFC 7862 §15.1, §15.4, §15.11). */
export class SparseShare implements SparseFiles<Inode> {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  seek(inode: Inode, offset: number, what: 'data' | 'hole'): Awaitable<number> {
    this.#core.guard.check();
    requireFile(inode);
    if (offset >= inode.size) throw new FsError('ENXIO');
    const found = this.#core.content.seek(inode.fileid, offset, what);
    if (found === undefined || typeof found === 'number') return within(inode, found, what);
    return found.then((at) => within(inode, at, what));
  }

  async allocate(inode: Inode, offset: number, length: number, cred?: Credentials): Promise<void> {
    const core = this.#core;
    core.guard.checkChange();
    requireFile(inode);
    requireSize(core, offset + length);
    if (length === 0) throw new FsError('EINVAL');
    await inTurn(inode, false, async () => {
      core.guard.checkChange();
      requireFile(inode);
      await trimFirst(core, inode);
      const reserved = core.usage.reserve(inode, offset, length);
      inode.neverWritten = false;
      await landing(core, inode, reserved, async () => {
        await core.content.allocate(inode.fileid, offset, length);
        const now = core.now();
        dropSetIds(inode, cred);
        if (offset + length > inode.size) {
          inode.size = offset + length;
          modified(core, inode, now);
        } else changed(core, inode, now);
      });
    });
    await this.#settle(inode);
  }

  async deallocate(inode: Inode, offset: number, length: number, cred?: Credentials): Promise<void> {
    const core = this.#core;
    core.guard.checkChange(true);
    requireFile(inode);
    if (length === 0) throw new FsError('EINVAL');
    await inTurn(inode, true, async () => {
      core.guard.checkChange(true);
      requireFile(inode);
      if (offset >= inode.size) return;
      await trimFirst(core, inode);
      await core.content.punch(inode.fileid, offset, Math.min(length, inode.size - offset));
      core.usage.shrank(inode);
      dropSetIds(inode, cred);
      modified(core, inode, core.now());
    });
    await this.#settle(inode);
  }

  /** There is no COMMIT for these: they are stable when they answer. */
  async #settle(inode: Inode): Promise<void> {
    await syncContent(this.#core, inode);
    this.#core.log.urge();
  }
}

/** The content may end before the file (then a hole follows) or, uncut, behind it. */
function within(inode: Inode, found: number | undefined, what: 'data' | 'hole'): number {
  if (what === 'hole') return Math.min(found ?? inode.size, inode.size);
  if (found === undefined || found >= inode.size) throw new FsError('ENXIO');
  return found;
}
