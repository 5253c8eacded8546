import { Stability } from '@dfs/nfs';
import { expect, test } from 'vitest';
import { MemoryBudget, MemoryContentStore } from '../src/content/index.ts';
import { isScanned } from '../src/file-system/keys.ts';
import { ShareFileSystem } from '../src/file-system/share.ts';
import { DEFAULT_STORAGE_LIMITS } from '../src/limits.ts';
import { CommitLog } from '../src/log/commit-log.ts';
import { MemoryMetadataStore } from '../src/metadata/index.ts';
import { contentOf, ROOT, ROOT_DIRECTORY } from './support.ts';

const BYTES = 10_000;

/** Content that a loss of power takes back to what was synced. */
class UnsafeContent extends MemoryContentStore {
  readonly #kept = new Map<number, Buffer>();
  #removed: number[] = [];

  constructor() {
    super(new MemoryBudget(1 << 24));
  }

  override sync(ino = 0): void {
    const content = Buffer.alloc(this.size(ino));
    this.read(ino, 0, content);
    this.#kept.set(ino, content);
  }

  override remove(ino: number): void {
    super.remove(ino);
    this.#removed.push(ino);
  }

  override syncRemovals(): void {
    for (const ino of this.#removed) this.#kept.delete(ino);
    this.#removed = [];
  }

  losePower(): UnsafeContent {
    const left = new UnsafeContent();
    for (const [ino, content] of this.#kept) {
      left.write(ino, 0, content);
      left.sync(ino);
    }
    return left;
  }
}

async function openShare(metadata: MemoryMetadataStore, content: UnsafeContent) {
  const log = new CommitLog(metadata, { lazyCommitMs: 5, batchChanges: 1000, scanned: isScanned });
  const share = await ShareFileSystem.open(
    { id: 1, log, content, limits: DEFAULT_STORAGE_LIMITS, root: ROOT_DIRECTORY, now: Date.now },
    () => {},
  );
  return { share, log };
}

/** A share with a file whose content is on the disk. */
async function withFile() {
  const metadata = new MemoryMetadataStore();
  const content = new UnsafeContent();
  const { share, log } = await openShare(metadata, content);
  const file = share.createFile(share.root(), ROOT, 'file', {});
  await share.write(file, 0, Buffer.alloc(BYTES, 1), Stability.FILE_SYNC);
  // Content beyond the last file is taken away after every unclean stop.
  share.createFile(share.root(), ROOT, 'later', {});
  await share.stable();
  return { metadata, content, share, log, file };
}

test.each(['SETATTR', 'WRITE'])(
  'what was cut off does not come back when %s grows the file and the power is lost',
  async (how) => {
    const { metadata, content, share, log, file } = await withFile();
    await share.setAttributes(file, ROOT, { size: 0 });
    await share.stable();
    if (how === 'SETATTR') await share.setAttributes(file, ROOT, { size: BYTES });
    else await share.write(file, BYTES - 1, Buffer.alloc(1), Stability.UNSTABLE);
    await log.flush();
    const after = await openShare(metadata, content.losePower());
    const found = after.share.lookup(after.share.root(), ROOT, 'file');
    const bytes = await contentOf(after.share, found);
    expect(bytes.length).toBe(BYTES);
    expect(bytes.some((byte) => byte !== 0)).toBe(false);
  },
);

test('content of a removed file that a loss of power brings back goes with the next start', async () => {
  const { metadata, content, share, log } = await withFile();
  share.remove(share.root(), ROOT, 'file');
  await share.stable();
  await expect.poll(() => [...content.list(0)]).toEqual([]);
  await log.flush();
  const left = content.losePower();
  expect([...left.list(0)]).toHaveLength(1);
  const after = await openShare(metadata, left);
  after.share.settled();
  await after.share.close();
  expect([...left.list(0)]).toEqual([]);
});

test('content that a start takes away, since its file was never committed, does not come back', async () => {
  const { metadata, content } = await withFile();
  const uncommitted = 1000;
  content.write(uncommitted, 0, Buffer.alloc(BYTES));
  content.sync(uncommitted);
  const left = content.losePower();
  const { share } = await openShare(metadata, left);
  expect([...left.list(0)]).not.toContain(uncommitted);
  // From now on its number is not beyond the last one.
  expect(share.createFile(share.root(), ROOT, 'next', {}).fileid).toBeGreaterThan(uncommitted);
  await share.stable();
  expect([...left.losePower().list(0)]).not.toContain(uncommitted);
});

test('a share that is closed has no marks left of what was removed', async () => {
  const { metadata, content, share } = await withFile();
  share.remove(share.root(), ROOT, 'file');
  await share.stable();
  await share.close();
  const left = content.losePower();
  expect([...left.list(0)]).toEqual([]);
  const { log } = await openShare(metadata, left);
  expect(
    log.scan('\x00\x00\x00\x01', '\x00\x00\x00\x02', 1000).map(({ key }) => key.charAt(4)),
  ).not.toContain('o');
});
