import { describe, expect, it } from 'vitest';
import { Attr, DEFAULT_FORE, type NfsClient, Op, ops, Status } from '../../src/client/index.ts';
import { ManualClock, MemoryStateStore } from '../support/fakes.ts';
import { MemoryFileSystem } from '../support/memory-fs.ts';
import { startServer } from '../support/server.ts';
import { refused, sleep, until } from '../support/suite.ts';
import { eventsOf, Gate, mkdir, reasons, seen, sideOf } from './support.ts';

describe('what an operator sees', () => {
  it('of a client, its sessions and its connections', async () => {
    await using server = await startServer();
    const f = await server.files();
    const s = f.session;
    const file = await f.open('file', { access: 3, create: 'guarded' });
    await file.lock();
    const second = await s.addConnection();
    await s.renew({ connection: second });
    const { control } = server.server;
    const [client] = control.clients();
    expect(client).toMatchObject({
      address: '127.0.0.1',
      confirmed: true,
      reclaimComplete: true,
      sessions: 1,
      connections: 2,
      opens: 1,
      locks: 1,
      uid: 0,
      backChannel: 'unproven',
      lease: { state: 'active' },
    });
    expect(client!.lease.sinceRenewal + client!.lease.remaining).toBe(10_000);
    const [session] = control.sessions(client!.id);
    expect(session).toEqual(control.session(s.id.toString('hex')));
    expect(session).toMatchObject({
      client: client!.id,
      minorVersion: 1,
      summary: { fore: 1, back: 0, both: 1, total: 2 },
      slots: { granted: 32, target: 32, inUse: 0 },
    });
    expect(control.sessions('0000000000000000')).toEqual([]);
    expect(control.client('nonsense')).toBeUndefined();
    expect(control.connections().map(({ id }) => id)).toEqual([1, 2]);
  });

  it('row 25: last activity, requests and bytes move with use, draining and unbind reasons show', async () => {
    await using server = await startServer();
    const f = await server.files();
    const [connection] = f.session.connections;
    const before = sideOf(server, connection!);
    await sleep(15);
    await f.writeFile('file', Buffer.alloc(100_000));
    await f.readFile('file');
    const after = sideOf(server, connection!);
    expect(after.lastActivity).toBeGreaterThan(before.lastActivity);
    expect(after.requests - before.requests).toBeGreaterThan(3);
    expect(after.bytesIn - before.bytesIn).toBeGreaterThan(100_000);
    expect(after.bytesOut - before.bytesOut).toBeGreaterThan(100_000);
    const { bytesIn, bytesOut, requests } = server.server.control.counters();
    expect({ bytesIn, bytesOut, requests }).toEqual({
      bytesIn: connection!.bytesOut,
      bytesOut: connection!.bytesIn,
      requests: after.requests,
    });
  });

  it('each reason for which a binding ends: explicit, disconnect, session_destroy, reaper, drained', async () => {
    const clock = new ManualClock();
    await using server = await startServer({ clock });
    const { control } = server.server;
    const one = await server.session();
    const second = await one.addConnection(1);
    await one.bind(second, 3);
    await second.close();
    await until(() => seen(server, one).summary.total === 1, 'disconnected');
    await one.destroy(one.connections[0]!);
    const two = await server.session();
    await control.drain({ level: 'session', id: two.id.toString('hex') }, 1000);
    const three = await server.session();
    await three.renew();
    clock.advance(25 * 3600);
    await until(() => control.sessions().length === 0, 'the lease is over', 3000);
    expect(reasons(server)).toEqual(['explicit', 'disconnect', 'session_destroy', 'drained', 'reaper']);
    expect(control.counters()).toMatchObject({
      unbind: { explicit: 1, disconnect: 1, session_destroy: 1, reaper: 1, drained: 1 },
      sessionsCreated: 3,
      sessionsDestroyed: { destroyed: 1, client: 0, evicted: 0, expired: 2 },
    });
    const { bind, unbind } = control.counters();
    const sum = (counts: object) => Object.values(counts).reduce((total, count) => total + count, 0);
    expect(sum(bind) - sum(unbind)).toBe(0);
  });

  it('outcomes and times of every operation', async () => {
    await using server = await startServer();
    const f = await server.files();
    await f.mkdir('d');
    await refused(f.mkdir('d'), 'NFS4ERR_EXIST');
    const create = server.server.control.counters().operations.get(Op.CREATE)!;
    expect(Object.fromEntries(create.statuses)).toEqual({ [Status.OK]: 1, [Status.EXIST]: 1 });
    expect(create.latency.reduce((sum, count) => sum + count, 0)).toBe(2);
    expect(create.seconds).toBeGreaterThan(0);
  });

  it('and outcomes alone where times are not wanted', async () => {
    await using server = await startServer({ operationTimes: false });
    const s = await server.session();
    await s.renew();
    const sequence = server.server.control.counters().operations.get(Op.SEQUENCE)!;
    expect(Object.fromEntries(sequence.statuses)).toEqual({ [Status.OK]: 2 });
    expect(sequence).toMatchObject({ seconds: 0 });
    expect(sequence.latency.every((count) => count === 0)).toBe(true);
  });

  it('how long an operation waits, not its neighbours in the COMPOUND', async () => {
    const gate = new Gate();
    await using server = await startServer({ fileSystem: gate.fileSystem });
    const f = await server.files();
    const made = f.mkdir('slow');
    await until(() => gate.reached === 1, 'it runs');
    expect(server.server.control.counters().requestsInFlight).toBe(1);
    await sleep(500);
    gate.release();
    await made;
    const { operations, requestsInFlight } = server.server.control.counters();
    const waited = operations.get(Op.CREATE)!.seconds;
    expect(waited).toBeGreaterThan(0.49);
    expect(operations.get(Op.SEQUENCE)!.seconds).toBeLessThan(waited);
    expect(operations.get(Op.PUTFH)!.seconds).toBeLessThan(waited);
    expect(requestsInFlight).toBe(0);
  });
});

