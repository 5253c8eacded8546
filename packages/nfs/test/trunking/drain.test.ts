import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { NFS_PROGRAM, NFS_VERSION, ops, Status } from '../../src/client/index.ts';
import type { StateStore } from '../../src/contracts.ts';
import type { DrainTarget } from '../../src/control.ts';
import type { FileSystem } from '../../src/vfs/index.ts';
import { JournaledStore, MemoryJournal } from '../support/memory-journal.ts';
import { startServer } from '../support/server.ts';
import { rpcRefused, until } from '../support/suite.ts';
import { eventsOf, Gate, mkdir, reasons, seen, sideOf } from './support.ts';

const LONG_MS = 5_000;
const BULK = 200_000;

describe('draining', () => {
  it('of a connection: answers what is in flight, executes nothing new, closes; the rest goes on elsewhere, once', async () => {
    const gate = new Gate();
    await using server = await startServer({ fileSystem: gate.fileSystem });
    const f = await server.files();
    const s = f.session;
    const drained = await s.addConnection();
    await s.renew({ connection: drained });
    using held = await s.prepare([ops.putfh(f.root), mkdir('held')], { cacheThis: true });
    const answer = held.send(drained);
    await until(() => gate.reached === 1, 'the request runs');
    const { id } = sideOf(server, drained);
    const draining = server.server.control.drain({ level: 'connection', id }, LONG_MS);
    expect(server.server.control.connection(id)?.draining).toBe(true);
    using late = await s.prepare([ops.putfh(f.root), mkdir('late')], { cacheThis: true });
    const ignored = rpcRefused(late.send(drained), 'RPC_CLOSED');
    await sleep(20);
    expect(gate.reached).toBe(1);
    gate.release();
    expect((await answer).status).toBe(Status.OK);
    expect(await draining).toEqual({ connections: 1, forced: 0 });
    await ignored;
    expect(await drained.closed).toBe('end');
    expect((await late.send(s.connections[0]!)).status).toBe(Status.OK);
    expect(gate.passed).toBe(2);
    expect(reasons(server)).toEqual(['drained']);
    expect(server.server.control.connection(id)).toBeUndefined();
  });

  it('loses no reply to the requests that still come in (FIN after the last reply, no RST)', async () => {
    await using server = await startServer();
    const f = await server.files();
    const s = f.session;
    for (let round = 0; round < 5; round++) {
      const connection = await s.addConnection();
      await s.renew({ connection });
      const { id } = sideOf(server, connection);
      let answered = 0;
      const requests = Array.from({ length: 60 }, async (_, i) => {
        using request = await s.prepare([ops.putfh(f.root), mkdir(`d${round}.${i}`)], { cacheThis: true });
        try {
          expect((await request.send(connection)).status).toBe(Status.OK);
          answered++;
        } catch {
          expect((await request.send(s.connections[0]!)).status).toBe(Status.OK);
        }
      });
      await until(() => answered > 5, 'some are answered');
      const shout = () =>
        void connection.call(NFS_PROGRAM, NFS_VERSION, 0, Buffer.alloc(BULK)).catch(() => {});
      const noise = setInterval(shout, 1);
      for (let i = 0; i < 20; i++) shout();
      expect(await server.server.control.drain({ level: 'connection', id }, LONG_MS)).toMatchObject({
        forced: 0,
      });
      clearInterval(noise);
      expect(await connection.closed).toBe('end');
      await Promise.all(requests);
    }
    expect(await f.names('')).toHaveLength(300);
  });

  it('ends with its time, whatever is still under way; nothing runs twice', async () => {
    const gate = new Gate();
    await using server = await startServer({ fileSystem: gate.fileSystem });
    const f = await server.files();
    const s = f.session;
    const stuck = await s.addConnection();
    using held = await s.prepare([ops.putfh(f.root), mkdir('held')], { cacheThis: true });
    const lost = rpcRefused(held.send(stuck), 'RPC_CLOSED');
    await until(() => gate.reached === 1, 'the request runs');
    const { id } = sideOf(server, stuck);
    const result = await server.server.control.drain({ level: 'connection', id }, 50);
    expect(result).toEqual({ connections: 1, forced: 1 });
    await lost;
    const again = held.send(s.connections[0]!);
    gate.release();
    expect((await again).status).toBe(Status.OK);
    expect(gate.passed).toBe(1);
    expect(server.server.control.counters().drained).toEqual({ clean: 0, forced: 1 });
  });

  it('ends with its time where the peer never closes', async () => {
    await using server = await startServer();
    const s = await server.session();
    const deaf = await s.addConnection();
    await s.renew({ connection: deaf });
    deaf.pause();
    const { id } = sideOf(server, deaf);
    expect(await server.server.control.drain({ level: 'connection', id }, 50)).toEqual({
      connections: 1,
      forced: 0,
    });
    expect(server.server.control.connection(id)).toBeUndefined();
  });

  it('of a session, of a client: their connections, and no others; both come back', async () => {
    await using server = await startServer();
    const [one, two] = [await server.session(), await server.session()];
    for (const s of [one, two])
      for (let i = 0; i < 3; i++) await s.renew({ connection: await s.addConnection() });
    const { control } = server.server;
    expect(await control.drain({ level: 'session', id: one.id.toString('hex') }, LONG_MS)).toEqual({
      connections: 4,
      forced: 0,
    });
    expect(seen(server, one).summary.total).toBe(0);
    expect(seen(server, two).summary.total).toBe(4);
    expect(two.connections.every(({ isOpen }) => isOpen)).toBe(true);
    await one.renew();
    expect(seen(server, one).summary.total).toBe(1);
    const { client } = seen(server, two);
    expect(await control.drain({ level: 'client', id: client }, LONG_MS)).toEqual({
      connections: 4,
      forced: 0,
    });
    await two.renew();
    await one.renew();
    expect(control.counters()).toMatchObject({ drained: { clean: 8, forced: 0 }, unbind: { drained: 8 } });
    expect(eventsOf(server, 'drained').map(({ connections }) => connections)).toEqual([4, 4]);
  });

  it('of an address: it takes no new connections until undrained, and the other address carries on', async () => {
    await using server = await startServer();
    const second = await server.server.listen({ host: '127.0.0.2', port: 0 });
    const s = await server.session();
    const other = await s.client.newConnection({ host: '127.0.0.2', port: second.port });
    await s.renew({ connection: other });
    const address = `127.0.0.2:${second.port}`;
    const { control } = server.server;
    expect(await control.drain({ level: 'address', address }, LONG_MS)).toEqual({
      connections: 1,
      forced: 0,
    });
    expect(await other.closed).toBe('end');
    await s.renew();
    const refused = await s.client.newConnection({ host: '127.0.0.2', port: second.port });
    await refused.closed;
    expect(eventsOf(server, 'connection_refused').map(({ reason }) => reason)).toEqual(['drained']);
    expect(control.counters().connectionsRefused).toBe(1);
    control.undrain(address);
    await s.renew({ connection: await s.client.newConnection({ host: '127.0.0.2', port: second.port }) });
    expect(seen(server, s).summary.total).toBe(2);
  });

  it('of the server: all connections, and no new ones until undrained', async () => {
    await using server = await startServer();
    const [one, two] = [await server.session(), await server.session()];
    const { control } = server.server;
    expect(await control.drain({ level: 'server' }, LONG_MS)).toEqual({ connections: 2, forced: 0 });
    await (await one.client.newConnection()).closed;
    expect(control.connections()).toEqual([]);
    control.undrain('server');
    for (const s of [one, two]) await s.renew();
  });

  it('of what is not there says so', async () => {
    await using server = await startServer();
    const targets: DrainTarget[] = [
      { level: 'connection', id: 99 },
      { level: 'session', id: 'ab'.repeat(16) },
      { level: 'session', id: 'nonsense' },
      { level: 'client', id: '0123456789abcdef' },
      { level: 'address', address: '10.9.8.7:1' },
    ];
    for (const target of targets) expect(await server.server.control.drain(target, 10)).toBeUndefined();
  });

  it('before the server stops: what is in flight is answered', async () => {
    const gate = new Gate();
    const server = await startServer({ fileSystem: gate.fileSystem });
    const f = await server.files();
    using held = await f.session.prepare([ops.putfh(f.root), mkdir('held')]);
    const answer = held.send(f.session.connections[0]!);
    await until(() => gate.reached === 1, 'the request runs');
    const closed = server.server.close();
    gate.release();
    expect((await answer).status).toBe(Status.OK);
    await closed;
  });
});

