import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { FrameWriter, readFrames } from '../src/journal/frame.ts';
import { readLeft } from '../src/journal/left.ts';
import { decodeMark, MARK_KEY } from '../src/journal/mark.ts';
import { openJournal } from '../src/journal/open.ts';
import { CommitLog } from '../src/log/commit-log.ts';
import { MemoryMetadataStore, type MetadataStore } from '../src/metadata/index.ts';
import { EngineRecords } from './engine-records.ts';
import { MemoryPlace } from './journal-place.ts';

const BARE = { at: 0, salt: 0 };
const PATIENTLY = { timeout: 20_000 };
const turn = () => new Promise((resolve) => setImmediate(resolve));
const value = (text: string) => Buffer.from(text);

const text = (records: Iterable<readonly [string, Buffer]>) =>
  Object.fromEntries([...records].map(([key, bytes]) => [key, bytes.toString()]));

/** A journal, begun or taken up, that is written anew as soon as it has `minBytes`. */
async function begin(
  minBytes: number,
  isSynced = false,
  place = new MemoryPlace(),
  store: MetadataStore = new MemoryMetadataStore(),
) {
  let log: CommitLog | undefined;
  const { journal, left, firstBatch } = await openJournal(store, {
    place,
    bootId: 'boot 1',
    minBytes,
    isSynced,
    onLost: (error) => log?.journalLost(error),
    contentOf: () => Promise.reject(new Error('there is none')),
    onFull: () => log?.begin(),
  });
  log = new CommitLog(store, {
    ...{ lazyCommitMs: 1, batchChanges: 1000, holdLimitMs: 60_000, scanned: () => true },
    ...{ journal, firstBatch, durability: isSynced ? 'power' : 'crash' },
  });
  log.callerFlushes();
  /** What the next run would find, were this one killed now. */
  const found = () => {
    const mark = store.get(MARK_KEY);
    const records = readLeft(place.copy().read(), 'boot 1', mark && decodeMark(mark))?.whole?.records;
    if (records === undefined) throw new Error('nothing whole');
    return records;
  };
  return { journal, log, place, store, left: left?.records, found };
}

