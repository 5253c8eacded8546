import type { ConnectionList, NfsClientList, Problem, SessionList } from '@dfs/api';
import type { ConnectionsSeen } from '@dfs/api/client';
import { BindFromClient, ops, type Session } from '@dfs/nfs/client';
import { describe, expect, it } from 'vitest';
import { type Running, run, until } from './helpers/running.ts';

/** A client whose session has `count` connections, the first of them with the back channel. */
async function mounted(server: Running, count = 1): Promise<{ session: Session; sid: string; cid: string }> {
  const session = await server.mount();
  for (let more = 1; more < count; more++) {
    const connection = await session.addConnection();
    await session.renew({ connection });
  }
  const sid = session.id.toString('hex');
  const { clients } = await server.api.clients();
  const own = await Promise.all(
    clients.map(async ({ client_id }) => ({
      client_id,
      sessions: (await server.api.sessions(client_id)).sessions,
    })),
  );
  const cid = own.find(({ sessions }) => sessions.some((s) => s.session_id === sid))?.client_id ?? '';
  return { session, sid, cid };
}

describe('what an operator sees', () => {
  it('is empty without clients, in objects with one named array', async () => {
    const { api } = await run();
    expect(await api.clients()).toEqual({ clients: [] });
    expect(await api.sessions()).toEqual({ sessions: [] });
    expect(await api.connections()).toEqual({ connections: [] });
  });

  it('lists connections by page, each once, in the order of their ids', async () => {
    const server = await run();
    await mounted(server, 7);
    const seen: number[] = [];
    let after: number | undefined;
    do {
      const query = `limit=3${after === undefined ? '' : `&after=${after}`}`;
      const { json } = await server.ask('GET', `/api/v1/connections?${query}`);
      const page = json as ConnectionList;
      expect(page.complete).toBe(true);
      expect(page.connections.length).toBeLessThanOrEqual(3);
      seen.push(...page.connections.map(({ connection_id }) => connection_id));
      after = page.next_after;
    } while (after !== undefined);
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7]);
    for (const wrong of ['limit=0', 'limit=10001', 'after=-1', 'limit=x', 'sort=id'])
      expect((await server.ask('GET', `/api/v1/connections?${wrong}`)).status, wrong).toBe(400);
  });

  it('lists clients and sessions by page, each once, also where the last of a page has ended', async () => {
    const server = await run();
    const made = await Promise.all(Array.from({ length: 5 }, () => server.mount()));
    const sids = made.map(({ id }) => id.toString('hex')).sort();
    const [one, two] = [await server.api.clients(), await server.api.sessions()];
    const cids = one.clients.map(({ client_id }) => client_id);
    expect([cids.length, cids]).toEqual([5, [...cids].sort()]);
    expect(two.sessions.map(({ session_id }) => session_id)).toEqual(sids);
    const page = async (path: string) =>
      (await server.ask('GET', `/api/v1/${path}`)).json as NfsClientList & SessionList;
    const all = await page('clients');
    expect([all.clients.length, all.next_after]).toEqual([5, undefined]);
    const first = await page('sessions?limit=2');
    expect(first.sessions.map(({ session_id }) => session_id)).toEqual(sids.slice(0, 2));
    expect(first.next_after).toBe(sids[1]);
    const ended = two.sessions.find(({ session_id }) => session_id === sids[1]);
    await server.api.evictClient(ended?.client_id ?? '');
    const rest = await page(`sessions?limit=3&after=${first.next_after}`);
    expect(rest.sessions.map(({ session_id }) => session_id)).toEqual(sids.slice(2));
    expect(rest.next_after).toBeUndefined();
    const clients = await page(`clients?limit=3&after=${cids[0]}`);
    const left = cids.filter((id) => id !== ended?.client_id && id > (cids[0] ?? ''));
    expect(clients.clients.map(({ client_id }) => client_id)).toEqual(left.slice(0, 3));
    const own = await page(`clients/${cids[0]}/sessions`);
    const second = made.find(({ id }) => id.toString('hex') === own.sessions[0]?.session_id)?.client;
    for (let more = 0; more < 3; more++) await second?.createSession();
    const owned: string[] = [];
    for (let query = 'limit=2'; ; ) {
      const part = await page(`clients/${cids[0]}/sessions?${query}`);
      expect(part.sessions.length).toBeLessThanOrEqual(2);
      owned.push(...part.sessions.map(({ session_id }) => session_id));
      if (part.next_after === undefined) break;
      query = `limit=2&after=${part.next_after}`;
    }
    expect([owned.length, owned]).toEqual([4, [...owned].sort()]);
    for (const list of ['clients', 'sessions', `clients/${cids[0]}/sessions`]) {
      for (const wrong of ['limit=0', 'limit=10001', 'limit=x', 'sort=id'])
        expect((await server.ask('GET', `/api/v1/${list}?${wrong}`)).status, wrong).toBe(400);
    }
  });

  it('lists of connections only those that were active since the last look, until there are others', async () => {
    const server = await run();
    const { session } = await mounted(server, 4);
    const ids = (list: ConnectionsSeen) => list.connections.map(({ connection_id }) => connection_id);
    const first = await server.api.connectionsSince(undefined);
    expect([first.complete, ids(first)]).toEqual([true, [1, 2, 3, 4]]);
    // What happens within the millisecond of the last look counts as later.
    await new Promise((next) => setTimeout(next, 5));
    const { cursor } = await server.api.connectionsSince(first.cursor);
    await new Promise((next) => setTimeout(next, 5));
    await session.renew({ connection: session.connections[2]! });
    const second = await server.api.connectionsSince(cursor);
    expect([second.complete, ids(second)]).toEqual([false, [3]]);
    expect(second.connections[0]?.requests).toBeGreaterThan(first.connections[2]?.requests ?? Infinity);
    session.connections[3]?.close();
    await until(async () => ((await server.api.status()).nfs.connections === 3 ? true : undefined));
    const third = await server.api.connectionsSince(second.cursor);
    expect([third.complete, ids(third)]).toEqual([true, [1, 2, 3]]);
    expect((await server.api.connectionsSince('nonsense')).complete).toBe(true);
  });

  it('is each session with its connections, their directions and their sum', async () => {
    const server = await run();
    const { session, sid, cid } = await mounted(server, 3);
    const back = await session.client.newConnection();
    await session.bind(back, BindFromClient.BACK);
    const { clients } = await server.api.clients();
    expect(clients).toMatchObject([
      {
        client_id: cid,
        confirmed: true,
        reclaim_complete: true,
        sessions: 1,
        connections: 4,
        address: '127.0.0.1',
        lease: { state: 'active' },
      },
    ]);
    expect(await server.api.client(cid)).toMatchObject({ client_id: cid, uid: 0 });
    const shown = await server.api.session(cid, sid);
    expect(shown.connection_summary).toEqual({ fore: 2, back: 1, both: 1, total: 4 });
    expect(shown.connections.map(({ direction }) => direction).sort()).toEqual([
      'back',
      'both',
      'fore',
      'fore',
    ]);
    for (const connection of shown.connections) {
      expect(connection).toMatchObject({
        transport: 'tcp',
        local: `127.0.0.1:${server.port}`,
        draining: false,
      });
      expect(connection.remote).toMatch(/^127\.0\.0\.1:\d+$/);
      expect(connection.requests).toBeGreaterThan(0);
      expect(connection.bytes_in).toBeGreaterThan(0);
      expect(connection.bytes_out).toBeGreaterThan(0);
      expect(Date.parse(connection.bound_at)).toBeGreaterThan(Date.now() - 60_000);
    }
    expect(shown.slots.granted).toBeGreaterThan(0);
    expect(['up', 'unproven']).toContain(shown.back_channel);
    const { connections } = await server.api.connections();
    expect(connections.map(({ sessions }) => sessions[0])).toMatchObject(
      Array(4).fill({ session_id: sid, client_id: cid }),
    );
    const [first] = connections;
    expect(await server.api.connection(first?.connection_id ?? 0)).toMatchObject({ remote: first?.remote });
  });

  it('has the time of the last activity move on (row 25)', async () => {
    const server = await run();
    const { session, sid, cid } = await mounted(server);
    const before = (await server.api.session(cid, sid)).connections[0];
    await new Promise((next) => setTimeout(next, 30));
    await session.run([ops.putrootfh()]);
    const after = (await server.api.session(cid, sid)).connections[0];
    expect(Date.parse(after?.last_activity ?? '')).toBeGreaterThan(Date.parse(before?.last_activity ?? ''));
    expect(after?.requests).toBe((before?.requests ?? 0) + 1);
  });

  it('says so where there is nothing of that name', async () => {
    const server = await run();
    const { cid, sid } = await mounted(server);
    const other = await mounted(server);
    for (const path of [
      '/clients/0000000000000000',
      '/clients/nobody/sessions',
      `/clients/${cid}/sessions/${'0'.repeat(32)}`,
      `/clients/${other.cid}/sessions/${sid}`,
      '/connections/4711',
    ]) {
      const answer = await server.ask('GET', `/api/v1${path}`);
      expect([path, answer.status]).toEqual([path, 404]);
      expect(answer.headers['content-type']).toContain('application/problem+json');
      expect((answer.json as Problem).code).toBe('not_found');
    }
    const bad = await server.ask('GET', '/api/v1/connections/first');
    expect(bad).toMatchObject({
      status: 400,
      json: { code: 'bad_request', detail: expect.stringContaining('connection_id') },
    });
  });
});

