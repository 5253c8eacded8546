import { spawn } from 'node:child_process';
import { Stability } from '@dfs/nfs';
import { describe, expect, test } from 'vitest';
import { openDataDirectory } from '../src/index.ts';
import { cleanUpAfterEach, contentOf, list, ROOT, ROOT_DIRECTORY, refusal, scratch } from './support.ts';

cleanUpAfterEach();

const ROUNDS = Number(process.env['DFS_KILL_ROUNDS'] ?? 6);
const worker = new URL('./kill-worker.ts', import.meta.url).pathname;

interface Acknowledged {
  readonly round: number;
  readonly made: Map<string, number>;
  readonly removed: Set<string>;
  readonly inos: Set<number>;
  maxChange: number;
}

/** Runs the worker for a random while and kills it; takes note of what it had acknowledged. */
async function runAndKill(path: string, round: number, seen: Acknowledged): Promise<void> {
  const child = spawn(process.execPath, [worker, path, String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await expect.poll(() => text.includes('\n'), { timeout: 20_000 }).toBe(true);
  await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 400));
  child.kill('SIGKILL');
  await ended;
  for (const line of text.slice(0, text.lastIndexOf('\n')).split('\n')) {
    const [what, name, number] = line.split(' ') as [string, string, string];
    if (what === 'made') seen.made.set(name, Number(number));
    else if (what === 'doubt') seen.made.delete(name);
    else if (what === 'removed') {
      seen.made.delete(name);
      seen.removed.add(name);
    } else if (what === 'change') seen.maxChange = Math.max(seen.maxChange, Number(name));
    else if (what === 'ino') {
      expect(seen.inos.has(Number(name))).toBe(false);
      seen.inos.add(Number(name));
    }
  }
}

describe('a process that is killed at any moment', () => {
  test(`has lost nothing that it acknowledged, ${ROUNDS} times over`, {
    timeout: 60_000 + ROUNDS * 10_000,
  }, async () => {
    const path = await scratch();
    const seen: Acknowledged = {
      round: 0,
      made: new Map(),
      removed: new Set(),
      inos: new Set(),
      maxChange: 0,
    };
    for (let round = 0; round < ROUNDS; round++) {
      await runAndKill(path, round, seen);
      const directory = await openDataDirectory(path);
      const share = await directory.openShare(1, ROOT_DIRECTORY);
      const entries = list(share, share.root());
      const found = new Set(entries.map((entry) => entry.name));
      for (const [name, size] of seen.made) {
        expect([name, found.has(name)]).toEqual([name, true]);
        const node = share.lookup(share.root(), ROOT, name);
        const content = await contentOf(share, node);
        expect([name, content.length]).toEqual([name, size]);
        expect(content.every((byte) => byte === size % 251)).toBe(true);
      }
      for (const name of seen.removed) expect([name, found.has(name)]).toEqual([name, false]);
      // Nothing half done: every entry has its inode, and both indices agree.
      for (const { name, node } of entries) {
        expect(share.lookup(share.root(), ROOT, name)).toBe(node);
        expect(share.attributes(node).nlink).toBe(1);
      }
      expect(share.root().entries).toBe(entries.length);
      // Numbers go on above all that were ever shown.
      expect(share.attributes(share.root()).change).toBeGreaterThanOrEqual(seen.maxChange);
      const next = share.createFile(share.root(), ROOT, `after ${round}`, {});
      expect(seen.inos.has(next.fileid)).toBe(false);
      expect(next.change).toBeGreaterThan(seen.maxChange);
      await share.write(next, 0, Buffer.alloc(round), Stability.FILE_SYNC);
      expect(await refusal(() => share.remove(share.root(), ROOT, `after ${round}`))).toBeUndefined();
      await directory.close();
    }
    expect(seen.made.size + seen.removed.size).toBeGreaterThan(ROUNDS);
  });
});
