import { connect } from 'node:net';
import path from 'node:path';
import { ApiClient } from '@dfs/api/client';
import { CreateSessionFlag, Files, NfsClient } from '@dfs/nfs/client';
import { describe, expect, it } from 'vitest';
import { Child, portOf, startServer } from './helpers/child.ts';
import { scratchFolder } from './helpers/config.ts';

const CONNECTIONS = 4;
const TIMEOUT_MS = 60_000;

/** Connects again and again; what became of it, by code. */
function knocking(port: number): () => Promise<Map<string, number>> {
  const seen = new Map<string, number>();
  let over = false;
  const once = () =>
    new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket
        .once('connect', () => resolve('connected'))
        .once('error', (e) => resolve(String(Object(e).code)));
      socket.once('connect', () => socket.destroy());
    });
  const done = (async () => {
    while (!over) {
      const what = await once();
      seen.set(what, (seen.get(what) ?? 0) + 1);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  })();
  return async () => {
    over = true;
    await done;
    return seen;
  };
}

describe('dfs start --replace', () => {
  it('takes the place of a server: one reconnect for each connection, none refused, and the session goes on', {
    timeout: 240_000,
  }, async () => {
    const data = scratchFolder();
    const args = ['--data', data, '--share', '/x,squash=none'];
    const first = startServer(args);
    const port = portOf(await first.ready());
    const flags = CreateSessionFlag.PERSIST | CreateSessionFlag.CONN_BACK_CHAN;
    const session = await NfsClient.start({ port, timeoutMs: TIMEOUT_MS }, { flags });
    const f = await Files.mount(session, '/x');
    const file = await f.open('locked', { access: 3, deny: 2, create: 'guarded' });
    await file.lock({ offset: 3, length: 4 });
    while (session.connections.length < CONNECTIONS)
      await session.renew({ connection: await session.addConnection() });
    const before = [...session.connections];

    const knocks = knocking(port);
    const second = new Child(['start', '--listen', `127.0.0.1:${port}`, ...args, '--replace']);
    // As the Linux client does: each connection that ends is made anew at once, and carries what it carried.
    const after = before.map(async (connection) => {
      expect(await connection.closed).toBe('end');
      await session.renew({ connection: await session.addConnection() });
    });
    await Promise.all(after);
    expect((await first.ended).code).toBe(0);
    await second.ready();
    const seen = await knocks();
    expect(seen.get('connected')).toBeGreaterThan(0);
    expect(seen.get('ECONNREFUSED')).toBeUndefined();

    await file.write(0, 'goes on');
    const { connections } = await new ApiClient({ socketPath: path.join(data, 'api.sock') }).connections();
    const id = session.id.toString('hex');
    const carriers = connections.filter((one) => one.sessions.some(({ session_id }) => session_id === id));
    expect(carriers).toHaveLength(CONNECTIONS);
    const other = await Files.mount(await NfsClient.start({ port }), '/x');
    const reader = await other.open('locked', { access: 1 });
    expect(await reader.testLock({ offset: 0, type: 1 })).toBeDefined();
    await Promise.all([session.client.close(), other.session.client.close()]);
    expect((await second.stop()).code).toBe(0);
  });

  it('starts as ever where there is nobody to replace', { timeout: 240_000 }, async () => {
    const child = startServer(['--data', scratchFolder(), '--share', '/x', '--replace']);
    await child.ready();
    expect((await child.stop()).code).toBe(0);
  });
});
