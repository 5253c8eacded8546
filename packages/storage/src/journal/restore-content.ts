import { syncFolder } from '../content/host-files.ts';
import { type ContentStore, LocalContentStore, openFilesCache } from '../content/index.ts';
import { ShareKeys } from '../file-system/keys.ts';
import type { MetadataStore } from '../metadata/store.ts';
import type { FileLeft } from './content-left.ts';
import type { Left } from './left.ts';

/** The content of a share, to be closed by who asks for it. */
export type ContentOf = (share: number) => Promise<ContentStore>;

/** More are rarely open at a time: one after the other is seen to. */
const OPEN_FILES = 16;

/** Where no server has the data directory. */
export function contentIn(folder: string): ContentOf {
  const files = openFilesCache(OPEN_FILES);
  return async (share) => {
    const store = new LocalContentStore(`${folder}/${share}`, files);
    await syncFolder(folder);
    return store;
  };
}

/**
 * Brings what the journal of the last run keeps of content to where that belongs, and to the disk: what was answered is there when this does. It
 * is no harm to do it again. Files that are gone stay so.
 */
export async function restoreContent(store: MetadataStore, left: Left, contentOf: ContentOf): Promise<void> {
  const shares = Map.groupBy(left.content.files(), (file) => file.share);
  for (const [share, files] of shares) {
    const keys = new ShareKeys(share);
    const wanted = files.filter(({ ino }) => {
      const key = keys.inode(ino);
      return (left.changes.has(key) ? left.changes.get(key) : store.get(key)) !== undefined;
    });
    if (wanted.length === 0) continue;
    const content = await contentOf(share);
    try {
      // The host has what an earlier process wrote, and what came after: all that is to be done is to have it on the disk.
      const isKept = left.isSameBoot && !left.isRetired && content.distrust();
      for (const file of wanted) await restore(content, file, isKept);
    } finally {
      await content.close();
    }
  }
}

async function restore(content: ContentStore, file: FileLeft, isKept: boolean): Promise<void> {
  if (isKept && !file.isDoubted) await content.sync(file.ino);
  else await writeLeft(content, file);
}

/** Writes what the journal has of a file, and brings it to the disk. */
export async function writeLeft(content: ContentStore, { ino, pieces }: FileLeft): Promise<void> {
  for (const { offset, data } of pieces) await content.write(ino, offset, data);
  await content.sync(ino);
}
