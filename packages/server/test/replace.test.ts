import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { openDataDirectory } from '@dfs/storage';
import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Replacement } from '../src/daemon/replace.ts';
import { StartError } from '../src/daemon/start-error.ts';
import { scratchFolder } from './helpers/config.ts';

const FIXTURE = path.join(import.meta.dirname, 'fixtures/holder.ts');
const HOUR_MS = 3_600_000;
const LIMIT = { timeout: 120_000 };

const children = new Set<ChildProcess>();
afterEach(() => {
  vi.restoreAllMocks();
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});

/** A process that has the directory. */
async function holder(directory: string) {
  const child = spawn(process.execPath, [FIXTURE, directory], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.add(child);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const says = (text: string) => vi.waitFor(() => expect(output).toContain(text), 60_000);
  await says('open');
  return {
    pid: child.pid,
    says,
    async end() {
      const ended = once(child, 'exit');
      child.stdin.write('\n');
      await ended;
    },
  };
}

/** How often something was tried, and a leap of the clock. */
function watch(work: () => Promise<unknown>) {
  let tries = 0;
  let leap = 0;
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + leap);
  return {
    work: () => {
      tries++;
      return work();
    },
    async more() {
      const before = tries;
      await vi.waitFor(() => expect(tries).toBeGreaterThan(before + 2), 60_000);
    },
    leap(ms: number) {
      leap += ms;
    },
  };
}

async function replacing(directory: string): Promise<Replacement> {
  const replacement = await Replacement.of(directory, [], pino({ level: 'silent' }));
  if (replacement === undefined) throw new Error('nobody was found');
  return replacement;
}

describe('a replacement', () => {
  it('waits as long as the server that it has asked takes', LIMIT, async () => {
    const directory = scratchFolder();
    const old = await holder(directory);
    const replacement = await replacing(directory);
    await old.says('asked');
    const tries = watch(() => openDataDirectory(directory, {}));
    const opened = replacement.open(tries.work) as ReturnType<typeof openDataDirectory>;
    opened.catch(() => undefined);
    await tries.more();
    tries.leap(HOUR_MS);
    await tries.more();
    await old.end();
    await (await opened).close();
  });

  it('gives up where another process has taken the directory', LIMIT, async () => {
    const directory = scratchFolder();
    const old = await holder(directory);
    const replacement = await replacing(directory);
    await old.end();
    const other = await holder(directory);
    const failed = await replacement
      .open(() => openDataDirectory(directory, {}))
      .catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(StartError);
    expect(String(failed)).toContain(`process ${other.pid} has taken`);
    await other.end();
  });

  it('gives up when it is told to stop itself', LIMIT, async () => {
    const directory = scratchFolder();
    const old = await holder(directory);
    const replacement = await replacing(directory);
    const tries = watch(() => openDataDirectory(directory, {}));
    const failed = replacement.open(tries.work).catch((error: unknown) => error);
    await tries.more();
    replacement.giveUp();
    expect(String(await failed)).toContain('asked to stop');
    await old.end();
  });
});
