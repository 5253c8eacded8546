import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { seededRandom } from '../../nfs/test/support/random.ts';
import { FolderPlace } from '../src/journal/folder-place.ts';
import { FrameWriter, readFrames } from '../src/journal/frame.ts';
import { FrameFile } from '../src/journal/frame-file.ts';
import { decodeHeader, framesOf, HEADER_BYTES, type JournalHeader } from '../src/journal/header.ts';
import { readLeft } from '../src/journal/left.ts';
import { decodeMark, MARK_KEY } from '../src/journal/mark.ts';
import { type OpenJournalOptions, openJournal } from '../src/journal/open.ts';
import type { JournalFile } from '../src/journal/place.ts';
import { CommitLog } from '../src/log/commit-log.ts';
import { MemoryMetadataStore, type MetadataStore } from '../src/metadata/index.ts';
import { EngineRecords } from './engine-records.ts';
import { MemoryPlace } from './journal-place.ts';
import { cleanUpAfterEach, scratch } from './support.ts';

cleanUpAfterEach();

const PAGE = 4096;
const SECTOR = 512;
/** Of a frame with one change, but for its value. */
const FRAME_BYTES = 25 + 1 + 2 + 4 + 1;
const HEADER: JournalHeader = {
  bootId: 'boot 1',
  id: Buffer.alloc(16, 1),
  run: Buffer.alloc(8, 2),
  isSynced: true,
};

/** A journal that is not to be lost, and is written anew when it is told to. */
async function begin(
  place: MemoryPlace,
  more: Partial<OpenJournalOptions> = {},
  store: MetadataStore = new MemoryMetadataStore(),
) {
  const opened = await openJournal(store, {
    ...{ place, bootId: 'boot 1', minBytes: 1_000_000, isSynced: true },
    onLost: (error) => expect.unreachable(error.message),
    onFull: () => {},
    contentOf: () => Promise.reject(new Error('there is none')),
    ...more,
  });
  new EngineRecords(opened.journal);
  return opened;
}

/** With a log that commits nothing unless it has to. */
async function withLog(place: MemoryPlace, store: MetadataStore, more: Partial<OpenJournalOptions>) {
  let log: CommitLog | undefined;
  const told = { onLost: (error: Error) => log?.journalLost(error), onFull: () => log?.begin() };
  const { journal, firstBatch } = await begin(place, { ...told, ...more }, store);
  log = new CommitLog(store, {
    ...{ lazyCommitMs: 3_600_000, batchChanges: 1_000_000, holdLimitMs: 60_000, scanned: () => true },
    ...{ journal, firstBatch, durability: 'power' },
  });
  return { journal, log };
}

test('a file that is written over has after a loss of power what was acknowledged, and nothing of before', async () => {
  const [store, place] = [new MemoryMetadataStore(), new MemoryPlace()];
  const { journal, log } = await withLog(place, store, { minBytes: 1000 });
  let acknowledged = 0;
  const check = () => {
    for (const left of place.lost()) {
      const found = readLeft(left.read(), 'boot 2', decodeMark(store.get(MARK_KEY)!));
      for (let i = 0; i <= acknowledged; i++) {
        const key = `f${i % 20}`;
        const value = found?.changes.get(key) ?? store.get(key);
        expect(value === undefined ? -1 : value.readUInt32BE()).toBeGreaterThanOrEqual(acknowledged - 20);
      }
    }
  };
  let isHasty = false;
  // At times many come while the disk is at work.
  place.slowness = () => sleep(isHasty ? 40 : 1);
  for (let i = 0; i < 600; i++) {
    const value = Buffer.alloc(4 + ((i * 37) % 400), i);
    value.writeUInt32BE(i);
    log.put(`f${i % 20}`, value);
    log.urge();
    log.flushJournal();
    isHasty = i % 200 > 100;
    if (i % (isHasty ? 100 : 3) === 0) {
      await log.stable();
      acknowledged = i;
    } else await (isHasty ? sleep(1) : turn());
    if (acknowledged > 20) check();
  }
  expect(place.misused).toBe(0);
  expect(journal.figures.rewrites).toBeGreaterThan(5);
  expect(place.reused).toBeGreaterThan(2);
});