describe('the journal keeps no records: who has them writes them when it is written anew', () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.constant('append' as const) },
    { weight: 2, arbitrary: fc.constant('with changes' as const) },
    ...(['change', 'held', 'turn', 'wait'] as const).map((kind) => ({
      weight: 1,
      arbitrary: fc.constant(kind),
    })),
  );
  const history = fc.array(
    fc.record({ step, key: fc.nat(40), isGone: fc.boolean(), size: fc.constantFrom(10, 300, 60_000) }),
    { minLength: 30, maxLength: 120 },
  );

  test.each([
    ['not synced', false],
    ['synced', true],
  ])('all that was flushed is there at any moment, %s', async (_name, isSynced) => {
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        const { journal, log, found } = await begin(5000, isSynced);
        const records = new EngineRecords(journal);
        const model = new Map<string, Buffer>();
        /** Of these it may be either: nobody was told. */
        const loose = new Set<string>();
        let count = 0;
        for (const { step, key: number, isGone, size } of steps) {
          const key = `k/${number}`;
          const bytes = isGone ? undefined : Buffer.alloc(size, String(++count));
          if (step === 'turn') await turn();
          else if (step === 'wait') await sleep(1);
          else if (step === 'change') {
            records.change([[key, bytes]]);
            loose.add(key);
          } else {
            if (step !== 'append') log.put(`f${count}`, value('x'));
            const release = step === 'held' ? log.hold() : undefined;
            // What was changed before comes first.
            records.sweep();
            records.append([[key, bytes]], step !== 'append');
            if (release !== undefined) await turn();
            release?.();
            log.flushJournal();
            loose.clear();
          }
          if (step !== 'turn' && step !== 'wait') {
            if (bytes === undefined) model.delete(key);
            else model.set(key, bytes);
          }
          const now = found();
          for (let i = 0; i <= 40; i++) {
            const each = `k/${i}`;
            if (loose.has(each)) continue;
            const [is, should] = [now.get(each), model.get(each)];
            if (is === undefined ? should !== undefined : should === undefined || !is.equals(should))
              throw new Error(`${each} is ${is?.length} bytes instead of ${should?.length}`);
          }
        }
        await log.close();
      }),
      { numRuns: 40 },
    );
  });

  test('it is written anew in slices, with others going on, and has what changed meanwhile', async () => {
    const { journal, log, found } = await begin(100_000);
    const records = new EngineRecords(journal);
    const model = new Map<string, Buffer>();
    const append = (key: string, bytes: Buffer | undefined) => {
      records.append([[key, bytes]], false);
      if (bytes === undefined) model.delete(key);
      else model.set(key, bytes);
    };
    const large = (i: number, round: number) => Buffer.alloc(20_000, `${i}.${round}`);
    const check = () => {
      const now = found();
      expect([...now.keys()].sort()).toEqual([...model.keys()].sort());
      for (const [key, bytes] of now)
        if (!bytes.equals(model.get(key)!)) throw new Error(`${key} is another`);
    };
    for (let i = 0; i < 120; i++) append(`k${i}`, large(i, 0));
    log.flushJournal();
    for (let round = 1; journal.figures.rewrites < 4; round++) {
      for (let i = 0; i < 5; i++) {
        const at = (round * 53 + i) % 120;
        append(`k${at}`, (round + i) % 3 === 0 ? undefined : large(at, round));
      }
      append(`new${round}`, value('x'));
      if (round > 5) append(`new${round - 5}`, undefined);
      log.flushJournal();
      if (round % 4 === 0) check();
      await turn();
    }
    check();
  });

  test('what changes between two slices, and was not appended yet, is there as a whole or not at all', async () => {
    const { journal, log, found } = await begin(1 << 24);
    const records = new EngineRecords(journal);
    records.append([['first', value('old')]], false);
    for (let i = 0; i < 150; i++) records.append([[`k${i}`, Buffer.alloc(20_000)]], false);
    records.append([['last', value('old')]], false);
    log.flushJournal();
    const { rewrites } = journal.figures;
    journal.rewrite(0, undefined);
    await turn();
    records.change([
      ['first', value('new')],
      ['last', value('new')],
    ]);
    while (journal.figures.rewrites === rewrites) await turn();
    const now = found();
    expect(now.get('first')?.toString()).toBe('new');
    expect(now.get('last')?.toString()).toBe('new');
    await log.close();
  });

  test('is given up where what has changed between two slices cannot be written: it would be lacking for good', async () => {
    const { journal, log } = await begin(1 << 24);
    const records = new EngineRecords(journal);
    for (let i = 0; i < 150; i++) records.append([[`k${i}`, Buffer.alloc(20_000)]], false);
    log.flushJournal();
    journal.rewrite(0, undefined);
    records.sweep = () => {
      throw new RangeError('no such value');
    };
    await expect.poll(() => journal.isLost, PATIENTLY).toBe(true);
    await log.close();
  });

  test('a unit that waits for changes does not come to the new file before those', async () => {
    const { journal, log, found } = await begin(1 << 24);
    const records = new EngineRecords(journal);
    records.append([['slot', value('before')]], false);
    log.flushJournal();
    const { rewrites } = journal.figures;
    journal.rewrite(0, undefined);
    log.put('f', value('x'));
    const release = log.hold();
    records.append([['slot', value('with f')]], true);
    for (let i = 0; i < 20; i++) {
      log.flushJournal();
      await sleep(1);
      expect(text(found())).toEqual({ slot: 'before' });
    }
    expect(journal.figures.rewrites).toBe(rewrites);
    release();
    while (journal.figures.rewrites === rewrites) await sleep(1);
    expect(text(found())).toEqual({ slot: 'with f' });
    await log.close();
  });

  test('until it is taken up what the last run left stays, also where that is written anew', async () => {
    const first = await begin(1 << 24);
    new EngineRecords(first.journal).append(
      [
        ['a', value('1')],
        ['b', value('2')],
      ],
      false,
    );
    first.log.flushJournal();
    await first.log.close();
    const second = await begin(1000, false, first.place, first.store);
    expect(text(second.left!)).toEqual({ a: '1', b: '2' });
    expect(() => second.journal.begin(false)).toThrow('keep()');
    for (let i = 0; second.journal.figures.rewrites < 3; i++) {
      second.log.put(`f${i}`, Buffer.alloc(600));
      second.log.flushJournal();
      await sleep(1);
    }
    expect(text(second.found())).toEqual({ a: '1', b: '2' });
    const records = new EngineRecords(second.journal, second.left);
    records.append([['a', undefined]], false);
    second.log.flushJournal();
    expect(text(second.found())).toEqual({ b: '2' });
    await second.log.close();
  });

  test('taken up while it is written anew, it has nothing that the engine has deleted since', async () => {
    const first = await begin(1 << 24);
    const records = new EngineRecords(first.journal);
    for (let i = 0; i < 100; i++) records.append([[`k${i}`, Buffer.alloc(50_000, 'x')]], false);
    first.log.flushJournal();
    await first.log.close();
    const second = await begin(1000, false, first.place, first.store);
    const { rewrites } = second.journal.figures;
    // A slice of it is written, and others are to come.
    second.journal.rewrite(0, undefined);
    await turn();
    const taken = new EngineRecords(second.journal, [...second.left!].slice(0, 3));
    taken.append(
      [...second.left!.keys()].slice(3).map((key) => [key, undefined] as const),
      false,
    );
    second.log.flushJournal();
    for (let i = 0; i < 20; i++) await turn();
    expect([...second.found().keys()]).toEqual(['k0', 'k1', 'k2']);
    for (let i = 0; second.journal.figures.rewrites === rewrites; i++) {
      second.log.put(`f${i}`, Buffer.alloc(30_000_000));
      second.log.flushJournal();
      await sleep(1);
    }
    expect([...second.found().keys()]).toEqual(['k0', 'k1', 'k2']);
    await second.log.close();
  });

  test('begun anew after it was lost, it has all that there is, and nothing that went meanwhile', async () => {
    const { journal, log, place, found } = await begin(1 << 24);
    const records = new EngineRecords(journal);
    records.append(
      [
        ['stays', value('1')],
        ['goes', value('1')],
      ],
      false,
    );
    log.flushJournal();
    place.failure = Object.assign(new Error('EIO: injected'), { code: 'EIO' });
    records.append([['lost', value('2')]], false);
    expect(() => log.flushJournal()).toThrow('EIO');
    records.append(
      [
        ['goes', undefined],
        ['came', value('3')],
      ],
      false,
    );
    records.change([['unsaid', value('4')]]);
    place.failure = undefined;
    await log.start();
    log.flushJournal();
    expect(text(found())).toEqual({ stays: '1', lost: '2', came: '3', unsaid: '4' });
    records.append([['stays', value('5')]], false);
    log.flushJournal();
    expect(text(found())).toEqual({ stays: '5', lost: '2', came: '3', unsaid: '4' });
    await log.close();
  });

  test('where it cannot be written anew the file in use stays, and it is tried again', async () => {
    const { journal, log, found } = await begin(1000);
    const records = new EngineRecords(journal);
    const { write } = records;
    let isBroken = true;
    records.write = function* (sink) {
      for (const steps = write.call(records, sink); steps.next().done !== true; ) {
        if (isBroken) throw new Error('no handle');
        yield;
      }
    };
    const append = async (i: number) => {
      records.append([[`k${i % 7}`, Buffer.alloc(200, `${i}`)]], false);
      log.flushJournal();
      await sleep(1);
      expect(found().get(`k${i % 7}`)).toEqual(Buffer.alloc(200, `${i}`));
    };
    const { rewrites } = journal.figures;
    for (let i = 0; i < 30; i++) await append(i);
    expect(journal.figures.rewrites).toBe(rewrites);
    isBroken = false;
    for (let i = 0; journal.figures.rewrites === rewrites; i++) await append(i);
    await vi.waitFor(() => expect(found().size).toBe(7), PATIENTLY);
    await log.close();
  });
});

