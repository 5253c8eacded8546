import { describe, expect, it } from 'vitest';
import { BindFromClient, BindFromServer, Op, ops, type Session, Status } from '../../src/client/index.ts';
import { OP_STATUSES } from '../../src/nfs4/op-statuses.ts';
import { ManualClock } from '../support/fakes.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { refused, until } from '../support/suite.ts';
import { eventsOf, reasons, seen, sideOf } from './support.ts';

/** Adds connections that SEQUENCE binds, as nconnect does. */
async function nconnect(session: Session, count: number) {
  for (let i = session.connections.length; i < count; i++) {
    const connection = await session.addConnection();
    await session.renew({ connection });
  }
}

const bound = (server: TestServer, session: Session) => seen(server, session).summary.total;

describe('the limit of connections for each session', () => {
  it('16 by default', async () => {
    await using server = await startServer();
    const s = await server.session();
    await nconnect(s, 20);
    expect(bound(server, s)).toBe(16);
    expect(server.server.control.settings().maxConnectionsPerSession).toBe(16);
  });

  it('at implicit bind: one beyond it is served as a guest, and bound when a place is free', async () => {
    await using server = await startServer({ maxConnectionsPerSession: 2 });
    const s = await server.session();
    await nconnect(s, 4);
    expect(bound(server, s)).toBe(2);
    const guest = s.connections[3]!;
    for (let i = 0; i < 5; i++) await s.renew({ connection: guest });
    expect(sideOf(server, guest).sessions).toEqual([]);
    // Once for each connection, not for each request.
    expect(server.server.control.counters().overLimit).toEqual({ explicit: 0, implicit: 2 });
    expect(eventsOf(server, 'over_limit').map(({ how }) => how)).toEqual(['implicit', 'implicit']);
    expect(seen(server, s).overLimit).toBe(2);
    await s.connections[1]!.close();
    await until(() => bound(server, s) === 1, 'a place is free');
    await s.renew({ connection: guest });
    expect(sideOf(server, guest).sessions).toMatchObject([{ direction: 'fore' }]);
  });

  it('at bind: for requests it is a guest, as one for callbacks it is refused where there is another for them', async () => {
    await using server = await startServer({ maxConnectionsPerSession: 2 });
    const s = await server.session();
    await nconnect(s, 2);
    const [a, b, c] = [
      await s.client.newConnection(),
      await s.client.newConnection(),
      await s.client.newConnection(),
    ];
    expect(await s.bind(a, BindFromClient.FORE)).toBe(BindFromServer.FORE);
    expect(await s.bind(b, BindFromClient.FORE_OR_BOTH)).toBe(BindFromServer.FORE);
    await refused(s.bind(c, BindFromClient.BACK), 'NFS4ERR_INVAL');
    await refused(s.bind(c, BindFromClient.BACK_OR_BOTH), 'NFS4ERR_INVAL');
    for (const connection of [a, b]) await s.renew({ connection });
    expect(bound(server, s)).toBe(2);
    // The guest may destroy its session: it carries it, after all (row 20).
    await s.destroy(a);
  });

  it('at bind: the only one for callbacks takes the place of the least recently active', async () => {
    await using server = await startServer({ maxConnectionsPerSession: 3 });
    const s = await server.session();
    await nconnect(s, 4);
    const [first, idle, active] = s.connections;
    await first!.close();
    await until(() => bound(server, s) === 2, 'the callback path is gone');
    await s.renew({ connection: s.connections[3]! });
    expect(bound(server, s)).toBe(3);
    await new Promise((resolve) => setTimeout(resolve, 5));
    for (const connection of [active!, s.connections[3]!]) await s.renew({ connection });
    const next = await s.client.newConnection();
    expect(await s.bind(next, BindFromClient.FORE_OR_BOTH)).toBe(BindFromServer.BOTH);
    expect(sideOf(server, idle!).sessions).toEqual([]);
    expect(seen(server, s).summary).toEqual({ fore: 2, back: 0, both: 1, total: 3 });
    expect(server.server.control.counters().overLimit.explicit).toBe(1);
    await s.renew({ connection: idle! });
    expect(bound(server, s)).toBe(3);
  });

  it('at bind: never takes the last way for requests away (fore enforcement)', async () => {
    await using server = await startServer({ maxConnectionsPerSession: 1 });
    const s = await server.session();
    const [first] = s.connections;
    const second = await s.client.newConnection();
    await s.bind(second, BindFromClient.FORE);
    await first!.close();
    await until(() => bound(server, s) === 0, 'none is bound');
    await s.renew({ connection: second });
    const back = await s.client.newConnection();
    await refused(s.bind(back, BindFromClient.BACK), 'NFS4ERR_INVAL');
    expect(await s.bind(back, BindFromClient.BACK_OR_BOTH)).toBe(BindFromServer.BOTH);
    expect(seen(server, s).summary).toEqual({ fore: 0, back: 0, both: 1, total: 1 });
    await s.renew({ connection: second });
  });

  it('lowered: unbinds the least recently active, keeps the callback path, serves all; raised: binds again', async () => {
    await using server = await startServer();
    const s = await server.session();
    await nconnect(s, 8);
    expect(bound(server, s)).toBe(8);
    server.server.control.configure({ maxConnectionsPerSession: 2 });
    expect(seen(server, s).summary).toEqual({ fore: 1, back: 0, both: 1, total: 2 });
    expect(reasons(server)).toEqual(Array.from({ length: 6 }, () => 'drained'));
    expect(eventsOf(server, 'settings_changed').at(-1)?.changes).toEqual([
      { setting: 'maxConnectionsPerSession', from: 16, to: 2 },
    ]);
    for (const connection of s.connections) await s.renew({ connection });
    expect(server.server.stats().connections).toBe(8);
    const next = await s.client.newConnection();
    expect(await s.bind(next, BindFromClient.FORE_OR_BOTH)).toBe(BindFromServer.FORE);
    server.server.control.configure({ maxConnectionsPerSession: 0 });
    for (const connection of [...s.connections, next]) await s.renew({ connection });
    expect(bound(server, s)).toBe(9);
  });

  it('a guest that is idle for a lease is closed; bound ones stay, and so do guests in use', async () => {
    const clock = new ManualClock();
    await using server = await startServer({ clock, maxConnectionsPerSession: 2 });
    const s = await server.session();
    await nconnect(s, 4);
    const [, , used, idle] = s.connections;
    clock.advance(6);
    await s.renew({ connection: used! });
    clock.advance(6);
    expect(await idle!.closed).toBe('end');
    await until(() => server.server.stats().connections === 3, 'it is gone');
    expect(eventsOf(server, 'connection_closed').map(({ reason }) => reason)).toEqual([
      'idle, and beyond the limit of its session',
    ]);
    expect(server.server.control.connections().map(({ id }) => id)).toEqual([1, 2, 3]);
    await s.renew({ connection: used! });
    expect(bound(server, s)).toBe(2);
    expect(reasons(server)).toEqual([]);
  });

  it('0 is unlimited; 1,025 and -1 are refused, and change nothing', async () => {
    await using server = await startServer({ maxConnectionsPerSession: 0 });
    const s = await server.session();
    await nconnect(s, 40);
    expect(bound(server, s)).toBe(40);
    for (const value of [1025, -1, 1.5]) {
      const change = () =>
        server.server.control.configure({ leaseTime: 20, maxConnectionsPerSession: value });
      expect(change).toThrow('0 to 1024');
    }
    expect(server.server.control.settings()).toMatchObject({ leaseTime: 10, maxConnectionsPerSession: 0 });
  });

  it("CREATE_SESSION's own connection is always bound", async () => {
    await using server = await startServer({ maxConnectionsPerSession: 1 });
    const one = await server.session();
    const two = await one.client.createSession({}, { connection: one.connections[0]! });
    expect(bound(server, one) + bound(server, two)).toBe(2);
  });

  it('row 6: answers only with statuses that the RFC lists', async () => {
    await using server = await startServer({ maxConnectionsPerSession: 1 });
    const s = await server.session();
    const directions = Object.values(BindFromClient);
    for (const direction of directions) {
      const connection = await s.client.newConnection();
      const { status } = await s.client.compound([ops.bindConnToSession(s.id, direction)], { connection });
      expect([Status.OK, ...OP_STATUSES[Op.BIND_CONN_TO_SESSION]!]).toContain(status);
      const sequence = await s.compound([], { connection });
      expect([Status.OK, ...OP_STATUSES[Op.SEQUENCE]!]).toContain(sequence.status);
    }
    for (const op of [Op.BIND_CONN_TO_SESSION, Op.SEQUENCE])
      expect(OP_STATUSES[op]).not.toContain(Status.RESOURCE);
  });
});
