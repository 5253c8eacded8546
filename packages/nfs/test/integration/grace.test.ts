import { expect, it } from 'vitest';
import type { ClientOptions } from '../../src/client/index.ts';
import { Files, LockType, type Session } from '../../src/client/index.ts';
import type { FileSystem } from '../../src/vfs/index.ts';
import { ManualClock, MemoryStateStore } from '../support/fakes.ts';
import { MemoryFileSystem } from '../support/memory-fs.ts';
import type { TestServer } from '../support/server.ts';
import { refused, suite } from '../support/suite.ts';

interface Machine {
  readonly fileSystem: FileSystem;
  readonly stateStore: MemoryStateStore;
  readonly clock: ManualClock;
}

const machine = (): Machine => ({
  fileSystem: new MemoryFileSystem() as FileSystem,
  stateStore: new MemoryStateStore(),
  clock: new ManualClock(),
});

/** A client that comes back after a restart: same owner and verifier, nothing reclaimed yet. */
async function comeBack(server: TestServer, options: Partial<ClientOptions>): Promise<Session> {
  const client = server.client(options);
  await client.exchangeId();
  return client.createSession();
}

const identity = (name: string): Partial<ClientOptions> => ({
  ownerId: Buffer.from(name),
  verifier: Buffer.from('verifier'),
});