describe('a frame', () => {
  /** What a reader finds: units in order, each with its records. */
  function read(writer: FrameWriter): unknown[] {
    const { length } = writer;
    const file = Buffer.from(writer.close(0, 0, 1).subarray(0, length));
    const found: unknown[] = [];
    const record = (key: string, bytes: Buffer | undefined) => found.push([key, bytes?.toString('latin1')]);
    const isWhole = readFrames(file, BARE, {
      frame: () => {},
      change: record,
      unit: (order) => found.push(order),
      record,
      content: () => {},
      contentSafe: () => {},
      contentDoubt: () => {},
    });
    expect(isWhole).toBe(true);
    return found;
  }

  test('has keys of a text and numbers, and values of any length, also those that outgrow its memory', () => {
    const number = fc.oneof(
      fc.nat(20),
      fc.constantFrom(99, 100, 2 ** 32 - 1, Number.MAX_SAFE_INTEGER),
      fc.nat(),
    );
    const optional = fc.oneof(fc.constant(-1), number);
    const entry = fc.record({
      kind: fc.string({ maxLength: 80, unit: 'grapheme' }),
      numbers: fc.oneof(fc.constant([-1, -1] as const), fc.tuple(number, optional)),
      length: fc.option(fc.oneof(fc.nat(40), fc.constantFrom(1023, 1025, 70_000, 300_000))),
    });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 12 }), (entries) => {
        const writer = new FrameWriter();
        writer.begin(7);
        const expected: unknown[] = entries.length === 0 ? [] : [7];
        for (const {
          kind,
          numbers: [a, b],
          length,
        } of entries) {
          const key = [kind, ...[a, b].filter((each) => each >= 0)].join('/');
          if (length === null) writer.delete(kind, a, b);
          else {
            const bytes = Buffer.alloc(length, 'v');
            const out = writer.put(kind, a, b);
            out.copyFrom(bytes, 0, length >> 1);
            out.copyFrom(bytes, length >> 1, length);
          }
          expected.push([key, length === null ? undefined : 'v'.repeat(length)]);
        }
        expect(writer.end()).toBe(entries.length > 0);
        expect(read(writer)).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  test('has nothing of a unit that was not ended', () => {
    const writer = new FrameWriter();
    writer.begin(1);
    writer.put('a', 1, -1).u32(0x41414141);
    expect(writer.end()).toBe(true);
    const { length } = writer;
    writer.begin(2);
    writer.put('b', 1, -1).u32(0);
    writer.begin(3);
    writer.delete('c', 2, 3);
    writer.put('d', -1, -1).u32(0x42424242);
    writer.end();
    writer.begin(4);
    writer.put('e', 1, -1).u32(0);
    writer.change('changed', undefined);
    expect(read(writer)).toEqual([
      1,
      ['a/1', 'AAAA'],
      3,
      ['c/2/3', undefined],
      ['d', 'BBBB'],
      ['changed', undefined],
    ]);
    expect(writer.length).toBeGreaterThan(length);
  });
});
