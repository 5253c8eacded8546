import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { FileType, FsError, Stability } from '@dfs/nfs';
import { describe, expect, test } from 'vitest';
import { HostFiles } from '../src/content/host-files.ts';
import { withUsed } from '../src/file-system/inode.ts';
import { isScanned, key32, Table } from '../src/file-system/keys.ts';
import {
  checkDataDirectory,
  type DataDirectory,
  DEFAULT_STORAGE_LIMITS,
  FINDINGS,
  type Inode,
  LmdbMetadataStore,
  MemoryBudget,
  MemoryContentStore,
  MemoryMetadataStore,
  openDataDirectory,
  openFilesCache,
  ShareFileSystem,
  type StorageEvent,
} from '../src/index.ts';
import { CommitLog } from '../src/log/commit-log.ts';
import {
  bytesOf,
  cleanUpAfterEach,
  cleanups,
  KINDS,
  list,
  newShare,
  ROOT,
  ROOT_DIRECTORY,
  random,
  refusal,
  SEED,
  scratch,
} from './support.ts';

cleanUpAfterEach();

const EPOCHS = 4;
const STEPS = 60;
const MAX_OFFSET = 400_000;
const QUOTA = { bytes: 1_500_000, files: 12 };
const STAT_BLOCK = 512;
const PAGE = 4096;
/** When it writes a file with holes out, a host may take some blocks more to note where its parts lie. */
const HOST_NOTES = 4 * PAGE;
const ALLOWED = new Set([undefined, 'EDQUOT', 'EEXIST', 'ENOENT', 'EISDIR', 'EINVAL', 'ENODATA', 'ESTALE']);

/** Anything that changes what is held, in any order, much of it at the same time. */
class History {
  readonly #share: ShareFileSystem;
  readonly #pick: (below: number) => number;
  readonly #open: Inode[] = [];

  constructor(share: ShareFileSystem, pick: (below: number) => number) {
    this.#share = share;
    this.#pick = pick;
  }

