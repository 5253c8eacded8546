import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { expect, it } from 'vitest';
import { ops, type Session } from '../../src/client/index.ts';
import { CROWD, mayHaveCrowd, mountCrowd, mountTrunked } from '../support/crowd.ts';

const FIXTURE = path.resolve(import.meta.dirname, 'fixtures/counted-server.ts');
const REQUESTS = 300;
const MINUTE_MS = 60_000;

async function ask(server: ChildProcess, command: string): Promise<number> {
  const answered = once(server, 'message');
  server.send(command);
  const [{ value }] = (await answered) as [{ value: number }];
  return value;
}

/** Blocks of the engine's code that run for each request of this client. */
async function workOf(server: ChildProcess, session: Session): Promise<number> {
  const request = () => session.run([ops.putrootfh(), ops.getattr([1, 3, 4])]);
  for (let i = 0; i < REQUESTS; i++) await request();
  await ask(server, 'count');
  for (let i = 0; i < REQUESTS; i++) await request();
  return (await ask(server, 'count')) / REQUESTS;
}

it.runIf(mayHaveCrowd())(
  'a thousand idle clients with four connections each add no work to a request of an active one, and no timer',
  async () => {
    const server = fork(FIXTURE, { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const idle: Session[] = [];
    try {
      const [{ port }] = (await once(server, 'message')) as [{ port: number }];
      const active = await mountTrunked(port);
      idle.push(active);
      const alone = await workOf(server, active);
      const timers = await ask(server, 'timers');
      expect(alone).toBeGreaterThan(10);
      await mountCrowd(port, idle);
      // The sum is not exact to the last block; a look at each connection or client would make it many times as much.
      expect(await workOf(server, active)).toBeLessThan(alone * 1.5);
      expect(await ask(server, 'timers')).toBeLessThan(timers + CROWD / 10);
      // What is done for all of them, once a second, is a little for each.
      await ask(server, 'count');
      await ask(server, 'tick');
      expect((await ask(server, 'count')) / CROWD).toBeLessThan(alone);
    } finally {
      for (const { client } of idle) void client.close();
      server.disconnect();
    }
  },
  5 * MINUTE_MS,
);