suite('restart', ({ start, minor }) => {
  /** A run of the server in which a client makes a file and locks it. The file's handle. */
  async function lockedBefore(m: Machine, who: Partial<ClientOptions>): Promise<Buffer> {
    await using server = await start(m);
    const f = await Files.mount(await server.session(who), '/export');
    const file = await f.open('file', { access: 3, create: 'guarded' });
    await file.lock();
    return file.handle;
  }

  it('needs no grace at its first start, nor after a run without clients', async () => {
    const m = machine();
    {
      await using server = await start(m);
      expect(server.server.stats().inGrace).toBe(false);
    }
    await using server = await start(m);
    expect(server.server.stats().inGrace).toBe(false);
  });

  it('lets a client reclaim its opens and locks, and nobody take them meanwhile', async () => {
    const m = machine();
    const a = { ...identity('a'), minor };
    let handle: Buffer;
    let oldClientId: bigint;
    {
      await using server = await start(m);
      const f = await Files.mount(await server.session(a), '/export');
      const file = await f.open('file', { access: 3, create: 'guarded' });
      await file.write(0, 'before');
      await file.lock({ offset: 0, length: 10 });
      handle = file.handle;
      oldClientId = f.session.client.clientId;
    }
    await using server = await start(m);
    expect(server.server.stats().inGrace).toBe(true);
    const s = await comeBack(server, a);
    expect(s.client.clientId).not.toBe(oldClientId);
    const f = await Files.mount(s, '/export');
    expect(await f.lookup('file')).toEqual(handle);

    const stranger = await Files.mount(await server.session({ ...identity('b'), minor }), '/export');
    await refused(stranger.open('file', { access: 3 }), 'NFS4ERR_GRACE');
    await refused(stranger.open('new', { access: 3, create: 'guarded' }), 'NFS4ERR_GRACE');
    await refused(
      stranger.openHandle(handle, { access: 3, reclaim: true }),
      'NFS4ERR_NO_GRACE',
      'NFS4ERR_RECLAIM_BAD',
    );
    expect((await stranger.stat('file')).size).toBe(6n);

    await refused(f.openHandle(handle, { access: 3 }), 'NFS4ERR_GRACE');
    const file = await f.openHandle(handle, { access: 3, reclaim: true });
    await refused(file.lock({ offset: 0, length: 10 }), 'NFS4ERR_GRACE');
    await file.lock({ offset: 0, length: 10, reclaim: true });
    expect((await file.read(0, 10)).data.toString()).toBe('before');
    await s.reclaimComplete();
    expect(server.server.stats().inGrace).toBe(false);
    await refused(f.openHandle(handle, { access: 3, reclaim: true }), 'NFS4ERR_NO_GRACE');
    const other = await stranger.open('file', { access: 3 });
    await refused(other.lock({ type: LockType.READ, offset: 5, length: 1 }), 'NFS4ERR_DENIED');
  });

  it('answers old sessions, client ids and stateids with the status of each', async () => {
    const m = machine();
    const a = { ...identity('a'), minor };
    const first = await start(m);
    const s = await first.session(a);
    const f = await Files.mount(s, '/export');
    const file = await f.open('file', { access: 3, create: 'guarded' });
    const stateid = file.stateid;
    await first.stop();
    await using server = await start(m);
    const client = server.client(a);
    client.clientId = s.client.clientId;
    client.sequenceId = s.client.sequenceId;
    await refused(client.createSession(), 'NFS4ERR_STALE_CLIENTID');
    const fresh = await comeBack(server, a);
    const old = await fresh.compound([], { sessionId: s.id, sequence: 1, connection: fresh.connections[0]! });
    expect(old.status).toBe(10052);
    await fresh.reclaimComplete();
    const g = await Files.mount(fresh, '/export');
    const again = await g.openHandle(file.handle, { access: 3 });
    await refused(again.read(0, 1, stateid), 'NFS4ERR_STALE_STATEID', 'NFS4ERR_BAD_STATEID');
  });

  it('ends grace with its time, for those who do not come back', async () => {
    const m = machine();
    {
      await using server = await start(m);
      await server.session({ ...identity('gone'), minor });
    }
    await using server = await start({ ...m, gracePeriod: 20 });
    const f = await Files.mount(await server.session({ ...identity('b'), minor }), '/export');
    await refused(f.open('new', { access: 3, create: 'guarded' }), 'NFS4ERR_GRACE');
    m.clock.advance(19);
    await refused(f.open('new', { access: 3, create: 'guarded' }), 'NFS4ERR_GRACE', 'NFS4ERR_BADSESSION');
    m.clock.advance(2);
    const late = await Files.mount(await server.session({ ...identity('c'), minor }), '/export');
    await late.open('new', { access: 3, create: 'guarded' });
    expect(server.events.map((event) => event.type)).toContain('grace_ended');
  });

  it('lets nobody reclaim at a second restart who missed the grace of the first (RFC 8881 §8.4.3)', async () => {
    const m = machine();
    const a = { ...identity('a'), minor };
    const handle = await lockedBefore(m, a);
    const b = { ...identity('b'), minor };
    {
      await using server = await start(m);
      m.clock.advance(11);
      const f = await Files.mount(await server.session(b), '/export');
      const file = await f.open('file', { access: 3 });
      await file.lock();
    }
    await using server = await start(m);
    const f = await Files.mount(await comeBack(server, a), '/export');
    await refused(
      f.openHandle(handle, { access: 3, reclaim: true }),
      'NFS4ERR_NO_GRACE',
      'NFS4ERR_RECLAIM_BAD',
    );
    const g = await Files.mount(await comeBack(server, b), '/export');
    const file = await g.openHandle(handle, { access: 3, reclaim: true });
    await file.lock({ reclaim: true });
  });

  it('lets nobody reclaim at a second restart who came in the first but took nothing back', async () => {
    const m = machine();
    const a = { ...identity('a'), minor };
    const handle = await lockedBefore(m, a);
    {
      await using server = await start(m);
      // A makes a session and falls silent, before it reclaims or says that it is done.
      await comeBack(server, a);
      m.clock.advance(11);
      const f = await Files.mount(await server.session({ ...identity('b'), minor }), '/export');
      const file = await f.open('file', { access: 3 });
      await file.lock();
    }
    await using server = await start(m);
    const f = await Files.mount(await comeBack(server, a), '/export');
    const outcome = f.openHandle(handle, { access: 3, reclaim: true });
    await refused(outcome, 'NFS4ERR_NO_GRACE', 'NFS4ERR_RECLAIM_BAD');
  });

  it('lets nobody reclaim whose expired state was given to another (courtesy, then a restart)', async () => {
    const m = machine();
    const a = { ...identity('a'), minor };
    let handle: Buffer;
    {
      await using server = await start(m);
      const f = await Files.mount(await server.session(a), '/export');
      const file = await f.open('file', { access: 3, create: 'guarded' });
      await file.lock();
      handle = file.handle;
      m.clock.advance(11);
      const g = await Files.mount(await server.session({ ...identity('b'), minor }), '/export');
      const other = await g.open('file', { access: 3 });
      await other.lock();
    }
    await using server = await start({ ...m, stateStore: m.stateStore.afterPowerLoss() });
    const f = await Files.mount(await comeBack(server, a), '/export');
    await refused(
      f.openHandle(handle, { access: 3, reclaim: true }),
      'NFS4ERR_NO_GRACE',
      'NFS4ERR_RECLAIM_BAD',
    );
  });

  it('has its record of a client on stable storage before the client can hold anything', async () => {
    const m = machine();
    const a = { ...identity('a'), minor };
    const server = await start(m);
    const f = await Files.mount(await server.session(a), '/export');
    const { handle } = await f.open('file', { access: 3, create: 'guarded' });
    const stateStore = m.stateStore.afterPowerLoss();
    await server.stop();
    await using next = await start({ ...m, stateStore });
    expect(next.server.stats().inGrace).toBe(true);
    const g = await Files.mount(await comeBack(next, a), '/export');
    await g.openHandle(handle, { access: 3, reclaim: true });
  });

  it('keeps its identity, and waits on through a restart within grace', async () => {
    const m = machine();
    const a = { ...identity('a'), minor };
    const first = await start(m);
    const s = await first.session(a);
    const before = await s.client.exchangeId();
    await first.stop();
    const second = await start(m);
    expect(second.server.stats().inGrace).toBe(true);
    await second.stop();
    await using third = await start(m);
    expect(third.server.stats().inGrace).toBe(true);
    const after = await third.client(a).exchangeId();
    expect(after.serverOwner).toEqual(before.serverOwner);
    expect(after.serverScope).toEqual(before.serverScope);
    expect(after.clientId).not.toBe(before.clientId);
  });
});
