import { expect, it } from 'vitest';
import { Attr, BindFromClient, BindFromServer, ops, SequenceStatus, Status } from '../../src/client/index.ts';
import { refused, suite, until } from '../support/suite.ts';

suite('several connections', ({ start, files, session }) => {
  it('carries one session over many connections, different slots at once', async () => {
    await using server = await start();
    const f = await files(server);
    for (let i = 0; i < 7; i++) await f.session.addConnection();
    const data = Buffer.alloc(64 * 1024, 3);
    await Promise.all(Array.from({ length: 40 }, (_, i) => f.writeFile(`f${i}`, data)));
    for (const connection of f.session.connections) expect(connection.bytesIn).toBeGreaterThan(0);
    expect((await f.names('')).length).toBe(40);
    expect(server.server.stats()).toMatchObject({ connections: 8, sessions: 1 });
  });

  it('binds an unbound connection by SEQUENCE, fore only (rows 1 and 2)', async () => {
    await using server = await start();
    const s = await session(server);
    const second = await s.addConnection();
    await s.renew({ connection: second });
    const bound = server.events.filter((event) => event.type === 'bound');
    expect(bound.map((event) => event.direction)).toEqual(['both', 'fore']);
  });

  it('loses the back channel with its connection, says so, and gets it back by a bind (rows 9, 11, 12)', async () => {
    await using server = await start();
    const s = await session(server);
    const second = await s.addConnection();
    await s.renew({ connection: second });
    await s.connections[0]!.close();
    await until(() => server.server.stats().connections === 1, 'the connection is gone');
    const down = (await s.renew({ connection: second })).statusFlags;
    expect(down & (SequenceStatus.CB_PATH_DOWN | SequenceStatus.CB_PATH_DOWN_SESSION)).not.toBe(0);
    expect(await s.bind(second, BindFromClient.FORE_OR_BOTH)).toBe(BindFromServer.BOTH);
    const up = (await s.renew({ connection: second })).statusFlags;
    expect(up & (SequenceStatus.CB_PATH_DOWN | SequenceStatus.CB_PATH_DOWN_SESSION)).toBe(0);
  });

  it('keeps the binding rules of BIND_CONN_TO_SESSION', async () => {
    await using server = await start();
    const s = await session(server);
    const { client } = s;
    const bind = async (direction: number, connection = client.newConnection()) =>
      s.bind(await connection, direction);
    expect(await bind(BindFromClient.FORE)).toBe(BindFromServer.FORE);
    expect(await bind(BindFromClient.FORE_OR_BOTH)).toBe(BindFromServer.BOTH);
    expect(await bind(BindFromClient.BACK_OR_BOTH)).toBe(BindFromServer.BOTH);
    expect(await bind(BindFromClient.BACK)).toBe(BindFromServer.BACK);
    const fore = await client.newConnection();
    await s.bind(fore, BindFromClient.FORE);
    expect(await s.bind(fore, BindFromClient.FORE)).toBe(BindFromServer.FORE);
    await refused(s.bind(fore, BindFromClient.BACK), 'NFS4ERR_INVAL');
    expect(await s.bind(fore, BindFromClient.FORE_OR_BOTH)).toBe(BindFromServer.BOTH);
    const connection = await client.newConnection();
    await refused(
      client.run([ops.bindConnToSession(Buffer.alloc(16, 7), BindFromClient.FORE)], { connection }),
      'NFS4ERR_BADSESSION',
    );
    await refused(
      client.run([ops.bindConnToSession(s.id, 9)], { connection }),
      'NFS4ERR_BADXDR',
      'NFS4ERR_INVAL',
    );
    const [rdma] = await client.run([ops.bindConnToSession(s.id, BindFromClient.FORE, true)], { connection });
    expect(rdma).toMatchObject({ rdma: false, direction: BindFromServer.FORE, sessionId: s.id });
  });

  it('refuses requests on a connection that is bound for callbacks alone', async () => {
    await using server = await start();
    const s = await session(server);
    const back = await s.client.newConnection();
    await s.bind(back, BindFromClient.BACK);
    const reply = await s.compound([], { connection: back });
    expect(reply.status).toBe(Status.CONN_NOT_BOUND_TO_SESSION);
  });

  it('lets a session outlive its last connection', async () => {
    await using server = await start();
    const f = await files(server);
    const file = await f.open('file', { access: 3, create: 'guarded' });
    await file.write(0, 'kept');
    for (const connection of f.session.connections) connection.reset();
    await until(() => server.server.stats().connections === 0, 'all connections are gone');
    expect((await file.read(0, 10)).data.toString()).toBe('kept');
    const unbound = server.events.filter((event) => event.type === 'unbound');
    expect(unbound.map((event) => event.reason)).toEqual(['disconnect']);
  });

  it('goes on over the other connections when some are cut under load', async () => {
    await using server = await start();
    const f = await files(server);
    for (let i = 0; i < 5; i++) await f.session.addConnection();
    const work = Array.from({ length: 120 }, async (_, i) => {
      await f.last([ops.putfh(f.root), ops.create({ type: 2 }, `d${i}`, { mode: 0o755 })], ops.getfh(), {
        cacheThis: true,
      });
    });
    const victims = f.session.connections.slice(1, 4);
    await victims[0]!.close();
    victims[1]!.reset();
    victims[2]!.halfClose();
    await Promise.all(work);
    expect((await f.names('')).length).toBe(120);
  });

  it('answers what came before a FIN', async () => {
    await using server = await start();
    const f = await files(server);
    const connection = await f.session.addConnection();
    const requests = await Promise.all(
      Array.from({ length: 10 }, () => f.session.prepare([ops.putfh(f.root), ops.getattr([Attr.TYPE])])),
    );
    const pending = Promise.all(requests.map((request) => request.send(connection)));
    connection.halfClose();
    for (const reply of await pending) expect(reply.status).toBe(Status.OK);
    await connection.closed;
  });

  it('counts what is open, and nothing of what is gone', async () => {
    await using server = await start();
    const s = await session(server);
    for (let i = 0; i < 20; i++) await s.client.newConnection();
    await until(() => server.server.stats().connections === 21, '21 connections');
    for (const connection of s.client.connections.slice(1)) await connection.close();
    await until(() => server.server.stats().connections === 1, 'one connection');
    const opened = server.events.filter((event) => event.type === 'connection_opened').length;
    const closed = server.events.filter((event) => event.type === 'connection_closed').length;
    expect(opened - closed).toBe(1);
  });
});
