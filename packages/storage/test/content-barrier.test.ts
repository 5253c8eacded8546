import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeBackup } from '../src/backup/backup.ts';
import { inParallel } from '../src/backup/in-parallel.ts';
import { BarredContent } from '../src/content/barred.ts';
import { ContentBarrier } from '../src/content/barrier.ts';
import { DirtyFile } from '../src/content/dirty.ts';
import { pathOf } from '../src/content/host-files.ts';
import { LocalContentStore, MemoryBudget, MemoryContentStore, openFilesCache } from '../src/content/index.ts';
import { ShareKeys } from '../src/file-system/keys.ts';
import { BACKUP_CHUNK_BYTES as CHUNK } from '../src/limits.ts';
import { MemoryMetadataStore } from '../src/metadata/index.ts';
import { cleanUpAfterEach, cleanups, scratch } from './support.ts';

cleanUpAfterEach();

const INO = 7;
const SHARE = 3;
const text = (content: MemoryContentStore): string => {
  const found = Buffer.alloc(content.size(INO));
  content.read(INO, 0, found);
  return found.toString();
};

/** A store whose writes are done when they are told to be. */
class SlowContent extends BarredContent {
  readonly waiting: (() => void)[] = [];

  constructor() {
    super(new MemoryContentStore(new MemoryBudget(1e6)), new ContentBarrier(), SHARE);
  }

  override write(ino: number, offset: number, data: Buffer): Promise<void> {
    return new Promise<void>((resolve) => {
      this.waiting.push(() => {
        super.write(ino, offset, data);
        resolve();
      });
    });
  }
}

function* counted(end: number, taken: number[]): Generator<number> {
  for (let n = 0; n < end; n++) {
    taken.push(n);
    yield n;
  }
}

const soon = () => new Promise((next) => setTimeout(next, 20));

describe('the barrier before content', () => {
  test('has changes wait, in their order, and reads go on', async () => {
    const barrier = new ContentBarrier();
    const store = new MemoryContentStore(new MemoryBudget(1e6));
    const content = new BarredContent(store, barrier, SHARE);
    content.write(INO, 0, Buffer.from('before'));
    await barrier.close();
    const done: string[] = [];
    const changes = [
      Promise.resolve(content.write(INO, 0, Buffer.from('AFTER!'))).then(() => done.push('write')),
      Promise.resolve(content.truncate(INO, 3)).then(() => done.push('truncate')),
      Promise.resolve(content.write(INO, 3, Buffer.from('x'))).then(() => done.push('append')),
      Promise.resolve(content.remove(INO + 1)).then(() => done.push('remove')),
    ];
    await soon();
    expect([text(store), done]).toEqual(['before', []]);
    barrier.open();
    await Promise.all(changes);
    expect([text(store), done]).toEqual(['AFTx', ['write', 'truncate', 'append', 'remove']]);
  });

  test('closes once what is under way is done, and notes that at its end as well', async () => {
    const barrier = new ContentBarrier();
    const store = new SlowContent();
    const content = new BarredContent(store, barrier, SHARE);
    const writing = content.write(INO, 0, Buffer.from('text'));
    barrier.track();
    expect(barrier.taken().files).toBe(0);
    let isClosed = false;
    const closing = barrier.close().then(() => {
      isClosed = true;
    });
    await soon();
    expect(isClosed).toBe(false);
    store.waiting.shift()?.();
    await Promise.all([writing, closing]);
    // A copy that began while it was written may lack it.
    const dirty = barrier.taken();
    expect(dirty.take()).toMatchObject({ share: SHARE, ino: INO });
    barrier.open();
    barrier.untrack();
    const later = content.write(INO, 0, Buffer.from('more'));
    store.waiting.shift()?.();
    await later;
    expect(barrier.dirty).toBeUndefined();
  });
});