test('none is written over that the name may lead to after a loss of power', async () => {
  const place = new MemoryPlace();
  const { journal } = await begin(place);
  const writeAnew = async () => {
    const before = place.writes;
    journal.rewrite(1, undefined);
    await vi.waitFor(() => expect(place.writes).toBeGreaterThan(before));
    await turn();
  };
  await journal.sync();
  for (let i = 0; i < 3; i++) {
    await writeAnew();
    await journal.sync();
  }
  expect(place.reused).toBe(2);
  await writeAnew();
  const names = Promise.withResolvers<void>();
  place.slowness = () => (journal.figures.rewrites === 5 ? names.promise : Promise.resolve());
  const synced = journal.sync();
  await vi.waitFor(() => expect(journal.figures.rewrites).toBe(5));
  const { reused } = place;
  await writeAnew();
  expect([place.reused, place.misused]).toEqual([reused, 0]);
  names.resolve();
  await synced;
  await journal.sync();
  await writeAnew();
  expect([place.reused, place.misused]).toEqual([reused + 1, 0]);
  journal.close();
});

test('one that is begun after a loss takes no older one, and none of before counts any more', async () => {
  const [store, place] = [new MemoryMetadataStore(), new MemoryPlace()];
  const { journal, log } = await withLog(place, store, { contentBytes: 1000 });
  const put = async (key: string) => {
    log.put(key, Buffer.from('1'));
    journal.content(1, 2, 0, Buffer.from(`before ${key}`));
    log.urge();
    log.flushJournal();
    await log.stable();
  };
  for (let i = 0; i < 2; i++) {
    await put(`f${i}`);
    await log.flush();
    journal.rewrite(1, undefined);
    await vi.waitFor(() => expect(journal.figures.rewrites).toBe(i + 2));
    await journal.sync();
  }
  await put('f2');
  const { reused } = place;
  // The metadata store fails, and then the journal: a start mends both.
  const { commit } = store;
  store.commit = () => Promise.reject(Object.assign(new Error('EIO: injected'), { code: 'EIO' }));
  log.put('f3', Buffer.from('1'));
  log.hasten();
  await vi.waitFor(() => expect(log.stopped).toBeDefined());
  place.failure = Object.assign(new Error('EIO: injected'), { code: 'EIO' });
  journal.rely();
  expect(journal.isLost).toBe(true);
  place.failure = undefined;
  store.commit = commit;
  await log.start();
  expect([journal.isLost, place.reused]).toEqual([false, reused]);
  // Whatever the disk has of it now: content of before may have been written over, and was.
  for (const left of place.lost()) {
    const found = readLeft(left.read(), 'boot 2', decodeMark(store.get(MARK_KEY)!));
    expect([...(found?.content.files() ?? [])]).toEqual([]);
  }
  const kept = readLeft(place.read(), 'boot 1', decodeMark(store.get(MARK_KEY)!));
  expect(kept?.whole?.frame).toBe(journal.frame);
  journal.close();
});

test('each file of a run has a salt of its own, and it is not 0', () => {
  const salts = [1, 2, 3, 4, 5, 6].map((number) => {
    const content: Buffer[] = [];
    const used: JournalFile = {
      isUsed: true,
      append: (data, length) => content.push(Buffer.from(data.subarray(0, length))),
      sync: () => Promise.resolve(),
      close: () => {},
    };
    new FrameFile(used, { ...HEADER, run: Buffer.from('fffffffd00000000', 'hex') }, number);
    return decodeHeader(content[0]!)?.salt;
  });
  expect(new Set(salts).size).toBe(salts.length);
  expect(salts).not.toContain(0);
});

test('a file whose header cannot be written is closed', () => {
  let closed = 0;
  const file: JournalFile = {
    append: () => {
      throw new Error('ENOSPC');
    },
    sync: () => Promise.resolve(),
    close: () => closed++,
  };
  expect(() => new FrameFile(file, HEADER, 1)).toThrow('ENOSPC');
  expect(closed).toBe(1);
});

test('where a write finds no room, that of the file that was put aside is taken before any other', async () => {
  const place = new MemoryPlace();
  const asked: unknown[] = [];
  const { journal } = await begin(place, {
    makeRoom: (error) => {
      asked.push(error);
      place.failure = undefined;
      return true;
    },
  });
  journal.rewrite(1, undefined);
  await vi.waitFor(async () => {
    await journal.sync();
    expect(journal.figures.rewrites).toBe(2);
  });
  const full = Object.assign(new Error('ENOSPC: injected'), { code: 'ENOSPC' });
  place.trimmed = () => {
    place.failure = undefined;
  };
  for (const expected of [[], [full]]) {
    place.failure = full;
    journal.rely();
    expect(asked).toEqual(expected);
  }
  expect(journal.isLost).toBe(false);
  journal.close();
});

