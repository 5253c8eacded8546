import { FsError } from '@dfs/nfs';
import type { ContentStore } from '../content/store.ts';
import type { CommitLog } from '../log/commit-log.ts';
import type { Key } from '../metadata/store.ts';
import { Inode, withUsed } from './inode.ts';
import { parseKey64, type ShareKeys } from './keys.ts';
import type { Superblock } from './superblock.ts';
import { chargeOf, decodeHeld, type Held, usedBy } from './usage.ts';

const PAGE = 1000;

/** What the share was left with, counted anew where nothing says so. Only before any inode is in memory. */
export async function loadHeld(
  log: CommitLog,
  content: ContentStore,
  keys: ShareKeys,
  { rootIno }: Superblock,
  unreadable: (error: FsError) => void,
): Promise<Held> {
  const stored = log.get(keys.usage);
  return (stored && decodeHeld(stored)) ?? (await recount(log, content, keys, rootIno, unreadable));
}

/**
 * Counts from the inodes and their content: for a share that was made before shares counted. What is used goes into each inode's record.
 *
 * A file whose content cannot be looked at counts as its record has it, so that the sum is still that of the records: whoever looks at
 * the file later asks again.
 */
async function recount(
  log: CommitLog,
  content: ContentStore,
  keys: ShareKeys,
  rootIno: number,
  unreadable: (error: FsError) => void,
): Promise<Held> {
  const { start, end } = keys.allInodes();
  let bytes = 0;
  let files = 0;
  for (let from = start; ; ) {
    // Nothing of them waits to be committed: they are found though their table is not one of the scanned.
    const page = log.scan(from, end, PAGE);
    for (const { key, value } of page) {
      const inode = decoded(key, parseKey64(key, start.length), value);
      if (inode === undefined) continue;
      if (inode.isFile) {
        try {
          const used = usedBy(inode, content);
          if (used !== inode.used) log.put(key, withUsed(value, used));
          inode.used = used;
        } catch (error) {
          if (!(error instanceof FsError)) throw error;
          unreadable(error);
        }
      }
      bytes += chargeOf(inode);
      if (inode.fileid !== rootIno) files++;
    }
    await log.flush();
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return { bytes, files };
    from = `${last.key}\x00`;
  }
}

/** Undefined where it is damaged: a check tells of it, and does not count it either. */
function decoded(key: Key, ino: number, record: Buffer): Inode | undefined {
  try {
    return Inode.decode(key, ino, record);
  } catch {
    return undefined;
  }
}
