import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { HostPace } from '../src/content/host-pace.ts';
import { LocalContentStore, openFilesCache } from '../src/content/index.ts';
import { SLOW_SPELL_MS, SLOW_WRITE_MS, WRITE_THREADS } from '../src/limits.ts';

const MIB = 1024 * 1024;

function paced() {
  const clock = { now: 1000 };
  return { clock, pace: new HostPace(() => clock.now) };
}

test('a write that was let sleep makes the host slow for a spell', () => {
  const { clock, pace } = paced();
  expect(pace.isSlow).toBe(false);
  pace.took(clock.now - SLOW_WRITE_MS);
  expect(pace.isSlow).toBe(false);
  pace.took(clock.now - SLOW_WRITE_MS - 1);
  expect(pace.isSlow).toBe(true);
  clock.now += SLOW_SPELL_MS - 1;
  expect(pace.isSlow).toBe(true);
  clock.now += 1;
  expect(pace.isSlow).toBe(false);
});

test('slow writes in threads make the spell longer, quick ones do not, nor do those that fail', async () => {
  const { clock, pace } = paced();
  pace.took(0);
  const taking = (ms: number) =>
    pace.watch(
      Promise.resolve().then(() => {
        clock.now += ms;
      }),
    );
  await taking(SLOW_SPELL_MS - 1);
  clock.now += SLOW_SPELL_MS - SLOW_WRITE_MS - 1;
  await taking(SLOW_WRITE_MS);
  expect(pace.isSlow).toBe(true);
  await expect(pace.watch(Promise.reject(new Error('full')))).rejects.toThrow('full');
  clock.now += 1;
  expect(pace.isSlow).toBe(false);
});

test('who waits for others, and not for the host, does not make the spell longer', async () => {
  const { clock, pace } = paced();
  /** Writes that come all at once; threads end four at a time, each time after so many milliseconds. */
  const crowd = async (ms: number) => {
    pace.took(0);
    clock.now += SLOW_SPELL_MS;
    const gates = Array.from({ length: 32 }, () => Promise.withResolvers<void>());
    const writes = gates.map(({ promise }) => pace.watch(promise));
    for (const [i, gate] of gates.entries()) {
      if (i % WRITE_THREADS === 0) clock.now += ms;
      gate.resolve();
      await writes[i];
    }
    return pace.isSlow;
  };
  expect(await crowd(SLOW_WRITE_MS)).toBe(false);
  expect(await crowd(SLOW_WRITE_MS + 1)).toBe(true);
});

test('content is written on the spot, and by a thread while the host is slow', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dfs-pace-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { clock, pace } = paced();
  const store = new LocalContentStore(join(folder, 'c'), openFilesCache(4), pace);
  onTestFinished(() => store.close());
  const data = Buffer.alloc(MIB + 1, 'piece by piece ');

  expect(store.write(7, 0, data)).toBeUndefined();
  pace.took(0);
  const waiting = store.write(7, MIB, data);
  expect(waiting).toBeInstanceOf(Promise);
  await waiting;
  clock.now += SLOW_SPELL_MS;
  expect(store.write(7, 2 * MIB - 10, data.subarray(0, 10))).toBeUndefined();

  const all = Buffer.alloc(4 * MIB);
  const expected = Buffer.concat([data.subarray(0, MIB), data]);
  data.copy(expected, 2 * MIB - 10, 0, 10);
  expect(all.subarray(0, await store.read(7, 0, all)).equals(expected)).toBe(true);
});