describe('on the host', () => {
  function numbersOf(bytes: Buffer): { numbers: number[]; isIntact: boolean } {
    const numbers: number[] = [];
    const none = () => {};
    const isIntact = readFrames(bytes, framesOf(decodeHeader(bytes)!), {
      frame: (_flags, _batch, number) => numbers.push(number),
      ...{ change: none, unit: none, record: none, content: none, contentSafe: none, contentDoubt: none },
    });
    return { numbers, isIntact };
  }

  /** A file in use with frames of these sizes, numbered from `first`. */
  function write(
    place: FolderPlace,
    number: number,
    sizes: readonly number[],
    first: number,
    mayReuse = true,
  ) {
    const draft = place.draft(true, mayReuse);
    const file = new FrameFile(draft, HEADER, number);
    const writer = new FrameWriter();
    for (const [i, size] of sizes.entries()) {
      writer.change('k', Buffer.alloc(size - FRAME_BYTES, 7));
      expect(writer.length).toBe(size);
      file.append(writer.close(0, 1, first + i), writer.length);
      writer.clear();
    }
    file.close();
    place.adopt();
    return draft.isUsed === true;
  }

  const SIZES: readonly (readonly number[])[] = [
    [100, 200, 300],
    [50_000, 100],
    [100, 300_000, 5000],
    // The last ends with a page, and so close before it that the end of the file is told on the next.
    ...[0, 1, 3, 4, 5].map((before) => [500, 3 * PAGE - HEADER_BYTES - 500 - before]),
  ];

  test.each(SIZES.map((sizes) => [sizes]))('frames of %j bytes over others', async (sizes) => {
    const folder = await scratch();
    const path = join(folder, 'journal');
    const place = new FolderPlace(folder);
    const before = Array.from({ length: 100 }, (_, i) => 60 + i * 40);
    expect(write(place, 1, before, 1)).toBe(false);
    expect(write(place, 2, [100], 1)).toBe(false);
    expect(write(place, 3, sizes, 1001)).toBe(true);
    const whole = readFileSync(path);
    const expected = sizes.map((_, i) => 1001 + i);
    expect(numbersOf(whole)).toEqual({ numbers: expected, isIntact: true });
    expect(new FolderPlace(folder).read()?.bytes).toEqual(whole);
    expect(whole.readUInt32BE(HEADER_BYTES + sizes.reduce((sum, size) => sum + size, 0))).toBe(0);
    const last = HEADER_BYTES + sizes.slice(0, -1).reduce((sum, size) => sum + size, 0);
    const torn = Buffer.from(whole);
    torn.writeUInt8(torn.readUInt8(last + 40) ^ 1, last + 40);
    expect(numbersOf(torn)).toEqual({ numbers: expected.slice(0, -1), isIntact: true });
    const damaged = Buffer.from(whole);
    damaged.writeUInt8(damaged.readUInt8(HEADER_BYTES + 40) ^ 1, HEADER_BYTES + 40);
    expect(numbersOf(damaged)).toEqual({ numbers: [], isIntact: false });
    // And over that once more.
    expect(write(place, 4, [64], 2000)).toBe(true);
    expect(write(place, 5, [64, 64], 3000)).toBe(true);
    expect(numbersOf(readFileSync(path))).toEqual({ numbers: [3000, 3001], isIntact: true });
  });

  test.each([11, 12, 13, 14])(
    'wherever the writing over others ends, that is the end, seed %i',
    async (seed) => {
      const next = seededRandom(seed);
      const below = (n: number) => Math.floor(next() * n);
      const folder = await scratch();
      const place = new FolderPlace(folder);
      const someSize = () => FRAME_BYTES + below(next() < 0.3 ? 3 * PAGE : 300);
      // Frames of before lie where those begin that are to come, and elsewhere.
      const sizes = Array.from({ length: 60 }, someSize);
      write(place, 1, sizes, 1);
      write(place, 2, sizes, 1);
      const draft = place.draft(true, true);
      expect(draft.isUsed).toBe(true);
      const file = new FrameFile(draft, HEADER, 3);
      place.adopt();
      const content = () => readFileSync(join(folder, 'journal')).subarray(0, 64 * PAGE);
      const writer = new FrameWriter();
      const written: number[] = [];
      let size = HEADER_BYTES;
      let synced = { bytes: content(), size, count: 0 };
      const expectUpTo = (bytes: Buffer, least: number) => {
        const { numbers, isIntact } = numbersOf(bytes);
        expect(numbers.length).toBeGreaterThanOrEqual(least);
        expect(numbers).toEqual(written.slice(0, numbers.length));
        return isIntact;
      };
      for (let i = 0; i < 60; i++) {
        const last = { bytes: content(), size };
        const length = next() < 0.5 ? (sizes[i] as number) : someSize();
        writer.change('k', Buffer.alloc(length - FRAME_BYTES, 8));
        file.append(writer.close(0, 1, 1000 + i), writer.length);
        writer.clear();
        written.push(1000 + i);
        size += length;
        const bytes = content();
        expect(numbersOf(bytes)).toEqual({ numbers: written, isIntact: true });
        // Whatever clients have had written there before does not stand behind a frame.
        expect(bytes.readUInt32BE(size)).toBe(0);
        // The process was killed in the write: it has come to the end of a page.
        for (let at = Math.ceil(last.size / PAGE) * PAGE; at < size; at += PAGE) {
          const torn = Buffer.concat([bytes.subarray(0, at), last.bytes.subarray(at)]);
          expect(expectUpTo(torn, i)).toBe(true);
        }
        // The power was lost: any sectors of what was not synced are there.
        for (let times = 0; times < 10; times++) {
          const found = Buffer.from(synced.bytes);
          for (let at = synced.size - (synced.size % SECTOR); at < size + 2 * PAGE; at += SECTOR)
            if (next() < 0.6) bytes.copy(found, at, at, at + SECTOR);
          expectUpTo(found, synced.count);
        }
        if (next() < 0.2) synced = { bytes, size, count: written.length };
      }
      file.close();
    },
  );

  test('only one that this process has put aside is written over, and only where that may be', async () => {
    const folder = await scratch();
    const spare = join(folder, 'journal.spare');
    const place = new FolderPlace(folder);
    write(place, 1, [100], 1);
    write(place, 2, [200], 2);
    expect(existsSync(spare)).toBe(true);
    expect(write(new FolderPlace(folder), 3, [300], 3)).toBe(false);
    const next = new FolderPlace(folder);
    expect(write(next, 4, [300], 4)).toBe(false);
    expect(write(next, 5, [300], 5, false)).toBe(false);
    expect(write(next, 6, [300], 6)).toBe(true);
    next.trim();
    expect(existsSync(spare)).toBe(false);
    expect(write(next, 7, [300], 7)).toBe(false);
    // One that could not be put in the place of the other is that still.
    writeFileSync(join(folder, 'journal.new'), '');
    next.draft(true).close();
    next.remove();
    expect(existsSync(spare)).toBe(false);
    expect(() => next.adopt()).toThrow('ENOENT');
    expect(next.draft(true, true).isUsed).toBe(false);
  });

  test('what is not to be written over is not emptied in place: the disk may take its name for the journal before that', async () => {
    const folder = await scratch();
    const draft = join(folder, 'journal.new');
    const witness = join(folder, 'witness');
    const place = new FolderPlace(folder);
    write(place, 1, [100], 1);
    write(place, 2, [200], 2);
    place.draft(true, true).close();
    linkSync(draft, witness);
    const before = readFileSync(witness);
    expect(numbersOf(before).numbers).toEqual([1]);
    // Given up, and begun anew.
    place.draft(false).close();
    expect(readFileSync(witness).equals(before)).toBe(true);
    expect(readFileSync(draft).length).toBe(0);
    linkSync(draft, `${draft}.2`);
    write(place, 3, [300], 3);
    expect(readFileSync(`${draft}.2`).length).toBe(0);
  });

  test('where the draft cannot take the place of the one in use, that stays, and is not put aside', async () => {
    const folder = await scratch();
    const path = join(folder, 'journal');
    const place = new FolderPlace(folder);
    write(place, 1, [100], 1);
    write(place, 2, [200], 2);
    const before = readFileSync(path);
    place.draft(true).close();
    rmSync(join(folder, 'journal.new'));
    expect(() => place.adopt()).toThrow('ENOENT');
    expect(existsSync(join(folder, 'journal.spare'))).toBe(false);
    expect(place.draft(true, true).isUsed).toBe(false);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test('other names of the file in use, left by a process that ended meanwhile, do it no harm', async () => {
    const folder = await scratch();
    const path = join(folder, 'journal');
    write(new FolderPlace(folder), 1, [100], 1);
    linkSync(path, join(folder, 'journal.new'));
    linkSync(path, join(folder, 'journal.spare'));
    const before = readFileSync(path);
    const place = new FolderPlace(folder);
    place.draft(true, true).close();
    place.draft(true, true).append(Buffer.from('next'), 4);
    expect(readFileSync(path).equals(before)).toBe(true);
    place.adopt();
    expect(readFileSync(path, 'latin1').slice(0, 4)).toBe('next');
  });

  test('what an earlier process has put aside is not in the way of what this one writes', async () => {
    const folder = await scratch();
    const spare = join(folder, 'journal.spare');
    const place = new FolderPlace(folder);
    write(place, 1, [100], 1);
    write(place, 2, [200], 2);
    // This one's own stays as long as the name may lead to it.
    place.draft(true).close();
    expect(existsSync(spare)).toBe(true);
    new FolderPlace(folder).draft(true).close();
    expect(existsSync(spare)).toBe(false);
  });
});
