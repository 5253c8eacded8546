import fs from 'node:fs';
import { join } from 'node:path';
import { Stability } from '@dfs/nfs';
import { expect } from 'vitest';
import { pathOf } from '../src/content/host-files.ts';
import type { ContentStore } from '../src/content/index.ts';
import { type DataDirectory, type Inode, openDataDirectory, type ShareFileSystem } from '../src/index.ts';
import { KEPT_WRITE_BYTES } from '../src/limits.ts';
import { Faults, faultyContent, faultyMetadata } from './faults/faulty.ts';
import { MemoryPlace } from './journal-place.ts';
import { cleanups, contentOf, ROOT, ROOT_DIRECTORY, scratch } from './support.ts';

/** Runs of a share whose journal keeps content, and what losses of power and ends of the process leave of them. */

export const SHARE = 1;
export const KIB = 1024;
export const small = (letter: string, bytes = KIB) => Buffer.alloc(bytes, letter);
export const large = (letter: string) => small(letter, KEPT_WRITE_BYTES + 1);

/** What the disk has of each file, as of its last sync. */
export class Synced {
  readonly content = new Map<number, Buffer>();
  syncs = 0;
  /** Does what is written, and answers when it likes, as a thread does. */
  thread: ((write: () => Promise<void>) => Promise<void>) | undefined;

  /** Waited for by syncs of other shares. */
  others: (() => Promise<void>) | undefined;

  /** The store of another share, of which nothing is known. */
  delay(store: ContentStore): ContentStore {
    const sync = store.sync.bind(store);
    store.sync = async (ino) => {
      await this.others?.();
      await sync(ino);
    };
    return store;
  }

  watch(store: ContentStore): ContentStore {
    const { content } = this;
    const write = store.write.bind(store);
    store.write = (ino, offset, data) =>
      this.thread === undefined
        ? write(ino, offset, data)
        : this.thread(async () => write(ino, offset, data));
    const sync = store.sync.bind(store);
    store.sync = (ino) => {
      const bytes = Buffer.alloc(store.size(ino));
      const reading = store.read(ino, 0, bytes);
      const done = async () => {
        await reading;
        await sync(ino);
        this.syncs++;
        content.set(ino, bytes);
      };
      return done();
    };
    return store;
  }
}

export interface Run {
  readonly path: string;
  readonly place: MemoryPlace;
  readonly synced: Synced;
  readonly faults: Faults;
  readonly directory: DataDirectory;
  readonly share: ShareFileSystem;
}

export async function start({
  path,
  place = new MemoryPlace(),
  synced = new Synced(),
  bootId = 'boot 1',
  keptContentBytes,
}: Partial<Run> & { bootId?: string; keptContentBytes?: number } = {}): Promise<Run> {
  const folder = path ?? (await scratch());
  const faults = new Faults();
  const directory = await openDataDirectory(folder, {
    bootId: () => bootId,
    // Where the journal is to be written anew, somebody has to look whether it should be.
    limits:
      keptContentBytes === undefined ? { lazyCommitMs: 3_600_000 } : { lazyCommitMs: 1, keptContentBytes },
    between: {
      metadata: (store) => faultyMetadata(store, faults),
      content: (store, id) => faultyContent(id === SHARE ? synced.watch(store) : synced.delay(store), faults),
    },
    journalPlace: place,
  });
  cleanups.push(() => directory.close().catch(() => {}));
  const share = await directory.openShare(SHARE, ROOT_DIRECTORY);
  await share.stable();
  return { path: folder, place, synced, faults, directory, share };
}

/** A copy of all there is: what a process that is killed leaves. */
export async function copyOf({ path }: Run): Promise<string> {
  const to = join(await scratch(), 'copy');
  fs.cpSync(path, to, { recursive: true });
  return to;
}

/** Runs after a loss of power: one for each that the journal may be as. Content is what was synced. */
export async function afterLoss(run: Run): Promise<Run[]> {
  const runs: Run[] = [];
  for (const place of run.place.lost()) {
    const path = await copyOf(run);
    const content = join(path, 'content');
    fs.rmSync(content, { recursive: true, force: true });
    for (const [ino, bytes] of run.synced.content) {
      const file = join(content, String(SHARE), pathOf(ino));
      fs.mkdirSync(join(file, '..'), { recursive: true });
      fs.writeFileSync(file, bytes);
    }
    const synced = new Synced();
    for (const [ino, bytes] of run.synced.content) synced.content.set(ino, bytes);
    runs.push(await start({ path, place, synced, bootId: 'boot 2' }));
  }
  return runs;
}

export const make = (share: ShareFileSystem, name = 'f') => share.createFile(share.root(), ROOT, name, {});
export const found = (share: ShareFileSystem, name = 'f') => share.lookup(share.root(), ROOT, name);

export async function write(
  share: ShareFileSystem,
  file: Inode,
  offset: number,
  data: Buffer,
  stability: Stability = Stability.FILE_SYNC,
): Promise<void> {
  expect(await share.write(file, offset, data, stability)).toBe(stability);
  await share.stable();
}

/** It has that after every loss of power, and after one more when it was just started again. */
export async function expectAfterLoss(run: Run, expected: Buffer, name = 'f'): Promise<void> {
  const after = await afterLoss(run);
  expect(after.length).toBeGreaterThan(1);
  for (const left of after) {
    expect((await contentOf(left.share, found(left.share, name))).equals(expected)).toBe(true);
    // What was brought there is on the disk before the journal that had it is gone.
    for (const again of await afterLoss(left))
      expect((await contentOf(again.share, found(again.share, name))).equals(expected)).toBe(true);
  }
}

/** What the host has of a file is gone: it could not be written, and that was said. */
export function loseContent({ path }: Run, file: Inode): void {
  fs.truncateSync(join(path, 'content', String(SHARE), pathOf(file.fileid)), 0);
}