  /** Everything that was asked for has been done, and answered as it may be. */
  async run(steps: number): Promise<void> {
    const answers: Promise<unknown>[] = [];
    for (let i = 0; i < steps; i++) {
      answers.push(refusal(() => this.#step()));
      if (this.#pick(4) === 0) await answers.at(-1);
    }
    for (const answer of await Promise.all(answers)) expect(ALLOWED).toContain(answer);
    await this.#share.stable();
  }

  letGo(): void {
    for (const file of this.#open.splice(0)) this.#share.release(file);
  }

  get held(): { bytes: number; files: number } {
    let [bytes, files] = [0, 0];
    const nameless = this.#open.filter((file) => file.nlink === 0);
    const named = new Set(list(this.#share, this.#share.root()).map(({ node }) => node));
    for (const node of new Set([...named, ...nameless])) {
      bytes += bytesOf(this.#share, node);
      files++;
    }
    return { bytes, files };
  }

  #step(): unknown {
    const share = this.#share;
    const root = share.root();
    const name = `f${this.#pick(16)}`;
    const kind = this.#pick(14);
    if (kind < 2) return share.createFile(root, ROOT, name, {});
    if (kind === 2)
      return share.createObject(root, ROOT, name, { type: FileType.SYMLINK, target: Buffer.from(name) }, {});
    if (kind === 3) return share.remove(root, ROOT, name);
    if (kind === 4) return share.rename(root, name, root, `f${this.#pick(16)}`, ROOT);
    const file = share.lookup(root, ROOT, name);
    if (kind === 5) return share.link(file, root, ROOT, `f${this.#pick(16)}`);
    if (!file.isFile) return undefined;
    const offset = this.#pick(2) === 0 ? file.size : this.#pick(MAX_OFFSET);
    const length = 1 + this.#pick(this.#pick(2) === 0 ? 5_000 : 150_000);
    const how = this.#pick(6) === 0 ? Stability.FILE_SYNC : Stability.UNSTABLE;
    if (kind < 9) return share.write(file, offset, Buffer.alloc(length, 7), how);
    if (kind === 9) return share.setAttributes(file, ROOT, { size: this.#pick(2) * offset });
    if (kind === 10) return share.sparse?.deallocate(file, offset, length);
    if (kind === 11) return share.sparse?.allocate(file, offset, length);
    if (kind === 12) {
      const other = share.lookup(root, ROOT, `f${this.#pick(16)}`);
      return share.copyRange(file, 0, other, this.#pick(MAX_OFFSET), length, false);
    }
    if (this.#pick(2) === 0) return share.xattr.set(file, ROOT, 'k', Buffer.alloc(this.#pick(900)), 0);
    share.retain(file);
    this.#open.push(file);
    return share.remove(root, ROOT, name);
  }
}

/** Files that the host says take something else than the share does, up to their ends. */
function differing(path: string, share: ShareFileSystem): unknown[] {
  const files = new HostFiles(join(path, 'content', '1'), openFilesCache(1));
  const found: unknown[] = [];
  for (const { name, node } of list(share, share.root())) {
    if (!node.isFile) continue;
    const { used, size } = share.attributes(node);
    const stat = fs.statSync(files.path(node.fileid), { throwIfNoEntry: false });
    const host = Math.min((stat?.blocks ?? 0) * STAT_BLOCK, Math.ceil(size / PAGE) * PAGE);
    if (Math.abs(host - used) > HOST_NOTES) found.push([name, size, used, host]);
  }
  return found;
}

async function open(path: string): Promise<[DataDirectory, ShareFileSystem]> {
  const directory = await openDataDirectory(path, { limits: { cachedInodes: 4, openFiles: 3 } });
  return [directory, await directory.openShare(1, ROOT_DIRECTORY)];
}

async function damage(path: string): Promise<unknown[]> {
  const { findings } = await checkDataDirectory(path);
  return findings.kept.filter(({ code }) => FINDINGS[code].kind === 'damage');
}

/** Copies a folder in which threads remove files at the same time: those that went meanwhile are not there. */
function copyLive(from: string, to: string): void {
  const { status, stderr } = spawnSync('cp', ['-a', '--sparse=always', `${from}/.`, to], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  const complaints = stderr.split('\n').filter((line) => line !== '' && !line.includes('No such file'));
  if (status === null || complaints.length > 0) throw new Error(`cp: ${status} ${complaints.join('\n')}`);
}

describe('what a share holds is exact', () => {
  test.each(KINDS)('whatever was done, and never above the quota, on $name', async (kind) => {
    const share = await newShare(kind);
    share.quota = QUOTA;
    const history = new History(share, random(SEED));
    for (let epoch = 0; epoch < EPOCHS; epoch++) {
      await history.run(STEPS);
      expect([SEED, share.held]).toEqual([SEED, history.held]);
      expect(share.held.bytes).toBeLessThanOrEqual(QUOTA.bytes);
      expect(share.held.files).toBeLessThanOrEqual(QUOTA.files);
    }
    history.letGo();
    expect([SEED, share.held]).toEqual([SEED, history.held]);
    for (const { name } of list(share, share.root())) share.remove(share.root(), ROOT, name);
    expect([SEED, share.held]).toEqual([SEED, { bytes: 0, files: 0 }]);
  });

  test('to what the host says, over stops and crashes', { timeout: 60_000 }, async () => {
    let path = await scratch();
    const pick = random(SEED);
    for (let epoch = 0; epoch < EPOCHS; epoch++) {
      const [directory, share] = await open(path);
      cleanups.push(() => directory.close().catch(() => {}));
      share.settled();
      share.quota = QUOTA;
      const history = new History(share, pick);
      await history.run(STEPS);
      history.letGo();
      // Cuts of content follow their commits.
      await expect.poll(() => differing(path, share), { timeout: 20_000 }).toEqual([]);
      const held = share.held;
      expect([SEED, held]).toEqual([SEED, history.held]);
      if (epoch % 2 === 0) {
        await directory.close();
        expect(await damage(path)).toEqual([]);
        continue;
      }
      // Something is left uncommitted: in the journal only, which a turn of the event loop writes.
      const late = history.run(STEPS / 2);
      directory.stateStore.journal?.flush();
      const crashed = await scratch();
      copyLive(path, crashed);
      await late;
      history.letGo();
      await directory.close();
      path = crashed;
      expect(await damage(path)).toEqual([]);
    }
  });

  test('and no more than was written, though the host takes blocks for its own notes of where parts lie', async () => {
    class Noting extends MemoryContentStore {
      override usage(ino: number): number {
        const used = super.usage(ino);
        return used === 0 ? 0 : used + 4 * this.blockBytes;
      }
    }
    const log = new CommitLog(new MemoryMetadataStore(), {
      lazyCommitMs: 1,
      batchChanges: 1000,
      scanned: isScanned,
    });
    const content = new Noting(new MemoryBudget(2 ** 30));
    const options = { id: 1, log, content, limits: DEFAULT_STORAGE_LIMITS, root: ROOT_DIRECTORY };
    const share = await ShareFileSystem.open({ ...options, now: Date.now }, () => {});
    share.quota = { bytes: 4 * content.blockBytes, files: undefined };
    const file = share.createFile(share.root(), ROOT, 'f', {});
    await share.setAttributes(file, ROOT, { size: 100 * content.blockBytes });
    for (const at of [9, 7, 5, 3]) {
      await share.write(file, at * content.blockBytes, Buffer.alloc(content.blockBytes), Stability.UNSTABLE);
    }
    expect(share.held.bytes).toBe(4 * content.blockBytes);
    expect(await refusal(() => share.write(file, 0, Buffer.alloc(1), Stability.UNSTABLE))).toBe('EDQUOT');
    await share.sparse?.deallocate(file, 3 * content.blockBytes, content.blockBytes);
    expect(share.held.bytes).toBeLessThanOrEqual(4 * content.blockBytes);
    await share.close();
    await log.close();
  });

  test('though its own record is damaged, or that of a file, which is for `dfs check` to tell', async () => {
    const path = await scratch();
    const [first, share] = await open(path);
    for (const name of ['a', 'b']) {
      await share.write(
        share.createFile(share.root(), ROOT, name, {}),
        0,
        Buffer.alloc(PAGE),
        Stability.FILE_SYNC,
      );
    }
    const lost = share.lookup(share.root(), ROOT, 'a').key;
    await first.close();
    const metadata = new LmdbMetadataStore(join(path, 'meta'));
    const broken = Buffer.from('?');
    await metadata.commit(
      new Map([
        [key32(1) + Table.USAGE, broken],
        [lost, broken],
      ]),
    );
    await metadata.close();
    const [second, again] = await open(path);
    expect(again.held).toEqual({ bytes: PAGE, files: 1 });
    expect(await refusal(() => again.lookup(again.root(), ROOT, 'b'))).toBeUndefined();
    await second.close();
    const codes = [...(await checkDataDirectory(path)).findings.counts.keys()];
    expect(codes).toContain('INODE_BAD');
    expect(codes).not.toContain('USAGE_WRONG');
  });

  test('of what the disk does not let be looked at is as it was before; it is told, and mended later', async () => {
    const path = await scratch();
    const [first, share] = await open(path);
    const [a, b] = ['a', 'b'].map((name) => share.createFile(share.root(), ROOT, name, {})) as [Inode, Inode];
    for (const file of [a, b]) await share.write(file, 0, Buffer.alloc(2 * PAGE, 1), Stability.FILE_SYNC);
    await first.close();
    const metadata = new LmdbMetadataStore(join(path, 'meta'));
    const old = metadata.get(a.key);
    if (old === undefined) throw new Error('no record');
    await metadata.commit(
      new Map([
        [key32(1) + Table.USAGE, undefined],
        [a.key, withUsed(old, 0)],
      ]),
    );
    await metadata.close();

    const events: StorageEvent[] = [];
    let fails = true;
    const second = await openDataDirectory(path, {
      onEvent: (event) => events.push(event),
      between: {
        content: (store) => {
          const usage = store.usage.bind(store);
          store.usage = (ino) => {
            if (fails && ino === a.fileid) throw new FsError('EIO', 'injected');
            return usage(ino);
          };
          return store;
        },
      },
    });
    const again = await second.openShare(1, ROOT_DIRECTORY);
    expect(events).toEqual([{ type: 'read_failed', share: 1, reason: 'injected', count: 1 }]);
    expect([again.held, again.readErrors]).toEqual([{ bytes: 2 * PAGE, files: 2 }, 1]);
    const found = again.lookup(again.root(), ROOT, 'a');
    expect(await refusal(() => again.attributes(found))).toBe('EIO');
    fails = false;
    expect([again.attributes(found).used, again.held.bytes]).toEqual([2 * PAGE, 4 * PAGE]);
    await second.close();
    expect(await damage(path)).toEqual([]);
  });

  test('where a share of an earlier version has no count, it is made when that is opened', async () => {
    const path = await scratch();
    const [first, share] = await open(path);
    await new History(share, random(SEED)).run(STEPS);
    await first.close();
    const metadata = new LmdbMetadataStore(join(path, 'meta'));
    await metadata.commit(new Map([[key32(1) + Table.USAGE, undefined]]));
    await metadata.close();
    const [second, again] = await open(path);
    again.settled();
    const history = new History(again, random(SEED));
    await expect.poll(() => again.held).toEqual(history.held);
    expect(differing(path, again)).toEqual([]);
    await second.close();
    expect(await damage(path)).toEqual([]);
  });
});
