/**
 * `npm run bench:console`: what the Trunks page costs with 200 clients of 8 connections each: frames a second and main-thread time a frame in
 * Chromium, and the CPU time of the server with the page open less that without it, alternating. See docs/console.md.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ApiClient } from '@dfs/api/client';
import type { Page } from 'playwright-core';
import { launch } from '../../packages/console/test/support/browser.ts';
import { cpuMs } from '../servers/cpu.ts';
import { freePort, LOOPBACK, Running } from '../servers/server.ts';
import { mean } from './cost.ts';
import { type Drawing, drawingOf } from './frames.ts';

const { values: options } = parseArgs({
  options: {
    clients: { type: 'string', default: '200' },
    connections: { type: 'string', default: '8' },
    /** Requests a second, of all clients together. */
    rate: { type: 'string', default: '1600' },
    rounds: { type: 'string', default: '5' },
    /** Seconds of each half of a round. */
    window: { type: 'string', default: '20' },
    /** Seconds in which frames are counted. */
    frames: { type: 'string', default: '20' },
    page: { type: 'string', default: 'trunks' },
  },
});
const MS = 1000;
const SETTLE_MS = 3000;
const DFS = resolve(import.meta.dirname, '../../bin/dfs');

const folder = mkdtempSync(join(tmpdir(), 'dfs-bench-console-'));
const port = await freePort('127.0.0.1');
const consolePort = await freePort('127.0.0.1');
const server = new Running('dfs', LOOPBACK, DFS, [
  ...['start', '--no-config', '--memory', '--listen', `127.0.0.1:${port}`],
  ...['--api-socket', join(folder, 'api.sock'), '--console', `127.0.0.1:${consolePort}`],
]);
/** Milliseconds of CPU a second of the server, while time passes. */
async function serverCost(seconds: number): Promise<number> {
  const [cpu, time] = [cpuMs(server.pid), performance.now()];
  await sleep(seconds * MS);
  return ((cpuMs(server.pid) - cpu) / (performance.now() - time)) * MS;
}

async function alternate(page: Page, address: string): Promise<void> {
  const asked = { answers: 0, bytes: 0 };
  page.on('response', async (response) => {
    asked.answers++;
    asked.bytes += (await response.body().catch(() => Buffer.alloc(0))).length;
  });
  const costs = { open: [] as number[], closed: [] as number[] };
  for (let round = 0; round < Number(options.rounds); round++) {
    await page.goto('about:blank');
    await sleep(SETTLE_MS);
    costs.closed.push(await serverCost(Number(options.window)));
    await page.goto(address);
    await sleep(SETTLE_MS);
    costs.open.push(await serverCost(Number(options.window)));
  }
  const differences = costs.open.map((open, round) => open - (costs.closed[round] ?? 0));
  const show = (name: string, values: readonly number[]) => {
    const { mean: middle, error } = mean(values);
    console.log(
      `${name.padEnd(34)} ${(middle / 10).toFixed(2)} % of a core, ± ${(error / 10).toFixed(2)}  [${values.map((ms) => (ms / 10).toFixed(1)).join(' ')}]`,
    );
  };
  show('server without a console', costs.closed);
  show('server with one', costs.open);
  show('one open console', differences);
  const each = asked.answers === 0 ? 0 : asked.bytes / asked.answers / 1024;
  console.log(`${'answers'.padEnd(34)} ${asked.answers} of ${each.toFixed(0)} KiB in the mean`);
}

function showDrawing(name: string, { frames, seconds, taskMs, scriptMs, browserMs, longest }: Drawing): void {
  const perFrame = (ms: number) => (ms / frames).toFixed(2);
  console.log(
    `${name.padEnd(34)} ${(frames / seconds).toFixed(1)} frames/s, main thread ${perFrame(taskMs)} ms a frame ` +
      `(${(taskMs / seconds / 10).toFixed(1)} % of its time), of it script ${perFrame(scriptMs)} ms; whole browser ${perFrame(browserMs)} ms of CPU a frame; longest frame ${longest.toFixed(0)} ms`,
  );
}

let load: ChildProcess | undefined;
try {
  await server.listening(LOOPBACK, port);
  const counts = [port, options.clients, options.connections, options.rate].map(String);
  load = fork(join(import.meta.dirname, 'load.ts'), counts);
  const api = new ApiClient({ socketPath: join(folder, 'api.sock') });
  await Promise.race([
    once(load, 'message'),
    once(load, 'exit').then(() => Promise.reject(new Error('the load does not start'))),
  ]);
  const { nfs } = await api.status();
  console.log(`${nfs.clients} clients, ${nfs.connections} connections, ${options.rate} requests a second`);
  const browser = await launch();
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
  await page.goto((await api.createConsoleLink()).url);
  await page.locator('.stats').waitFor();
  const address = `http://127.0.0.1:${consolePort}/#/${options.page}`;
  await page.goto(address);
  await sleep(SETTLE_MS);
  showDrawing('page as opened', await drawingOf(page, Number(options.frames)));
  if (Number(options.rounds) > 0) await alternate(page, address);
  await browser.close();
} finally {
  load?.disconnect();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
