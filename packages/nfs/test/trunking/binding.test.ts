import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { authSys, BindFromClient, BindFromServer, ops, Status } from '../../src/client/index.ts';
import { MemoryStateStore } from '../support/fakes.ts';
import { startServer } from '../support/server.ts';
import { refused, until } from '../support/suite.ts';
import { eventsOf, Gate, mkdir, reasons, seen, sideOf } from './support.ts';

describe('binding', () => {
  it('row 1: is many to many: a session on several connections, a connection with several sessions', async () => {
    await using server = await startServer();
    const one = await server.session();
    const [first] = one.connections;
    const two = await one.client.createSession({}, { connection: first! });
    const second = await one.addConnection();
    await one.renew({ connection: second });
    await two.renew({ connection: second });
    expect(seen(server, one).summary.total).toBe(2);
    expect(seen(server, two).summary.total).toBe(2);
    for (const connection of [first!, second]) expect(sideOf(server, connection).sessions).toHaveLength(2);
  });

  it('row 2: by SEQUENCE is for requests only (silent: no BIND_CONN_TO_SESSION; "auto-bind")', async () => {
    await using server = await startServer();
    const s = await server.session();
    const second = await s.addConnection();
    await s.renew({ connection: second });
    expect(sideOf(server, second).sessions.map(({ direction }) => direction)).toEqual(['fore']);
  });

  it('row 3: by CREATE_SESSION is for both channels when a back channel is granted, else for requests', async () => {
    await using server = await startServer();
    const s = await server.session();
    expect(seen(server, s).connections.map(({ direction }) => direction)).toEqual(['both']);
    const without = await s.client.createSession({ flags: 0 });
    expect(seen(server, without).connections.map(({ direction }) => direction)).toEqual(['fore']);
  });

  it('row 5: never gives both channels of a session that has no back channel', async () => {
    await using server = await startServer();
    const s = await server.session();
    const without = await s.client.createSession({ flags: 0 });
    const connection = await s.client.newConnection();
    expect(await without.bind(connection, BindFromClient.FORE_OR_BOTH)).toBe(BindFromServer.FORE);
    await refused(without.bind(connection, BindFromClient.BACK_OR_BOTH), 'NFS4ERR_INVAL');
    await refused(without.bind(connection, BindFromClient.BACK), 'NFS4ERR_INVAL');
    expect(sideOf(server, connection).sessions).toMatchObject([{ direction: 'fore' }]);
  });

  it('again: a rebind that adds the back channel ends the old binding explicitly and makes a new one', async () => {
    await using server = await startServer();
    const s = await server.session();
    const second = await s.addConnection(BindFromClient.FORE);
    expect(await s.bind(second, BindFromClient.FORE_OR_BOTH)).toBe(BindFromServer.BOTH);
    expect(await s.bind(second, BindFromClient.FORE_OR_BOTH)).toBe(BindFromServer.BOTH);
    expect(reasons(server)).toEqual(['explicit']);
    expect(eventsOf(server, 'bound').map(({ direction }) => direction)).toEqual(['both', 'fore', 'both']);
    const { bind, unbind } = server.server.control.counters();
    expect(bind).toEqual({ fore: 1, back: 0, both: 2 });
    expect(unbind.explicit).toBe(1);
  });

  it('row 10: does not come back when a connection is gone before its handlers have ended', async () => {
    const gate = new Gate();
    await using server = await startServer({ fileSystem: gate.fileSystem });
    const f = await server.files();
    const s = f.session;
    const doomed = await s.addConnection();
    using request = await s.prepare([ops.putfh(f.root), mkdir('late')], { cacheThis: true });
    const lost = request.send(doomed).catch(() => 'lost');
    await until(() => gate.reached === 1, 'the request runs');
    doomed.reset();
    await until(() => server.server.stats().connections === 1, 'the connection is gone');
    expect(seen(server, s).summary.total).toBe(1);
    gate.release();
    expect(await lost).toBe('lost');
    expect((await request.send(s.connections[0]!)).status).toBe(Status.OK);
    expect(gate.passed).toBe(1);
    expect(seen(server, s).summary.total).toBe(1);
    expect(reasons(server)).toEqual(['disconnect']);
  });

  it('row 18: tells servers apart, and is the same on every address of one', async () => {
    await using server = await startServer();
    await using other = await startServer();
    const address = await server.server.listen({ host: '127.0.0.2', port: 0 });
    const client = server.client();
    const here = await client.exchangeId();
    const there = await server
      .client({ host: '127.0.0.2', port: address.port, ownerId: client.ownerId, verifier: client.verifier })
      .exchangeId();
    expect(there.serverOwner).toEqual(here.serverOwner);
    expect(there.serverScope).toEqual(here.serverScope);
    const elsewhere = await other.client().exchangeId();
    expect(elsewhere.serverOwner.majorId).not.toEqual(here.serverOwner.majorId);
    expect(elsewhere.serverScope).not.toEqual(here.serverScope);
  });

  it('row 18: is kept with the data: the same server after a restart', async () => {
    const stateStore = new MemoryStateStore();
    const identity = async () => {
      await using server = await startServer({ stateStore });
      const { serverOwner, serverScope } = await server.client().exchangeId();
      return { serverOwner, serverScope };
    };
    expect(await identity()).toEqual(await identity());
  });

  it('over two addresses carries one session (session trunking)', async () => {
    await using server = await startServer();
    const { port } = await server.server.listen({ host: '127.0.0.2', port: 0 });
    const s = await server.session();
    const second = await s.client.newConnection({ host: '127.0.0.2', port });
    await s.renew({ connection: second });
    expect(seen(server, s).connections.map(({ connection }) => connection.local.split(':')[0])).toEqual([
      '127.0.0.1',
      '127.0.0.2',
    ]);
  });

  it('row 19: of a client lasts when another principal, or a new start, introduces itself under its name', async () => {
    await using server = await startServer();
    const s = await server.session();
    const file = await server.files();
    await file.open('f', { access: 3, create: 'guarded' });
    const thief = server.client({
      ownerId: s.client.ownerId,
      credential: authSys({ uid: 1111, gid: 37, machine: 'thief' }),
    });
    await refused(thief.exchangeId({ verifier: randomBytes(8) }), 'NFS4ERR_CLID_INUSE');
    const anew = server.client({ ownerId: s.client.ownerId });
    await anew.exchangeId();
    await s.renew();
    await anew.createSession();
    await refused(s.renew(), 'NFS4ERR_BADSESSION');
  });

  it('row 20: DESTROY_SESSION goes by the session that it names, on a connection that others share', async () => {
    await using server = await startServer();
    const one = await server.session();
    const connection = one.connections[0]!;
    const two = await one.client.createSession({}, { connection });
    await two.destroy(connection);
    await one.renew({ connection });
    const stranger = await one.client.newConnection();
    await refused(one.destroy(stranger), 'NFS4ERR_CONN_NOT_BOUND_TO_SESSION');
    await one.destroy(connection);
    expect(reasons(server)).toEqual(['session_destroy', 'session_destroy']);
  });

  it('row 21: wants BIND_CONN_TO_SESSION alone in its COMPOUND', async () => {
    await using server = await startServer();
    const s = await server.session();
    const bind = ops.bindConnToSession(s.id, BindFromClient.FORE);
    await refused(s.client.run([bind, ops.putrootfh()]), 'NFS4ERR_NOT_ONLY_OP');
    await refused(s.run([bind]), 'NFS4ERR_NOT_ONLY_OP');
  });

  it('row 23: stays as it was when a demand is refused', async () => {
    await using server = await startServer();
    const s = await server.session();
    const fore = await s.addConnection(BindFromClient.FORE);
    const back = await s.addConnection(BindFromClient.BACK);
    const before = seen(server, s).connections.map(({ direction, boundAt }) => ({ direction, boundAt }));
    await refused(s.bind(fore, BindFromClient.BACK), 'NFS4ERR_INVAL');
    await refused(s.bind(fore, BindFromClient.BACK_OR_BOTH), 'NFS4ERR_INVAL');
    await refused(s.bind(back, BindFromClient.FORE), 'NFS4ERR_INVAL');
    await refused(s.bind(s.connections[0]!, BindFromClient.FORE), 'NFS4ERR_INVAL');
    expect(seen(server, s).connections.map(({ direction, boundAt }) => ({ direction, boundAt }))).toEqual(
      before,
    );
    expect(reasons(server)).toEqual([]);
  });

  it('keeps a way for requests (fore enforcement), and refuses requests on one for callbacks', async () => {
    await using server = await startServer();
    const s = await server.session();
    const [first] = s.connections;
    // The only one for requests cannot be made one for callbacks.
    await refused(s.bind(first!, BindFromClient.BACK), 'NFS4ERR_INVAL');
    const back = await s.addConnection(BindFromClient.BACK);
    expect((await s.compound([], { connection: back })).status).toBe(Status.CONN_NOT_BOUND_TO_SESSION);
    await first!.close();
    await until(() => seen(server, s).summary.total === 1, 'one is left');
    // None for requests is left: a further one for callbacks alone would leave it so.
    const next = await s.client.newConnection();
    await refused(s.bind(next, BindFromClient.BACK), 'NFS4ERR_INVAL');
    expect(await s.bind(next, BindFromClient.FORE_OR_BOTH)).toBe(BindFromServer.BOTH);
    await s.renew({ connection: next });
  });

  it('ends with its connection, by FIN and by RST (silent unbind; disconnect cleanup)', async () => {
    await using server = await startServer();
    const s = await server.session();
    const [fin, rst] = [await s.addConnection(), await s.addConnection()];
    for (const connection of [fin, rst]) await s.renew({ connection });
    expect(seen(server, s).summary).toEqual({ fore: 2, back: 0, both: 1, total: 3 });
    await fin.close();
    rst.reset();
    await until(() => seen(server, s).summary.total === 1, 'both are unbound');
    expect(reasons(server)).toEqual(['disconnect', 'disconnect']);
    expect(server.server.control.connections()).toHaveLength(1);
    await s.renew();
  });
});
