import { BindFromClient, BindFromServer, NfsClient, type Session } from '@dfs/nfs/client';
import { expect, it } from 'vitest';
import { Daemon } from './helpers/daemon.ts';

const SETTING = 'v4_max_connections_per_session';
const FLAG = '--v4-max-connections-per-session';
const MINUTE_MS = 60_000;

/** What the wire does with four connections of a new session: two that SEQUENCE brings, one that BIND_CONN_TO_SESSION brings. */
async function bindFour(daemon: Daemon): Promise<Session> {
  const session = await NfsClient.start({ port: daemon.port });
  for (let more = 0; more < 2; more++) await session.renew({ connection: await session.addConnection() });
  const bound = await session.client.newConnection();
  expect(await session.bind(bound, BindFromClient.FORE)).toBe(BindFromServer.FORE);
  return session;
}

async function boundTo(daemon: Daemon, session: Session): Promise<number | undefined> {
  const listed = await daemon.run('client', 'sessions', 'list', '-o', 'json');
  const { sessions } = JSON.parse(listed.stdout) as {
    sessions: { session_id: string; connection_summary: { total: number } }[];
  };
  const id = session.id.toString('hex');
  return sessions.find(({ session_id }) => session_id === id)?.connection_summary.total;
}

const update = (daemon: Daemon, value: string) =>
  daemon.run('adapter', 'settings', 'nfs', 'update', `${FLAG}=${value}`);
const show = async (daemon: Daemon) => (await daemon.run('adapter', 'settings', 'nfs', 'show')).stdout;

it(
  'row 24: the limit of connections, set by dfsctl, is on the wire at the next bind, there after a restart, and shown as changed',
  async () => {
    await using cleanUp = new AsyncDisposableStack();
    const daemon = await new Daemon().start('data');
    cleanUp.defer(() => daemon.remove());

    const before = await bindFour(daemon);
    cleanUp.defer(() => before.client.close());
    expect(await boundTo(daemon, before)).toBe(4);
    expect(await show(daemon)).toMatch(new RegExp(`^${SETTING} +16 +16 +default`, 'm'));

    const said = await update(daemon, '2');
    expect(said).toMatchObject({ code: 0, stderr: '' });
    expect(said.stdout).toContain(`${SETTING}: 16 -> 2`);
    expect(await boundTo(daemon, before)).toBe(2);
    const after = await bindFour(daemon);
    cleanUp.defer(() => after.client.close());
    expect(await boundTo(daemon, after)).toBe(2);
    // Those beyond it are served all the same.
    for (const connection of after.connections) await after.renew({ connection });
    expect(await show(daemon)).toMatch(new RegExp(`^${SETTING} +2 +16 +changed +api`, 'm'));

    for (const wrong of ['1025', '-1']) {
      const refused = await update(daemon, wrong);
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toContain(FLAG);
      expect(refused.stderr).toMatch(/0 .{1,3} 1024/);
      expect(refused.stdout).toBe('');
    }
    expect(await boundTo(daemon, await bindFour(daemon))).toBe(2);

    await daemon.stop();
    await daemon.start('data');
    const anew = await bindFour(daemon);
    cleanUp.defer(() => anew.client.close());
    expect(await boundTo(daemon, anew)).toBe(2);
    expect(await show(daemon)).toMatch(new RegExp(`^${SETTING} +2 +16 +changed +api`, 'm'));
  },
  2 * MINUTE_MS,
);
