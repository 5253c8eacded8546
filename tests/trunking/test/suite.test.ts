import { describe, expect, it } from 'vitest';
import { UsageError } from '../../support/command-line.ts';
import { type HistoryOptions, runHistory } from '../history.ts';
import { readOptions } from '../options.ts';
import { shrink } from '../shrink.ts';

const ENGINE: Omit<HistoryOptions, 'seed'> = { mode: 'engine', steps: 120, minor: 1 };

describe('the trunking suite', () => {
  it.each(Array.from({ length: 10 }, (_, i) => i + 1))('holds for seed %i without sockets', async (seed) => {
    const { failure, reached } = await runHistory({ ...ENGINE, seed });
    expect(failure).toBeUndefined();
    expect(reached).toBe(ENGINE.steps);
  });

  it.each([1, 2, 3] as const)('holds for seed %i over TCP', async (seed) => {
    const { failure } = await runHistory({ mode: 'wire', seed, steps: 25, minor: 2 });
    expect(failure).toBeUndefined();
  });

  it('does the same again for the same seed', async () => {
    const [one, two] = [
      await runHistory({ ...ENGINE, seed: 77, steps: 300 }),
      await runHistory({ ...ENGINE, seed: 77, steps: 300 }),
    ];
    expect(two.trace).toEqual(one.trace);
    expect(two.counts).toEqual(one.counts);
    expect([...two.met]).toEqual([...one.met]);
  });

  it('meets what it is there for', async () => {
    const met = new Map<string, number>();
    for (let seed = 1; seed <= 30; seed++) {
      const { met: found } = await runHistory({ ...ENGINE, seed, steps: 200 });
      for (const [name, count] of found) met.set(name, (met.get(name) ?? 0) + count);
    }
    const due = [
      'bind fore',
      'bind back',
      'bind both',
      'unbind explicit',
      'unbind disconnect',
      'unbind drained',
    ];
    due.push(
      'unbind session_destroy',
      'overLimit explicit',
      'overLimit implicit',
      'replays',
      'drained clean',
    );
    due.push('unbind reaper', 'delegations revoked', 'sessionsDestroyed expired');
    due.push('delegations recalled', 'delegations returned', 'RECALL NFS4_OK', 'NFS4ERR_SEQ_FALSE_RETRY');
    for (const name of due) expect(met.get(name), name).toBeGreaterThan(0);
  });

  it('leaves out the steps that a failure does not need', async () => {
    const options = { ...ENGINE, seed: 3, steps: 60, target: undefined };
    const failed = await runHistory({ ...options, broken: 40 });
    expect(failed.failure?.message).toBe('step 40 is broken on purpose');
    expect(await shrink({ ...options, broken: 40 }, failed)).toEqual([40]);
  });

  it('refuses options that are none', () => {
    for (const args of [
      ['--seeds', 'x'],
      ['--mode', 'tcp'],
      ['--target', 'host'],
      ['--minor', '0'],
      ['--no'],
    ])
      expect(() => readOptions(args)).toThrow(UsageError);
    expect(readOptions(['--target', '::1:2049:/a', '--seed', '7'])).toMatchObject({
      target: { host: '::1', port: 2049, path: '/a' },
      first: 7,
      seeds: 1,
      modes: ['wire'],
    });
  });
});
