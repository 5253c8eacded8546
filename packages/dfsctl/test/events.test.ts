import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { ApiEvent } from '@dfs/api';
import { Check } from 'typebox/value';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listenTo } from '../../server/test/helpers/said.ts';
import { Daemon } from './helpers/daemon.ts';
import { mount } from './helpers/traffic.ts';

const PATIENCE_MS = 25_000;

const daemon = new Daemon();
beforeAll(async () => void (await daemon.start()), 60_000);
afterAll(() => daemon.remove());

function follow(...args: string[]) {
  const child = daemon.spawn({ DFS_API_SOCKET: daemon.socket }, 'events', '--follow', ...args);
  return { child, said: listenTo(child) };
}

async function until(done: () => boolean, what: string): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!done()) {
    if (performance.now() > end) throw new Error(`no ${what}`);
    await delay(50);
  }
}

async function end(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  await closed;
}

describe('events --follow', { timeout: 90_000 }, () => {
  it('tells what happens, and goes on when the server comes back', async () => {
    const { child, said } = follow('-o', 'json', '--types', 'client');
    const visits = setInterval(() => void visit(), 500);
    const visit = async () => {
      try {
        await (await mount(daemon.port, { owner: 'visitor', connections: 1 })).client.close();
      } catch {
        // Between two servers there is none to visit.
      }
    };
    try {
      await until(() => said.stdout.includes('visitor'), 'first visitor');
      await daemon.stop();
      await until(() => said.stderr.includes('trying again'), 'word on the server that is gone');
      const before = said.stdout.length;
      await daemon.start();
      await until(() => said.stdout.slice(before).includes('visitor'), 'visitor of the second server');
      expect(said.stderr).toContain('the server is back');
      for (const line of said.stdout.trimEnd().split('\n')) {
        expect(Check(ApiEvent, JSON.parse(line)), line).toBe(true);
      }
    } finally {
      clearInterval(visits);
      await end(child);
    }
  });

  it('ends when nobody reads any more', async () => {
    const { child } = follow();
    const visits = setInterval(() => {
      mount(daemon.port, { owner: 'another', connections: 1 })
        .then((session) => session.client.close())
        .catch(() => undefined);
    }, 300);
    try {
      if (child.stdout !== null) await once(child.stdout, 'data');
      const closed = once(child, 'close');
      child.stdout?.destroy();
      const [code] = await closed;
      expect(code).toBe(0);
    } finally {
      clearInterval(visits);
    }
  });
});
