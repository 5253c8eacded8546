import { expect, it } from 'vitest';
import {
  CreateSessionFlag,
  DelegationType,
  Files,
  LockType,
  type OpenFile,
  ops,
  type Session,
  ShareAccess,
  Status,
} from '../../src/client/index.ts';
import { type FileSystem, FileType } from '../../src/vfs/index.ts';
import { follow, Machine } from '../support/machine.ts';
import { seededRandom } from '../support/random.ts';
import { SlowFileSystem } from '../support/slow-fs.ts';
import { refused, suite, until } from '../support/suite.ts';

const STEPS = 40;
const mkdir = (name: string) => ops.create({ type: FileType.DIRECTORY }, name, { mode: 0o755 });

suite('a session outlives the process', ({ start, minor }) => {
  const identity = (name: string) => ({
    ownerId: Buffer.from(name),
    verifier: Buffer.from('verifier'),
    minor,
  });

  it('goes on with its id, its slots, opens and locks, without grace', async () => {
    await using m = await Machine.on(start);
    const f = await Files.mount(await m.server.session(identity('a')), '/export');
    const file = await f.open('file', { access: 3, deny: 2, create: 'guarded' });
    await file.write(0, 'before');
    await file.lock({ offset: 5, length: 10 });
    await m.kill();
    expect(m.server.server.stats()).toMatchObject({
      inGrace: false,
      clients: 1,
      sessions: 1,
      opens: 1,
      locks: 1,
    });
    expect(m.events('state_restored')).toMatchObject([{ sessions: 1, opens: 1, locks: 1, dropped: 0 }]);
    follow(f.session, m.server);
    expect((await file.read(0, 10)).data.toString()).toBe('before');
    const other = await Files.mount(await m.server.session(identity('b')), '/export');
    await refused(other.open('file', { access: 2 }), 'NFS4ERR_SHARE_DENIED');
    const reader = await other.open('file', { access: 1 });
    await refused(reader.lock({ type: LockType.READ, offset: 6, length: 1 }), 'NFS4ERR_DENIED');
    await file.unlock({ offset: 5, length: 10 });
    await reader.lock({ type: LockType.READ, offset: 6, length: 1 });
    await file.close();
    await m.kill();
    expect(m.server.server.stats()).toMatchObject({ opens: 1, locks: 1 });
    follow(f.session, m.server);
    await refused(file.read(0, 1), 'NFS4ERR_BAD_STATEID');
  });

  it('answers what came before from the cache, and runs nothing twice', async () => {
    await using m = await Machine.on(start);
    const f = await Files.mount(await m.server.session(identity('a')), '/export');
    const file = await f.open('file', { access: 3, create: 'guarded' });
    using made = await f.session.prepare([ops.putfh(f.root), mkdir('once'), ops.getfh()], {
      cacheThis: true,
    });
    const first = await made.send(await f.session.connection());
    expect(first.status).toBe(Status.OK);
    using removed = await f.session.prepare([ops.putfh(f.root), ops.remove('file')], { cacheThis: true });
    const second = await removed.send(await f.session.connection());
    expect(second.status).toBe(Status.OK);
    using closed = await f.session.prepare([ops.putfh(file.handle), ops.close(file.stateid)], {
      cacheThis: true,
    });
    const third = await closed.send(await f.session.connection());
    expect(third.status).toBe(Status.OK);
    await m.kill();
    follow(f.session, m.server);
    const connection = await f.session.client.newConnection();
    for (const [request, reply] of [
      [made, first],
      [removed, second],
      [closed, third],
    ] as const) {
      expect((await request.send(connection)).raw.equals(reply.raw)).toBe(true);
    }
    expect(await f.names('')).toEqual(['once']);
    const other = [ops.putfh(f.root), mkdir('other')];
    const place = { slot: made.slot, sequence: made.sequence, cacheThis: true, connection };
    expect((await f.session.compound(other, place)).status).toBe(Status.SEQ_FALSE_RETRY);
  });

  it('answers from the cache what waited for the disk when all was written anew', async () => {
    const slow = new SlowFileSystem();
    await using m = await Machine.on(start, { fileSystem: slow as FileSystem });
    const f = await Files.mount(await m.server.session(identity('a')), '/export');
    const other = await m.server.session(identity('b'));
    using made = await f.session.prepare([ops.putfh(f.root), mkdir('once'), ops.getfh()], {
      cacheThis: true,
    });
    slow.stall();
    const first = made.send(await f.session.connection());
    await until(() => slow.waiting > 0, 'it waits', 30_000);
    // What it answers waits for the record of the other request, and with that for all.
    const { flushes } = m.store.journal;
    await other.renew();
    expect(m.store.journal.flushes).toBeGreaterThan(flushes);
    const left = m.store.killed();
    slow.goOn();
    const reply = await first;
    expect(reply.status).toBe(Status.OK);
    m.store = left;
    await m.kill();
    follow(f.session, m.server);
    expect((await made.send(await f.session.client.newConnection())).raw.equals(reply.raw)).toBe(true);
    expect(await f.names('')).toEqual(['once']);
  });

  it('accepts any later sequence id on a slot whose last requests changed nothing, and then only the next', async () => {
    await using m = await Machine.on(start);
    const s = await m.server.session(identity('a'));
    const f = await Files.mount(s, '/export');
    await f.mkdir('a');
    const at = (sequence: number, connection: Awaited<ReturnType<Session['connection']>>) =>
      s.compound([ops.putrootfh()], { slot: 0, sequence, connection });
    using next = await s.prepare([]);
    expect(next.slot).toBe(0);
    await m.kill();
    follow(s, m.server);
    const connection = await s.client.newConnection();
    expect((await at(next.sequence - 3, connection)).status).toBe(Status.SEQ_MISORDERED);
    expect((await at(next.sequence + 7, connection)).status).toBe(Status.OK);
    expect((await at(next.sequence + 9, connection)).status).toBe(Status.SEQ_MISORDERED);
    expect((await at(next.sequence + 8, connection)).status).toBe(Status.OK);
    expect((await s.compound([], { slot: 9, sequence: 5, connection })).status).toBe(Status.OK);
  });

  it('grants PERSIST where there is a journal, and only there', async () => {
    await using m = await Machine.on(start);
    const flags = CreateSessionFlag.PERSIST | CreateSessionFlag.CONN_BACK_CHAN;
    expect((await m.server.session(identity('a'), { flags })).flags).toBe(flags);
    await using plain = await start();
    expect((await plain.session(identity('a'), { flags })).flags).toBe(CreateSessionFlag.CONN_BACK_CHAN);
  });

  it('grants PERSIST no more once the journal could not be kept; sessions that have it go on', async () => {
    await using m = await Machine.on(start);
    const flags = CreateSessionFlag.PERSIST | CreateSessionFlag.CONN_BACK_CHAN;
    const before = await m.server.session(identity('a'), { flags });
    m.store.journal.isWhole = false;
    expect((await before.compound([])).status).toBe(Status.OK);
    expect((await m.server.session(identity('b'), { flags })).flags).toBe(CreateSessionFlag.CONN_BACK_CHAN);
  });

  it('lets what was gone be gone: closed, destroyed, evicted', async () => {
    await using m = await Machine.on(start);
    const a = await m.server.session(identity('a'));
    const b = await m.server.session(identity('b'));
    const f = await Files.mount(a, '/export');
    await (await f.open('file', { access: 3, create: 'guarded' })).close();
    const second = await a.client.createSession();
    await second.destroy();
    const [evicted] = m.server.server.control.clients().filter(({ owner }) => owner === 'b');
    expect(m.server.server.control.evictClient(evicted!.id)).toBe(true);
    await m.kill();
    expect(m.server.server.stats()).toMatchObject({ clients: 1, sessions: 1, opens: 0 });
    const connection = await m.server.connect();
    for (const dead of [b, second]) {
      follow(dead, m.server);
      const reply = await dead.compound([], {
        sequence: 1,
        sessionId: dead.id,
        connection: await dead.client.newConnection(),
      });
      expect(reply.status).toBe(Status.BADSESSION);
    }
    await connection.close();
  });

  it('never gives a number twice', async () => {
    await using m = await Machine.on(start);
    const f = await Files.mount(await m.server.session(identity('a')), '/export');
    const old = await f.open('file', { access: 3, create: 'guarded' });
    await old.close();
    await m.kill();
    follow(f.session, m.server);
    const fresh = await f.open('file', { access: 3 });
    expect(fresh.stateid.c).not.toBe(old.stateid.c);
    const another = await m.server.session(identity('b'));
    expect(another.client.clientId).not.toBe(f.session.client.clientId);
    expect(another.id.equals(f.session.id)).toBe(false);
  });

  it('has grace and reclaim after a loss of power', async () => {
    await using m = await Machine.on(start);
    const f = await Files.mount(await m.server.session(identity('a')), '/export');
    await f.open('file', { access: 3, create: 'guarded' });
    await m.kill(true);
    expect(m.server.server.stats()).toMatchObject({ inGrace: true, sessions: 0 });
    // Killed within grace: who may reclaim may do so still.
    await m.kill();
    expect(m.server.server.stats().inGrace).toBe(true);
    const client = m.server.client(identity('a'));
    await client.exchangeId();
    const s = await client.createSession();
    const g = await Files.mount(s, '/export');
    const file = await g.openHandle(await g.lookup('file'), { access: 3, reclaim: true });
    await m.kill();
    follow(s, m.server);
    await file.write(0, 'reclaimed');
    await s.reclaimComplete();
    expect(m.server.server.stats().inGrace).toBe(false);
  });

  it('starts cold where a record is damaged', async () => {
    await using m = await Machine.on(start);
    await m.server.session(identity('a'));
    for (const damage of [
      (value: Buffer) => value.subarray(0, value.length - 4),
      (value: Buffer) => Buffer.concat([value, Buffer.alloc(4)]),
    ]) {
      const [key = ''] = m.store.journal.keys('c/');
      m.store.journal.set(key, damage(m.store.journal.get(key)!));
      await m.kill();
      expect(m.events('state_refused')).toHaveLength(1);
      expect(m.server.server.stats()).toMatchObject({ inGrace: true, clients: 0 });
      expect(m.store.journal.keys('c/')).toEqual([]);
      await m.server.session(identity('a'));
    }
  });

  it('keeps delegations, and recalls them over the back channel of the session', async () => {
    await using m = await Machine.on(start, { delegations: true });
    const f = await Files.mount(await m.server.session(identity('a')), '/export');
    await f.writeFile('file', 'x');
    const file = await f.open('file', { access: ShareAccess.READ });
    expect(file.delegation.type).toBe(DelegationType.READ);
    await m.kill();
    follow(f.session, m.server);
    await f.session.bind(await f.session.client.newConnection());
    const other = await Files.mount(await m.server.session(identity('b')), '/export');
    const writer = await other.open('file', { access: ShareAccess.WRITE });
    expect(writer.handle.equals(file.handle)).toBe(true);
    await until(() => m.server.server.control.counters().delegations.returned === 1, 'returned');
  });

  it('knows of a revoked delegation until it is freed', async () => {
    await using m = await Machine.on(start, { delegations: true, delegationRecallTimeout: 1 });
    const f = await Files.mount(await m.server.session(identity('a')), '/export');
    await f.writeFile('file', 'x');
    const file = await f.open('file', { access: ShareAccess.READ });
    const { delegation } = file;
    if (delegation.type !== DelegationType.READ) throw new Error('no delegation');
    f.session.client.callbacks.handlers = { recall: () => Status.OK };
    const other = await Files.mount(await m.server.session(identity('b')), '/export');
    const opened = other.open('file', { access: ShareAccess.WRITE });
    const counts = () => m.server.server.control.counters().delegations;
    await until(() => counts().revoked === 1, 'revoked', 30_000);
    await opened;
    await m.kill();
    follow(f.session, m.server);
    const standing = await f.session.run([ops.testStateid([delegation.stateid])]);
    expect(standing[0]).toEqual([Status.DELEG_REVOKED]);
    await f.session.run([ops.freeStateid(delegation.stateid)]);
    await m.kill();
    follow(f.session, m.server);
    expect((await f.session.run([ops.testStateid([delegation.stateid])]))[0]).toEqual([Status.BAD_STATEID]);
  });

  it.each([1, 2, 3, 4])('holds what it has said, wherever it is killed (seed %i)', async (seed) => {
    await using m = await Machine.on(start);
    const random = seededRandom(seed);
    const pick = (below: number) => Math.floor(random() * below);
    const mounts = [];
    for (const name of ['a', 'b', 'c'])
      mounts.push(await Files.mount(await m.server.session(identity(name)), '/export'));
    const open = new Set<OpenFile>();
    const locked = new Set<OpenFile>();
    const names = new Set<string>();
    for (let step = 0; step < STEPS; step++) {
      const f = mounts[pick(mounts.length)]!;
      const file = [...open][pick(open.size)];
      switch (pick(7)) {
        case 0:
          open.add(await f.open(`f${step}`, { access: 3, create: 'guarded' }));
          names.add(`f${step}`);
          break;
        case 1:
          await file?.lock({ offset: pick(10), length: 1 + pick(10) });
          if (file !== undefined) locked.add(file);
          break;
        case 2:
          if (file !== undefined && locked.delete(file)) await file.unlock();
          break;
        case 3:
          if (file === undefined || locked.has(file)) break;
          await file.close();
          open.delete(file);
          break;
        case 4: {
          const [from] = names;
          if (from === undefined) break;
          using request = await f.session.prepare(
            [ops.putfh(f.root), ops.savefh(), ops.rename(from, `r${step}`)],
            { cacheThis: true },
          );
          const first = await request.send(await f.session.connection());
          await m.kill();
          for (const { session } of mounts) follow(session, m.server);
          const again = await request.send(await f.session.client.newConnection());
          expect(again.status).toBe(Status.OK);
          expect(again.raw.equals(first.raw)).toBe(true);
          names.delete(from);
          names.add(`r${step}`);
          break;
        }
        default:
          await file?.write(0, `step ${step}`);
      }
      expect(m.server.server.stats()).toMatchObject({ opens: open.size, inGrace: false, sessions: 3 });
    }
    await m.kill();
    for (const { session } of mounts) follow(session, m.server);
    expect((await mounts[0]!.names('')).sort()).toEqual([...names].sort());
    for (const file of open) {
      const blocked = await mounts.find((f) => f !== file.files)!.openHandle(file.handle, { access: 1 });
      const held = await blocked.testLock({ offset: 0, type: 2 });
      expect(held !== undefined).toBe(locked.has(file));
      await file.write(0, 'still mine');
    }
  });

  it('drops an open whose file is gone, and nothing else', async () => {
    await using m = await Machine.on(start);
    const f = await Files.mount(await m.server.session(identity('a')), '/export');
    const file = await f.open('file', { access: 3, create: 'guarded' });
    await file.lock();
    const kept = await f.open('kept', { access: 3, create: 'guarded' });
    const { resolve } = m.fileSystem;
    const { inner } = m.fileSystem as unknown as { inner?: FileSystem };
    expect(inner).toBeUndefined();
    m.fileSystem.resolve = (handle) => {
      if (handle.equals(file.handle.subarray(5))) throw new Error('gone');
      return resolve.call(m.fileSystem, handle);
    };
    await m.kill();
    expect(m.events('state_restored')).toMatchObject([{ opens: 1, locks: 0, dropped: 1 }]);
    expect(m.store.journal.keys('o/')).toHaveLength(1);
    expect(m.store.journal.keys('l/')).toHaveLength(0);
    m.fileSystem.resolve = resolve;
    follow(f.session, m.server);
    await refused(file.read(0, 1), 'NFS4ERR_BAD_STATEID');
    await kept.write(0, 'x');
  });
});