describe('draining an address that is to stay away', () => {
  /** A session with a connection to each of two addresses, its callbacks over the first. */
  const start = async (fileSystem?: FileSystem, stateStore?: StateStore) => {
    const server = await startServer({
      ...(fileSystem !== undefined && { fileSystem }),
      ...(stateStore !== undefined && { stateStore }),
    });
    const second = await server.server.listen({ host: '127.0.0.2', port: 0 });
    const f = await server.files();
    const s = f.session;
    const toSecond = () => s.client.newConnection({ host: '127.0.0.2', port: second.port });
    const other = await toSecond();
    await s.renew({ connection: other });
    const { control } = server.server;
    const move = (address: string, ms = LONG_MS) =>
      control.drain({ level: 'address', address, move: true }, ms);
    return { server, f, s, other, toSecond, control, move };
  };

  it('ends the session; over the address its client is answered until it has another, and may not take it up again', async () => {
    const gate = new Gate();
    const { server, f, s, other, toSecond, control, move } = await start(gate.fileSystem);
    await using _ = server;
    using held = await s.prepare([ops.putfh(f.root), mkdir('held')], { cacheThis: true });
    const answer = held.send(other);
    await until(() => gate.reached === 1, 'the request runs');
    const moved = move('127.0.0.2');
    // A request that was left aside would wait for the address for ever, and keep its client from making a session.
    using late = await s.prepare([ops.putrootfh()]);
    expect((await late.send(other)).status).toBe(Status.BADSESSION);
    expect(control.connections().map(({ draining }) => draining)).toEqual([false, true]);
    expect(control.gauges().connectionsDraining).toBe(1);
    gate.release();
    expect((await answer).status).toBe(Status.OK);
    expect(gate.passed).toBe(1);
    const again = await s.client.createSession();
    // The Linux client asks now whether it may use the connection for the new session.
    const introduction = ops.exchangeId({ ownerId: s.client.ownerId, verifier: s.client.verifier });
    expect((await s.client.compound([introduction], { connection: other })).status).toBe(Status.SERVERFAULT);
    expect(await moved).toEqual({ connections: 1, forced: 0 });
    expect(await other.closed).toBe('end');
    await again.renew();
    expect(seen(server, again).summary.total).toBe(1);
    expect(reasons(server)).toEqual(['drained', 'drained']);
    await (await toSecond()).closed;
    control.undrain('127.0.0.2');
    await again.renew({ connection: await toSecond() });
    expect(seen(server, again).summary.total).toBe(2);
  });

  it('leaves a session alone that has its callbacks there: its client would make the next one there, too', async () => {
    const { server, s, other, move } = await start();
    await using _ = server;
    expect(await move('127.0.0.1')).toEqual({ connections: 1, forced: 0 });
    expect(await s.connections[0]!.closed).toBe('end');
    expect(other.isOpen).toBe(true);
    await s.renew({ connection: other });
    expect(eventsOf(server, 'session_destroyed')).toEqual([]);
  });

  it('gets there although the journal cannot be written: nobody is told of anything before it can', async () => {
    const store = new JournaledStore();
    const failing = Object.assign(new MemoryJournal(), { fails: false });
    const flush = failing.flush.bind(failing);
    failing.flush = () => {
      if (failing.fails) throw new Error('no disk');
      flush();
    };
    store.journal = failing;
    const { server, s, other, move } = await start(undefined, store);
    await using _ = server;
    failing.fails = true;
    expect(await move('127.0.0.2', 50)).toEqual({ connections: 1, forced: 0 });
    expect(await other.closed).toBe('end');
    failing.fails = false;
    expect((await s.compound([])).status).toBe(Status.BADSESSION);
  });

  it('ends with its time where the client does not come', async () => {
    const { server, s, other, move } = await start();
    await using _ = server;
    expect(await move('127.0.0.2', 50)).toEqual({ connections: 1, forced: 0 });
    expect(await other.closed).toBe('end');
    expect((await s.compound([])).status).toBe(Status.BADSESSION);
  });
});

describe('keepalive', () => {
  it('watches every connection: a peer is gone after 60 s without an answer', async () => {
    await using server = await startServer();
    const s = await server.session();
    const { localPort } = s.connections[0]!.socket;
    const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0');
    const timerOf = () => {
      const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n');
      const fields = rows.map((row) => row.trim().split(/\s+/));
      const ours = fields.find(
        ([, local, remote]) =>
          local?.endsWith(`:${hex(server.port)}`) && remote?.endsWith(`:${hex(localPort!)}`),
      );
      return ours?.[5]?.split(':') ?? [];
    };
    // 02 is keepalive, and its time is in hundredths of a second; 01 is what is sent and not acknowledged yet.
    await until(() => timerOf()[0] !== '01', 'all is acknowledged');
    const [timer, when] = timerOf();
    expect(timer).toBe('02');
    // Ten probes, one a second, follow it.
    const seconds = Number.parseInt(when!, 16) / 100;
    expect(seconds).toBeGreaterThan(40);
    expect(seconds).toBeLessThanOrEqual(50);
  });
});
