import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  type Key,
  LmdbMetadataStore,
  MAX_KEY_BYTES,
  MemoryMetadataStore,
  type MetadataStore,
} from '../src/metadata/index.ts';
import { MetadataClosedError } from '../src/metadata/store.ts';

const bytes = (...values: number[]): Buffer => Buffer.from(values);
const HIGHEST = '\xff'.repeat(8);

interface Kind {
  readonly name: string;
  readonly open: (folder: string) => MetadataStore;
  readonly keeps: boolean;
}
const kinds: Kind[] = [
  { name: 'memory', open: () => new MemoryMetadataStore(), keeps: false },
  { name: 'lmdb', open: (folder) => new LmdbMetadataStore(join(folder, 'meta')), keeps: true },
];

describe.each(kinds)('metadata store: $name', (kind) => {
  const cleanups: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function folder(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), 'dfs-meta-'));
    cleanups.push(() => rm(path, { recursive: true }));
    return path;
  }
  async function opened(): Promise<MetadataStore> {
    const store = kind.open(await folder());
    cleanups.push(() => store.close());
    return store;
  }
  const keysOf = (found: readonly { key: Key }[]) => found.map((entry) => entry.key);

  test('a snapshot stays as it was when it was taken, whatever comes after', async () => {
    const store = await opened();
    const many = (from: number, to: number, value: number) =>
      new Map(
        Array.from({ length: to - from }, (_, i) => [`k${String(from + i).padStart(4, '0')}`, bytes(value)]),
      );
    await store.commit(many(0, 100, 1));
    const first = store.snapshot();
    const sum = (snapshot: ReturnType<typeof store.snapshot>) => {
      let [count, total] = [0, 0];
      for (let from = '\x00'; ; ) {
        const page = snapshot.scan(from, HIGHEST, 7);
        for (const { value } of page) total += value[0] ?? 0;
        count += page.length;
        const last = page.at(-1);
        if (last === undefined || page.length < 7) return [count, total];
        from = `${last.key}\x00`;
      }
    };
    for (let round = 2; round < 20; round++) {
      // Read in the same turn as the commit is answered: the snapshot has it all the same.
      const committed = store.commit(many(0, 100 + round, round));
      store.get('k0001');
      const snapshot = await committed.then(() => store.snapshot());
      expect(sum(snapshot)).toEqual([100 + round, (100 + round) * round]);
      expect(sum(first)).toEqual([100, 100]);
      snapshot.close();
    }
    await store.commit(new Map([['k0000', undefined]]));
    expect(sum(first)).toEqual([100, 100]);
    first.close();
    expect(store.get('k0000')).toBeUndefined();
  });

  test('what is absent is undefined, what is put comes back, what is deleted is gone', async () => {
    const store = await opened();
    expect(store.get('a')).toBeUndefined();
    await store.commit(new Map([['a', bytes(1, 2, 3)]]));
    expect(Buffer.from(store.get('a') ?? [])).toEqual(bytes(1, 2, 3));
    await store.commit(new Map([['a', undefined]]));
    expect(store.get('a')).toBeUndefined();
  });

  test('a value that was got has its own length, however long the one before', async () => {
    const store = await opened();
    const long = Buffer.alloc(70_000, 7);
    await store.commit(
      new Map([
        ['long', long],
        ['short', bytes(9)],
        ['empty', Buffer.alloc(0)],
      ]),
    );
    expect(Buffer.compare(store.get('long') as Buffer, long)).toBe(0);
    expect([...(store.get('short') as Buffer).subarray(0)]).toEqual([9]);
    expect(store.get('empty')?.subarray(0).length).toBe(0);
  });

  test('keys are bytes, ordered as bytes, up to their longest', async () => {
    const store = await opened();
    const keys = [
      '\x00',
      '\x00\x00',
      '\x01',
      'a',
      'a\x00',
      'aa',
      '\x7f',
      '\x80',
      '\xff',
      '\xff'.repeat(MAX_KEY_BYTES),
    ];
    await store.commit(new Map([...keys].reverse().map((key) => [key, Buffer.from(key, 'latin1')])));
    expect(keysOf(store.scan('\x00', '\xff'.repeat(MAX_KEY_BYTES + 1), 100))).toEqual(keys);
    for (const key of keys) expect(store.get(key)?.toString('latin1')).toBe(key);
  });

  test('scan has a start that is in, an end that is out, a limit, and both directions', async () => {
    const store = await opened();
    await store.commit(new Map(['a', 'b', 'c', 'd'].map((key) => [key, Buffer.from(key)])));
    expect(keysOf(store.scan('b', 'd', 10))).toEqual(['b', 'c']);
    expect(keysOf(store.scan('a', 'e', 2))).toEqual(['a', 'b']);
    expect(keysOf(store.scan('a', 'd', 10, true))).toEqual(['c', 'b', 'a']);
    expect(keysOf(store.scan('a', 'e', 1, true))).toEqual(['d']);
    expect(store.scan('b', 'b', 10)).toEqual([]);
    expect(store.scan('c', 'b', 10)).toEqual([]);
    expect(store.scan('a', 'e', 0)).toEqual([]);
    expect(store.scan('a', 'b', 1)[0]?.value.toString()).toBe('a');
  });

  test('the values of a scan stay as they were', async () => {
    const store = await opened();
    await store.commit(new Map([['a', bytes(1)]]));
    const found = store.scan('a', 'b', 1);
    await store.commit(new Map([['a', bytes(2)]]));
    store.get('a');
    expect(found[0]?.value).toEqual(bytes(1));
  });

  test('commits that overlap are applied in the order of their calls', async () => {
    const store = await opened();
    const all: Promise<void>[] = [];
    for (let i = 0; i < 200; i++) all.push(store.commit(new Map([['k', bytes(i)]])));
    await Promise.all(all);
    expect(store.get('k')?.[0]).toBe(199);
  });

  test("a read after a commit's answer sees all of it", async () => {
    const store = await opened();
    for (let round = 1; round <= 50; round++) {
      store.get('k0');
      await store.commit(new Map(Array.from({ length: 20 }, (_, i) => [`k${i}`, bytes(round)])));
      for (let i = 0; i < 20; i++) expect(store.get(`k${i}`)?.[0]).toBe(round);
      expect(store.scan('k', 'l', 100).every((entry) => entry.value[0] === round)).toBe(true);
    }
  });

  test('behaves as a plain map does, whatever is put, deleted and scanned', async () => {
    const key = fc.string({ unit: fc.constantFrom('\x00', 'a', 'b', '\xff'), minLength: 1, maxLength: 4 });
    const change = fc.tuple(key, fc.option(fc.uint8Array({ maxLength: 40 }), { nil: undefined }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(change, { maxLength: 20 }), { maxLength: 10 }),
        key,
        key,
        async (batches, a, b) => {
          const store = await opened();
          const model = new Map<Key, Buffer>();
          for (const batch of batches) {
            const changes = new Map<Key, Buffer | undefined>();
            for (const [k, value] of batch) changes.set(k, value && Buffer.from(value));
            await store.commit(changes);
            for (const [k, value] of changes) value === undefined ? model.delete(k) : model.set(k, value);
          }
          const expected = [...model].filter(([k]) => k >= a && k < b).sort(([x], [y]) => (x < y ? -1 : 1));
          const plain = (found: readonly { key: Key; value: Buffer }[]) => found.map((e) => [e.key, e.value]);
          expect(plain(store.scan(a, b, 1000))).toEqual(expected);
          expect(plain(store.scan(a, b, 1000, true))).toEqual([...expected].reverse());
          for (const [k, value] of model) expect(Buffer.compare(store.get(k) as Buffer, value)).toBe(0);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('thousands of entries, page by page', async () => {
    const store = await opened();
    const count = 5_000;
    const name = (i: number) => `n${String((i * 7919) % count).padStart(6, '0')}`;
    for (let from = 0; from < count; from += 500) {
      await store.commit(new Map(Array.from({ length: 500 }, (_, i) => [name(from + i), bytes(1)])));
    }
    const seen: Key[] = [];
    for (let start: Key = 'n'; ; ) {
      const page = store.scan(start, HIGHEST, 300);
      if (page.length === 0) break;
      seen.push(...keysOf(page));
      start = `${seen.at(-1)}\x00`;
    }
    expect(seen.length).toBe(count);
    expect(seen).toEqual([...seen].sort());
  });

  test.runIf(kind.keeps)('keeps what was committed when it is opened again', async () => {
    const path = await folder();
    const first = kind.open(path);
    await first.commit(
      new Map([
        ['a', bytes(1)],
        ['b', bytes(2)],
      ]),
    );
    await first.commit(new Map([['a', undefined]]));
    await first.close();
    const second = kind.open(path);
    cleanups.push(() => second.close());
    expect(second.get('a')).toBeUndefined();
    expect(second.get('b')?.[0]).toBe(2);
  });
});

describe('recovery of an LMDB store', () => {
  async function world() {
    const path = await mkdtemp(join(tmpdir(), 'dfs-meta-'));
    onTestFinished(() => rm(path, { recursive: true }));
    const store = new LmdbMetadataStore(path);
    onTestFinished(() => store.close());
    await store.commit(new Map([['k', bytes(1)]]));
    return { path, store };
  }
  const value = (store: MetadataStore) => store.get('k')?.[0];

  test('that fails before anything is closed leaves it as it was', async () => {
    const { path, store } = await world();
    await rename(join(path, 'data.mdb'), join(path, 'away'));
    await expect(store.recover()).rejects.toMatchObject({ code: 'ENOENT' });
    expect(value(store)).toBe(1);
    await rename(join(path, 'away'), join(path, 'data.mdb'));
    await store.recover();
    await store.commit(new Map([['k', bytes(2)]]));
    expect(value(store)).toBe(2);
  });

  test('that cannot open it again refuses all, and says why, until it can', async () => {
    const { path, store } = await world();
    await rename(join(path, 'lock.mdb'), join(path, 'away'));
    await mkdir(join(path, 'lock.mdb'));
    for (let tries = 0; tries < 2; tries++) {
      await expect(store.recover()).rejects.toBeInstanceOf(MetadataClosedError);
      const told = expect.objectContaining({
        code: 'EIO',
        message: expect.stringContaining('cannot be opened'),
      });
      expect(() => store.get('k')).toThrowError(told);
      expect(() => store.scan('a', 'z', 1)).toThrowError(told);
      expect(() => store.snapshot()).toThrowError(told);
      await expect(store.commit(new Map([['k', bytes(3)]]))).rejects.toEqual(told);
    }
    await rm(join(path, 'lock.mdb'), { recursive: true });
    await store.recover();
    expect(value(store)).toBe(1);
    await store.commit(new Map([['k', bytes(2)]]));
    expect(value(store)).toBe(2);
  });

  test('that cannot open it again lets it be closed', async () => {
    const { path, store } = await world();
    await rm(join(path, 'lock.mdb'));
    await mkdir(join(path, 'lock.mdb'));
    await expect(store.recover()).rejects.toBeInstanceOf(MetadataClosedError);
    await store.close();
    expect(() => store.get('k')).toThrowError(MetadataClosedError);
  });
});

test.each([
  ['garbage', Buffer.alloc(65_536, 7)],
  ['zeros', Buffer.alloc(8192)],
  ['a part of a page', Buffer.alloc(20, 1)],
])('an LMDB file that begins with %s is told of', async (_, content) => {
  const path = await mkdtemp(join(tmpdir(), 'dfs-meta-'));
  onTestFinished(() => rm(path, { recursive: true }));
  await writeFile(join(path, 'data.mdb'), content);
  expect(() => new LmdbMetadataStore(path)).toThrowError('data.mdb is damaged');
});

test('an LMDB file that was never written is one', async () => {
  const path = await mkdtemp(join(tmpdir(), 'dfs-meta-'));
  onTestFinished(() => rm(path, { recursive: true }));
  await writeFile(join(path, 'data.mdb'), '');
  const store = new LmdbMetadataStore(path);
  await store.commit(new Map([['k', bytes(1)]]));
  await store.close();
});