describe('the changed parts of a file', () => {
  const of = (...parts: (readonly [number, number])[]): DirtyFile => {
    const file = new DirtyFile();
    for (const [start, end] of parts) file.add(start, end);
    return file;
  };
  const FOREVER = Number.POSITIVE_INFINITY;

  test.each<[string, DirtyFile, number, [number, number][]]>([
    ['nothing', of(), 10 * CHUNK, []],
    ['a byte', of([5, 6]), 10 * CHUNK, [[0, CHUNK]]],
    ['neighbours', of([5, 6], [CHUNK, CHUNK + 1]), 10 * CHUNK, [[0, 2 * CHUNK]]],
    [
      'parts apart',
      of([0, 1], [3 * CHUNK, 4 * CHUNK]),
      10 * CHUNK,
      [
        [0, CHUNK],
        [3 * CHUNK, 4 * CHUNK],
      ],
    ],
    ['the end of the file', of([CHUNK, CHUNK + 5]), CHUNK + 5, [[CHUNK, CHUNK + 5]]],
    ['what is cut off', of([5 * CHUNK, 6 * CHUNK]), 2 * CHUNK, []],
    ['a cut', of([4 * CHUNK + 1, FOREVER]), 6 * CHUNK, [[4 * CHUNK, 6 * CHUNK]]],
    [
      'parts and a cut',
      of([0, 1], [9 * CHUNK, 9 * CHUNK + 1], [2 * CHUNK, FOREVER]),
      10 * CHUNK,
      [
        [0, CHUNK],
        [2 * CHUNK, 10 * CHUNK],
      ],
    ],
    ['a cut to nothing', of([5, 9], [0, FOREVER]), 100, [[0, 100]]],
  ])('%s', (_name, file, size, ranges) => {
    expect(file.ranges(size)).toEqual(ranges);
    const merged = new DirtyFile();
    merged.merge(file);
    expect(merged.ranges(size)).toEqual(ranges);
  });

  test('are kept apart up to a limit', () => {
    const file = of([3 * CHUNK, 3 * CHUNK + 1]);
    for (let chunk = 10; chunk < 10_000; chunk += 2) file.add(chunk * CHUNK, chunk * CHUNK + 1);
    const [first] = file.ranges(1e12);
    expect(first).toEqual([3 * CHUNK, 1e12]);
  });
});

describe('work in parallel', () => {
  test('is done for each once, so many at a time', async () => {
    const done: number[] = [];
    let [running, most] = [0, 0];
    await inParallel(counted(20, []), 3, async (n) => {
      most = Math.max(most, ++running);
      await soon();
      running--;
      done.push(n);
    });
    expect(done.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(most).toBe(3);
  });

  test('stops at a failure: what was taken has ended, and nothing more is taken', async () => {
    const taken: number[] = [];
    const ended: number[] = [];
    const work = inParallel(counted(100, taken), 3, async (n) => {
      await soon();
      ended.push(n);
      if (n === 4) throw new Error('fails');
    });
    await expect(work).rejects.toThrow('fails');
    expect(ended.sort((a, b) => a - b)).toEqual(taken);
    expect(taken.length).toBeLessThan(10);
  });
});

describe('a backup that holds content', () => {
  const MAX_PAUSE_MS = 1000;

  test('has what was changed before a hold that was late before it copied anything', async () => {
    const base = await scratch();
    const store = new LocalContentStore(join(base, 'data', 'content', `${SHARE}`), openFilesCache(4));
    cleanups.push(() => store.close());
    const barrier = new (class extends ContentBarrier {
      #tries = 0;

      override async close(): Promise<void> {
        const isFirst = this.#tries++ === 0;
        const late = performance.now() + MAX_PAUSE_MS + 1;
        if (isFirst) content.write(INO, 0, Buffer.from('AFTER!'));
        await super.close();
        while (isFirst && performance.now() < late);
      }
    })();
    const content = new BarredContent(store, barrier, SHARE);
    content.write(INO, 0, Buffer.from('before'));
    const metadata = new MemoryMetadataStore();
    await metadata.commit(new Map([[new ShareKeys(SHARE).inode(INO), Buffer.from('record')]]));
    const source = { path: join(base, 'data'), barrier, moment: async () => metadata.snapshot() };
    await makeBackup(source, join(base, 'backup'), { maxPauseMs: MAX_PAUSE_MS });
    const copy = join(base, 'backup', 'content', `${SHARE}`, pathOf(INO));
    expect(fs.readFileSync(copy, 'utf8')).toBe('AFTER!');
  });
});
