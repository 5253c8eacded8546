import type { ContentStore } from '../content/store.ts';
import type { CommitLog } from '../log/commit-log.ts';
import type { Key, MetadataStore } from '../metadata/store.ts';

const PAGE = 1000;

/**
 * Deletes all keys that begin with `prefix`, then all content. Cut short, it leaves a share without its superblock, the first key
 * to go; whose rest is removed before the number is used again.
 */
export async function deleteShare(
  log: CommitLog,
  metadata: MetadataStore,
  content: ContentStore,
  prefix: Key,
): Promise<void> {
  await log.flush();
  for (;;) {
    const page = metadata.scan(prefix, `${prefix}\xff`, PAGE);
    if (page.length === 0) break;
    for (const { key } of page) log.delete(key);
    await log.flush();
  }
  for (const ino of [...content.list(0)]) await content.remove(ino);
}