describe('what an operator does', () => {
  it('ends a session: its client makes another one', async () => {
    await using server = await startServer();
    const f = await server.files();
    const { control } = server.server;
    expect(control.destroySession(f.session.id.toString('hex'))).toBe(true);
    expect(control.destroySession(f.session.id.toString('hex'))).toBe(false);
    await refused(f.session.renew(), 'NFS4ERR_BADSESSION');
    const again = await f.session.client.createSession();
    await f.through(again).mkdir('d');
    expect(eventsOf(server, 'session_destroyed').map(({ reason }) => reason)).toEqual(['evicted']);
  });

  it('evicts a client with its state, also from what it could reclaim after a restart', async () => {
    const stateStore = new MemoryStateStore();
    const fileSystem = new MemoryFileSystem() as never;
    const server = await startServer({ stateStore, fileSystem });
    const f = await server.files();
    await f.open('file', { access: 3, create: 'guarded' });
    const { control } = server.server;
    const [client] = control.clients();
    expect([...stateStore.records.keys()].filter((key) => key.startsWith('client/'))).toHaveLength(1);
    expect(control.evictClient(client!.id)).toBe(true);
    expect(control.evictClient(client!.id)).toBe(false);
    expect(server.server.stats()).toMatchObject({ clients: 0, sessions: 0, opens: 0 });
    await refused(f.session.renew(), 'NFS4ERR_BADSESSION');
    await refused(f.session.client.createSession(), 'NFS4ERR_STALE_CLIENTID');
    expect(eventsOf(server, 'client_removed').map(({ reason }) => reason)).toEqual(['evicted']);
    expect(reasons(server)).toEqual(['session_destroy']);
    expect([...stateStore.records.keys()].filter((key) => key.startsWith('client/'))).toEqual([]);
    await f.session.client.exchangeId();
    await f.session.client.createSession();
    await server.stop();
  });

  it('changes settings: each at once where it acts', async () => {
    await using server = await startServer();
    const f = await server.files();
    const { control } = server.server;
    await f.mkdir('d');
    control.configure({ blockedOperations: ['READDIR', 'LINK'] });
    await refused(f.link('d', 'e'), 'NFS4ERR_NOTSUPP');
    // READDIR has no NFS4ERR_NOTSUPP in the RFC's table: the nearest that it has.
    await refused(f.names(''), 'NFS4ERR_INVAL');
    control.configure({ blockedOperations: [] });
    expect(await f.names('')).toEqual(['d']);
    control.configure({ minMinorVersion: 2 });
    await refused(f.session.run([ops.putrootfh()]), 'NFS4ERR_MINOR_VERS_MISMATCH');
    control.configure({ minMinorVersion: 1 });
    control.configure({ leaseTime: 33 });
    expect((await f.getattr('', [Attr.LEASE_TIME])).leaseTime).toBe(33);
    control.configure({ limits: { maxSessionSlots: 7, maxSessionsPerClient: 2 } });
    const small = await f.session.client.createSession({ fore: { ...DEFAULT_FORE, maxRequests: 30 } });
    expect(small.fore.maxRequests).toBe(7);
    expect(f.session.fore.maxRequests).toBe(32);
    await refused(f.session.client.createSession(), 'NFS4ERR_NOSPC');
    expect(control.settings()).toMatchObject({
      leaseTime: 33,
      limits: { maxSessionSlots: 7, maxReadSize: 1024 * 1024 },
    });
  });

  it('refuses settings out of bounds whole, naming the bounds', async () => {
    await using server = await startServer();
    const { control } = server.server;
    const before = control.settings();
    for (const bad of [
      { leaseTime: 3601 },
      { leaseTime: Number.NaN },
      { minMinorVersion: 2 as const, maxMinorVersion: 1 as const },
      { blockedOperations: ['SEQUENCE'] },
      { blockedOperations: ['NO_SUCH'] },
      { limits: { maxReadSize: 1 } },
      { limits: { maxTag: 10 } },
      { nonsense: 1 },
    ]) {
      expect(() => control.configure({ delegationsEnabled: false, ...bad })).toThrow(RangeError);
    }
    expect(control.settings()).toEqual(before);
    expect(eventsOf(server, 'settings_changed')).toEqual([]);
  });

  it('shortens the lease of those who can know of it, and lengthens it for all', async () => {
    const clock = new ManualClock();
    await using server = await startServer({ clock, leaseTime: 100 });
    const s = await server.session();
    const { control } = server.server;
    const lease = () => control.clients()[0]!.lease;
    control.configure({ leaseTime: 20 });
    clock.advance(50);
    expect(lease().state).toBe('active');
    await s.renew();
    const again = await s.client.createSession();
    clock.advance(21);
    expect(lease().state).toBe('courtesy');
    await again.renew();
    control.configure({ leaseTime: 200 });
    clock.advance(150);
    expect(lease().state).toBe('active');
  });

  it('row 28: never waits: one client whose request hangs holds up no other', async () => {
    const gate = new Gate();
    await using server = await startServer({ fileSystem: gate.fileSystem });
    const [stuck, free] = [await server.files(), await server.files()];
    const hanging = stuck.session.run([ops.putfh(stuck.root), mkdir('held')]);
    await until(() => gate.reached >= 1, 'it hangs');
    for (let i = 0; i < 50; i++) await free.session.renew();
    expect(gate.passed).toBe(0);
    gate.release();
    await hanging;
  });

  it('row 29: serves handles of before a restart', async () => {
    const stateStore = new MemoryStateStore();
    const fileSystem = new MemoryFileSystem() as never;
    const first = await startServer({ stateStore, fileSystem });
    const before = await first.files();
    const handle = await before.writeFile('file', 'data');
    await before.rename('file', 'renamed');
    await first.stop();
    await using second = await startServer({ stateStore, fileSystem, gracePeriod: 0.1 });
    const after = await second.files();
    await until(() => !second.server.stats().inGrace, 'grace is over');
    expect(await after.stat(handle)).toMatchObject({ size: 4n });
    expect(await after.readFile('renamed')).toEqual(Buffer.from('data'));
  });
});

describe('the counters of many clients', () => {
  it('end where they began: nothing is left of clients that went', async () => {
    await using server = await startServer();
    const { control } = server.server;
    const clients: NfsClient[] = [];
    for (let i = 0; i < 20; i++) {
      const s = await server.session();
      for (let n = 0; n < 3; n++) await s.renew({ connection: await s.addConnection() });
      clients.push(s.client);
    }
    expect(control.connections()).toHaveLength(80);
    for (const client of clients) await client.close();
    await until(() => control.connections().length === 0, 'all are gone');
    const { bind, unbind, connectionsOpened } = control.counters();
    expect([bind.fore + bind.both, unbind.disconnect, connectionsOpened]).toEqual([80, 80, 80]);
    expect(control.sessions().map(({ summary }) => summary.total)).toEqual(clients.map(() => 0));
  });
});
