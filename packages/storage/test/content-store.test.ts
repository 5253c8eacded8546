import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { BarredContent } from '../src/content/barred.ts';
import { ContentBarrier } from '../src/content/barrier.ts';
import { HostPace } from '../src/content/host-pace.ts';
import {
  type ContentStore,
  LocalContentStore,
  MemoryBudget,
  MemoryContentStore,
  openFilesCache,
} from '../src/content/index.ts';

const KIB = 1024;
const MIB = KIB * KIB;
/** Every store frees whole blocks of this size at least. */
const BLOCK = 64 * KIB;
const INO = 7;
const OTHER = 1_000_001;

interface Kind {
  readonly name: string;
  readonly open: (folder: string) => ContentStore;
  readonly keeps: boolean;
}
const kinds: Kind[] = [
  { name: 'memory', open: () => new MemoryContentStore(new MemoryBudget(64 * MIB)), keeps: false },
  {
    name: 'local',
    open: (folder) => new LocalContentStore(join(folder, 'c'), openFilesCache(4)),
    keeps: true,
  },
  {
    name: 'local, of a host that is slow',
    open: (folder) => {
      const pace = new HostPace(() => Number.MAX_VALUE);
      pace.took(0);
      return new LocalContentStore(join(folder, 'c'), openFilesCache(4), pace);
    },
    keeps: true,
  },
  {
    name: 'local, behind the barrier of backups',
    open: (folder) => {
      const barrier = new ContentBarrier();
      barrier.track();
      return new BarredContent(new LocalContentStore(join(folder, 'c'), openFilesCache(4)), barrier, 1);
    },
    keeps: true,
  },
];