describe('what an operator does', () => {
  it('ends a session; its client makes another', async () => {
    const server = await run();
    const { cid, sid, session } = await mounted(server);
    await server.api.destroySession(cid, sid);
    expect(await server.api.sessions(cid)).toEqual({ sessions: [] });
    await expect(server.api.destroySession(cid, sid)).rejects.toMatchObject({ problem: { status: 404 } });
    const again = await session.client.createSession();
    await again.renew();
    expect((await server.api.sessions(cid)).sessions).toHaveLength(1);
  });

  it('evicts a client with all it has', async () => {
    const server = await run();
    const { cid, session } = await mounted(server, 2);
    await server.api.evictClient(cid);
    expect(await server.api.clients()).toEqual({ clients: [] });
    expect(await server.api.sessions()).toEqual({ sessions: [] });
    await expect(session.renew()).rejects.toThrow('BADSESSION');
    await expect(server.api.evictClient(cid)).rejects.toMatchObject({ problem: { status: 404 } });
  });

  it('drains a connection, a session and a client', async () => {
    const server = await run();
    const { cid, sid } = await mounted(server, 4);
    const [first] = (await server.api.session(cid, sid)).connections;
    expect(await server.api.drainConnection(first?.connection_id ?? 0, 5)).toEqual({
      connections: 1,
      forced: 0,
    });
    expect((await server.api.session(cid, sid)).connection_summary.total).toBe(3);
    expect(await server.api.drainSession(cid, sid, 5)).toEqual({ connections: 3, forced: 0 });
    expect((await server.api.session(cid, sid)).connection_summary.total).toBe(0);
    const other = await mounted(server, 2);
    expect(await server.api.drainClient(other.cid)).toEqual({ connections: 2, forced: 0 });
    expect(await server.api.connections()).toEqual({ connections: [] });
  });

  it('drains an address and the server, which take nobody until the drain is ended', async () => {
    const server = await run();
    await mounted(server, 2);
    const address = `127.0.0.1:${server.port}`;
    expect(await server.api.drainAddress(address)).toEqual({ connections: 2, forced: 0 });
    await expect(server.mount()).rejects.toThrow();
    await server.api.undrainAddress(address);
    await mounted(server);
    expect(await server.api.drainServer(1)).toEqual({ connections: 1, forced: 0 });
    await expect(server.mount()).rejects.toThrow();
    await server.api.undrainServer();
    await mounted(server);
    await expect(server.api.drainAddress('192.0.2.1:1')).rejects.toMatchObject({ problem: { status: 404 } });
  });

  it('says what is wrong with a drain, and drains nothing', async () => {
    const server = await run();
    await mounted(server);
    const answer = await server.ask('POST', '/api/v1/server/drain', {
      body: { timeout_seconds: -1, soon: true },
    });
    expect(answer.status).toBe(422);
    const { errors = [] } = answer.json as Problem;
    expect(errors.map(({ field }) => field).sort()).toEqual(['soon', 'timeout_seconds']);
    expect((await server.ask('POST', '/api/v1/server/drain', { body: '{' })).status).toBe(400);
    expect((await server.api.connections()).connections).toHaveLength(1);
  });

  it('sees a binding end with the connection', async () => {
    const server = await run();
    const { session, sid, cid } = await mounted(server, 3);
    session.connections[1]?.close();
    await until(async () =>
      (await server.api.session(cid, sid)).connection_summary.total === 2 ? true : undefined,
    );
  });
});