describe.each(kinds)('content store: $name', (kind) => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });
  async function folder(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), 'dfs-content-'));
    cleanups.push(() => rm(path, { recursive: true }));
    return path;
  }
  async function opened(): Promise<ContentStore> {
    const store = kind.open(await folder());
    cleanups.push(() => store.close());
    return store;
  }
  async function readAll(store: ContentStore, ino: number, length: number, offset = 0): Promise<Buffer> {
    const target = Buffer.alloc(length, 0xee);
    return target.subarray(0, await store.read(ino, offset, target));
  }

  test('a file that was never written is empty', async () => {
    const store = await opened();
    expect(await readAll(store, INO, 10)).toEqual(Buffer.alloc(0));
    expect([store.size(INO), store.usage(INO)]).toEqual([0, 0]);
    await store.truncate(INO, 0);
    await store.punch(INO, 0, 100);
    await store.sync(INO);
    await store.remove(INO);
    expect(store.seek(INO, 5, 'hole')).toBe(5);
    expect(store.seek(INO, 5, 'data')).toBeUndefined();
  });

  test('small and large writes come back, into part of a larger buffer too', async () => {
    const store = await opened();
    const large = Buffer.alloc(3 * MIB + 17, 'large ');
    await store.write(INO, 0, Buffer.from('hello'));
    await store.write(OTHER, 1, large);
    const around = Buffer.alloc(9, 'x');
    expect(await store.read(INO, 0, around.subarray(2, 7))).toBe(5);
    expect(around.toString()).toBe('xxhelloxx');
    expect(await readAll(store, OTHER, large.length, 1)).toEqual(large);
    expect(await readAll(store, INO, 10, 3)).toEqual(Buffer.from('lo'));
    expect(await readAll(store, INO, 10, 5)).toEqual(Buffer.alloc(0));
    expect([store.size(INO), store.size(OTHER)]).toEqual([5, large.length + 1]);
  });

  test('a write behind the end leaves a hole of zeros', async () => {
    const store = await opened();
    await store.write(INO, 10 * MIB, Buffer.from('end'));
    expect(store.size(INO)).toBe(10 * MIB + 3);
    expect(store.usage(INO)).toBeLessThanOrEqual(BLOCK);
    expect(await readAll(store, INO, 100, MIB)).toEqual(Buffer.alloc(100));
  });

  test('truncate cuts for good and extends with zeros', async () => {
    const store = await opened();
    await store.write(INO, 0, Buffer.alloc(BLOCK * 2, 1));
    await store.truncate(INO, 10);
    await store.truncate(INO, BLOCK);
    expect(await readAll(store, INO, BLOCK * 2)).toEqual(
      Buffer.concat([Buffer.alloc(10, 1), Buffer.alloc(BLOCK - 10)]),
    );
    await store.truncate(INO, 40 * MIB);
    expect(store.size(INO)).toBe(40 * MIB);
    expect(store.usage(INO)).toBeLessThanOrEqual(BLOCK);
    await store.truncate(INO, 0);
    expect([store.size(INO), store.usage(INO)]).toEqual([0, 0]);
  });

  test('a punched range reads as zeros, frees its blocks and keeps the size', async () => {
    const store = await opened();
    await store.write(INO, 0, Buffer.alloc(8 * BLOCK, 1));
    await store.sync(INO);
    const before = store.usage(INO);
    await store.punch(INO, BLOCK - 5, 4 * BLOCK);
    expect(store.size(INO)).toBe(8 * BLOCK);
    expect(before - store.usage(INO)).toBeGreaterThanOrEqual(3 * BLOCK);
    const expected = Buffer.alloc(8 * BLOCK, 1).fill(0, BLOCK - 5, 5 * BLOCK - 5);
    expect(Buffer.compare(await readAll(store, INO, 8 * BLOCK), expected)).toBe(0);
    await store.punch(INO, 6 * BLOCK, 100 * BLOCK);
    expect(store.size(INO)).toBe(8 * BLOCK);
  });

  test('allocate reserves storage, extends, and leaves data alone', async () => {
    const store = await opened();
    await store.write(INO, 0, Buffer.from('kept'));
    await store.allocate(INO, 0, 16 * BLOCK);
    expect(store.size(INO)).toBe(16 * BLOCK);
    expect(store.usage(INO)).toBeGreaterThanOrEqual(16 * BLOCK);
    expect(await readAll(store, INO, 8)).toEqual(Buffer.from('kept\0\0\0\0'));
  });

  test('seek finds what is there, and the hole at the end', async () => {
    const store = await opened();
    await store.write(INO, 4 * BLOCK, Buffer.alloc(BLOCK, 1));
    await store.write(INO, 9 * BLOCK, Buffer.alloc(10, 1));
    expect(store.seek(INO, 0, 'data')).toBe(4 * BLOCK);
    expect(store.seek(INO, 0, 'hole')).toBe(0);
    expect(store.seek(INO, 4 * BLOCK + 3, 'data')).toBe(4 * BLOCK + 3);
    expect(store.seek(INO, 4 * BLOCK, 'hole')).toBe(5 * BLOCK);
    expect(store.seek(INO, 5 * BLOCK, 'data')).toBe(9 * BLOCK);
    expect(store.seek(INO, 9 * BLOCK, 'hole')).toBe(9 * BLOCK + 10);
    await store.punch(INO, 4 * BLOCK, BLOCK);
    expect(store.seek(INO, 0, 'data')).toBe(9 * BLOCK);
    await store.truncate(INO, 8 * BLOCK);
    expect(store.seek(INO, 0, 'data')).toBeUndefined();
  });

  test('copy takes data as data and holes as holes', async () => {
    const store = await opened();
    await store.write(INO, 2 * BLOCK, Buffer.alloc(BLOCK, 1));
    await store.truncate(INO, 6 * BLOCK);
    await store.write(OTHER, 0, Buffer.alloc(8 * BLOCK, 2));
    await store.copy(INO, 0, OTHER, BLOCK, 6 * BLOCK);
    const expected = Buffer.concat([
      Buffer.alloc(BLOCK, 2),
      Buffer.alloc(2 * BLOCK),
      Buffer.alloc(BLOCK, 1),
      Buffer.alloc(3 * BLOCK),
      Buffer.alloc(BLOCK, 2),
    ]);
    expect(Buffer.compare(await readAll(store, OTHER, 9 * BLOCK), expected)).toBe(0);
    expect(store.seek(OTHER, BLOCK, 'data')).toBe(3 * BLOCK);
    await store.copy(INO, BLOCK, 9, 0, 5 * BLOCK);
    expect(store.size(9)).toBe(5 * BLOCK);
    await store.copy(INO, 2 * BLOCK, INO, 4 * BLOCK, BLOCK);
    expect(await readAll(store, INO, BLOCK, 4 * BLOCK)).toEqual(Buffer.alloc(BLOCK, 1));
  });

  test('sharing shares or refuses, and refuses without harm', async () => {
    const store = await opened();
    const data = Buffer.alloc(BLOCK, 's');
    await store.write(INO, 0, data);
    let shared = true;
    try {
      await store.share(INO, 0, OTHER, 0, BLOCK);
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOTSUP' });
      shared = false;
    }
    expect(await readAll(store, OTHER, BLOCK)).toEqual(shared ? data : Buffer.alloc(0));
  });

  test('a removed file is empty, its number as good as new', async () => {
    const store = await opened();
    await store.write(INO, 0, Buffer.alloc(BLOCK, 1));
    await store.remove(INO);
    expect(await readAll(store, INO, 10)).toEqual(Buffer.alloc(0));
    await store.write(INO, 2, Buffer.from('x'));
    expect(await readAll(store, INO, 10)).toEqual(Buffer.from('\0\0x'));
  });

  test('removals are made safe, also of what never had a place', async () => {
    const store = await opened();
    await store.write(INO, 0, Buffer.alloc(BLOCK, 1));
    for (const ino of [INO, INO + 1, INO + 2 ** 24]) await store.remove(ino);
    await store.syncRemovals();
    expect([...store.list(0)]).toEqual([]);
  });

  test('more files than may be open at once', async () => {
    const store = await opened();
    for (let ino = 1; ino <= 50; ino++) await store.write(ino, 0, Buffer.from(`file ${ino}`));
    await Promise.all(Array.from({ length: 50 }, (_, i) => store.write(i + 1, MIB, Buffer.alloc(MIB, i))));
    await Promise.all(Array.from({ length: 50 }, (_, i) => store.sync(i + 1)));
    for (let ino = 1; ino <= 50; ino++) {
      expect((await readAll(store, ino, 8)).toString().replace(/\0.*/, '')).toBe(`file ${ino}`);
    }
    expect([...store.list(40)].sort((a, b) => a - b)).toEqual([40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50]);
  });

  test('a removal while a thread writes leaves nothing and breaks nothing', async () => {
    const store = await opened();
    const writing = store.write(INO, 0, Buffer.alloc(8 * MIB, 1));
    await store.remove(INO);
    await writing;
    expect(store.size(INO)).toBe(kind.keeps ? 0 : store.size(INO));
  });

  test('the space of the store is told, and what is beyond the largest file refused', async () => {
    const store = await opened();
    const space = store.space();
    expect(space.bytesTotal).toBeGreaterThan(0);
    expect(space.bytesFree).toBeLessThanOrEqual(space.bytesTotal);
    expect(store.maxFileSize).toBeGreaterThan(2 ** 40);
    if (store.maxFileSize < Number.MAX_SAFE_INTEGER) {
      expect(() => store.truncate(INO, store.maxFileSize + 1)).toThrowError(
        expect.objectContaining({ code: 'EFBIG' }),
      );
    }
  });

  test('does what a plain buffer does, whatever is written, cut, punched and reserved', async () => {
    const offset = fc.integer({ min: 0, max: 300_000 });
    const operation = fc.record({
      kind: fc.constantFrom('write', 'truncate', 'punch', 'allocate', 'copy'),
      offset,
      other: offset,
      length: fc.integer({ min: 1, max: 200_000 }),
      byte: fc.integer({ min: 1, max: 255 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 15 }), async (operations) => {
        const store = await opened();
        let model = Buffer.alloc(0);
        const grown = (to: number) =>
          to <= model.length ? model : Buffer.concat([model, Buffer.alloc(to - model.length)]);
        for (const { kind: what, offset: at, other, length, byte } of operations) {
          if (what === 'write') {
            await store.write(INO, at, Buffer.alloc(length, byte));
            model = grown(at + length).fill(byte, at, at + length);
          } else if (what === 'truncate') {
            await store.truncate(INO, at);
            model = Buffer.from(grown(at).subarray(0, at));
          } else if (what === 'punch') {
            await store.punch(INO, at, length);
            model.fill(0, Math.min(at, model.length), Math.min(at + length, model.length));
          } else if (what === 'allocate') {
            await store.allocate(INO, at, length);
            model = grown(at + length);
          } else {
            const count = Math.min(length, model.length - at);
            if (count <= 0 || Math.abs(at - other) < count) continue;
            await store.copy(INO, at, INO, other, count);
            const part = Buffer.from(model.subarray(at, at + count));
            model = grown(other + count);
            part.copy(model, other);
          }
        }
        expect(store.size(INO)).toBe(model.length);
        expect(Buffer.compare(await readAll(store, INO, model.length + 10), model)).toBe(0);
        for (let at = 0; at < model.length; ) {
          const data = Math.min((await store.seek(INO, at, 'data')) ?? model.length, model.length);
          expect(model.subarray(at, data).every((value) => value === 0)).toBe(true);
          const hole = data < model.length ? ((await store.seek(INO, data, 'hole')) as number) : data;
          expect(hole).toBeGreaterThan(at);
          at = hole;
        }
      }),
      { numRuns: 60 },
    );
  });

  test.runIf(!kind.keeps)('refuses what is more than it may take, and takes nothing of it', async () => {
    const store = await opened();
    await store.write(INO, 0, Buffer.alloc(60 * MIB));
    expect(() => store.write(OTHER, 0, Buffer.alloc(5 * MIB))).toThrowError(
      expect.objectContaining({ code: 'ENOSPC' }),
    );
    expect(() => store.allocate(OTHER, 0, 2 ** 40)).toThrowError(expect.objectContaining({ code: 'ENOSPC' }));
    expect(store.usage(OTHER)).toBe(0);
    await store.remove(INO);
    await store.write(OTHER, 0, Buffer.alloc(60 * MIB));
  });

  test.runIf(kind.keeps)('keeps a file open while it copies, though only one may be', async () => {
    const store = new LocalContentStore(join(await folder(), 'c'), openFilesCache(1));
    cleanups.push(() => store.close());
    await store.write(INO, 0, Buffer.alloc(MIB, 'a'));
    await store.write(OTHER, 0, Buffer.from('b'));
    await store.copy(INO, 0, OTHER, 0, MIB);
    expect((await readAll(store, OTHER, MIB)).equals(Buffer.alloc(MIB, 'a'))).toBe(true);
    expect((await readAll(store, INO, MIB)).equals(Buffer.alloc(MIB, 'a'))).toBe(true);
    try {
      await store.share(OTHER, 0, INO, 0, MIB);
    } catch (error) {
      expect((error as { code?: string }).code).toBe('ENOTSUP');
    }
  });

  test.runIf(kind.keeps)('is not clean where a sync ran while a thread changed the file', async () => {
    const store = await opened();
    const write = () => store.write(INO, 0, Buffer.alloc(MIB, 'a'));
    const changes = [
      write,
      () => store.allocate(INO, 0, 2 * MIB),
      () => store.punch(INO, 0, MIB),
      () => store.copy(OTHER, 0, INO, 0, MIB),
      () => store.truncate(INO, 0),
    ];
    await store.write(OTHER, 0, Buffer.alloc(MIB, 'b'));
    for (const change of changes) {
      await store.truncate(INO, 32 * MIB);
      const changing = change();
      // Done on the spot, unless the host is slow.
      if (change === write && changing === undefined) continue;
      expect(changing).toBeInstanceOf(Promise);
      await store.sync(INO);
      await changing;
      const syncing = store.sync(INO);
      expect(syncing).toBeInstanceOf(Promise);
      await syncing;
      expect(store.sync(INO)).toBeUndefined();
    }
  });

  test.runIf(kind.keeps)('keeps everything when it is opened again, holes as holes', async () => {
    const path = await folder();
    const first = kind.open(path);
    await first.write(INO, 3 * MIB, Buffer.from('data'));
    await first.sync(INO);
    await first.close();
    const second = kind.open(path);
    cleanups.push(() => second.close());
    expect(second.size(INO)).toBe(3 * MIB + 4);
    expect(second.seek(INO, 0, 'data')).toBe(3 * MIB);
    expect((await readAll(second, INO, 10, 3 * MIB)).toString()).toBe('data');
  });
});
