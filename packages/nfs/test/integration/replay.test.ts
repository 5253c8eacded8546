import { expect, it } from 'vitest';
import { type ClientOp, DEFAULT_FORE, ops, Status } from '../../src/client/index.ts';
import { FileType } from '../../src/vfs/index.ts';
import { MemoryFileSystem } from '../support/memory-fs.ts';
import { refused, suite, until } from '../support/suite.ts';
import { TroubledFileSystem } from '../support/troubled-fs.ts';

const mkdir = (name: string) => ops.create({ type: FileType.DIRECTORY }, name, { mode: 0o755 });

suite('exactly once', ({ start, files, session, minor }) => {
  it('answers a retransmission from the cache, on the same and on another connection', async () => {
    await using server = await start();
    const f = await files(server);
    const s = f.session;
    const second = await s.addConnection();
    const third = await s.addConnection();
    using request = await s.prepare([ops.putfh(f.root), mkdir('once'), ops.getfh()], { cacheThis: true });
    const first = await request.send(s.connections[0]!);
    expect(first.status).toBe(Status.OK);
    for (const connection of [s.connections[0]!, second, third]) {
      const again = await request.send(connection);
      expect(again.raw.equals(first.raw)).toBe(true);
    }
    expect(await f.names('')).toEqual(['once']);
  });

  it('caches errors too', async () => {
    await using server = await start();
    const f = await files(server);
    await f.mkdir('there');
    using request = await f.session.prepare([ops.putfh(f.root), mkdir('there')], { cacheThis: true });
    const connection = await f.session.connection();
    const first = await request.send(connection);
    expect(first.status).toBe(Status.EXIST);
    await f.remove('there');
    expect((await request.send(connection)).raw.equals(first.raw)).toBe(true);
    expect(await f.names('')).toEqual([]);
  });

  it('runs an uncached request once, and says so when it comes again', async () => {
    await using server = await start();
    const f = await files(server);
    using request = await f.session.prepare([ops.putfh(f.root), mkdir('once')]);
    const connection = await f.session.connection();
    const first = await request.send(connection);
    expect(first.status).toBe(Status.OK);
    const again = await request.send(connection);
    if (again.status !== Status.OK) expect(again.status).toBe(Status.RETRY_UNCACHED_REP);
    else expect(again.raw.equals(first.raw)).toBe(true);
    expect(await f.names('')).toEqual(['once']);
    using next = await f.session.prepare([ops.putfh(f.root), ops.getfh()], { slot: request.slot + 1 });
    expect((await next.send(connection)).status).toBe(Status.OK);
  });

  it('tells a false retry from a retransmission', async () => {
    await using server = await start();
    const f = await files(server);
    const s = f.session;
    const connection = await s.connection();
    using request = await s.prepare([ops.putfh(f.root), mkdir('first')], { cacheThis: true });
    await request.send(connection);
    const place = { slot: request.slot, sequence: request.sequence, cacheThis: true, connection };
    const other = await s.compound([ops.putfh(f.root), mkdir('other')], place);
    expect(other.status).toBe(Status.SEQ_FALSE_RETRY);
    const longer: ClientOp[] = [ops.putfh(f.root), mkdir('first'), ops.getfh()];
    expect((await s.compound(longer, place)).status).toBe(Status.SEQ_FALSE_RETRY);
    expect(await f.names('')).toEqual(['first']);
    expect((await request.send(connection)).status).toBe(Status.OK);
  });

  it("wants each slot's sequence ids in order, and moves on only when it has accepted one", async () => {
    await using server = await start();
    const s = await session(server);
    const connection = await s.connection();
    const at = (slot: number, sequence: number, more = {}) =>
      s.compound([ops.putrootfh()], { slot, sequence, connection, ...more });
    expect((await at(5, 2)).status).toBe(Status.SEQ_MISORDERED);
    expect((await at(5, 0)).status).toBe(Status.SEQ_MISORDERED);
    expect((await at(5, 1)).status).toBe(Status.OK);
    expect((await at(5, 3)).status).toBe(Status.SEQ_MISORDERED);
    expect((await at(5, 0)).status).toBe(Status.SEQ_MISORDERED);
    expect((await at(5, 2, { highestSlot: 4 })).status).toBe(Status.BAD_HIGH_SLOT);
    const fourMany = Array.from({ length: s.fore.maxOperations }, () => ops.putrootfh());
    expect((await s.compound(fourMany, { slot: 5, sequence: 2, connection })).status).toBe(
      Status.TOO_MANY_OPS,
    );
    // Row 16: the errors above have left the slot where it was.
    expect((await at(5, 2)).status).toBe(Status.OK);
    expect((await at(s.fore.maxRequests, 1)).status).toBe(Status.BADSLOT);
    expect((await at(0xffffffff, 1)).status).toBe(Status.BADSLOT);
    expect((await at(0, 1, { sessionId: Buffer.alloc(16, 9) })).status).toBe(Status.BADSESSION);
    const echo = await s.compound([], { slot: 5, sequence: 3, connection });
    expect(echo.sequence?.value).toMatchObject({ sessionId: s.id, sequence: 3, slot: 5 });
  });

  it('lets the sequence id of a slot start over after its largest', async () => {
    await using server = await start();
    const s = await session(server);
    // 2^32 requests cannot be sent: what can be seen is that 0 does not follow 1.
    const connection = await s.connection();
    await s.compound([], { slot: 3, sequence: 1, connection });
    expect((await s.compound([ops.putrootfh()], { slot: 3, sequence: 0xffffffff, connection })).status).toBe(
      Status.SEQ_MISORDERED,
    );
  });

  it('never runs a request twice while its first run is still going on (row 22)', async () => {
    const slow = new TroubledFileSystem(new MemoryFileSystem(), { asynchronous: true });
    await using server = await start({ fileSystem: slow as never });
    const f = await files(server);
    const s = f.session;
    const second = await s.addConnection();
    let runs = 0;
    const inner = slow.inner.createObject.bind(slow.inner);
    slow.inner.createObject = (...args) => {
      runs++;
      return inner(...args);
    };
    using request = await s.prepare([ops.putfh(f.root), mkdir('slow'), ops.getfh()], { cacheThis: true });
    const replies = await Promise.all([
      request.send(s.connections[0]!),
      request.send(second),
      request.send(second),
      request.send(s.connections[0]!),
    ]);
    const done = replies.filter((reply) => reply.status !== Status.DELAY);
    expect(done.length).toBeGreaterThan(0);
    for (const reply of done) expect(reply.raw.equals(done[0]!.raw)).toBe(true);
    expect(runs).toBe(1);
  });

  it('keeps the reply for another connection when the first goes before it is answered', async () => {
    const slow = new TroubledFileSystem(new MemoryFileSystem(), { asynchronous: true });
    await using server = await start({ fileSystem: slow as never });
    const f = await files(server);
    const s = f.session;
    const lost = await s.addConnection();
    await s.renew({ connection: lost });
    using request = await s.prepare([ops.putfh(f.root), mkdir('lost'), ops.getfh()], { cacheThis: true });
    const pending = request.send(lost).catch((error: { code: string }) => error.code);
    await until(() => server.server.stats().requests > 0, 'requests counted');
    lost.reset();
    expect(await pending).toBe('RPC_CLOSED');
    const reply = await request.send(s.connections[0]!);
    expect(reply.status).toBe(Status.OK);
    expect(await f.names('')).toEqual(['lost']);
  });

  it('gives the cached reply as long as it fits the cache, and refuses before it runs what cannot', async () => {
    await using server = await start();
    const client = server.client({ minor });
    await client.exchangeId();
    const s = await client.createSession({ fore: { ...DEFAULT_FORE, maxCached: 400 } });
    await s.reclaimComplete();
    const { Files } = await import('../../src/client/index.ts');
    const f = await Files.mount(s, '/export');
    const before = await f.names('');
    const list = [ops.putfh(f.root), ...Array.from({ length: 12 }, () => ops.getfh())];
    const tooBig = await s.compound([...list, mkdir('never')], { cacheThis: true });
    expect(tooBig.status).toBe(Status.REP_TOO_BIG_TO_CACHE);
    expect(await f.names('')).toEqual(before);
    expect((await s.compound(list)).status).toBe(Status.OK);
    const small = await client.createSession({ fore: { ...DEFAULT_FORE, maxCached: 10 } });
    expect((await small.compound([], { cacheThis: true })).status).toBe(Status.REP_TOO_BIG_TO_CACHE);
    await small.renew();
  });

  it('takes requests on many slots at once and answers each by its xid', async () => {
    await using server = await start();
    const f = await files(server);
    for (let i = 0; i < 3; i++) await f.session.addConnection();
    await Promise.all(Array.from({ length: 200 }, (_, i) => f.mkdir(`d${i}`)));
    expect((await f.names('')).length).toBe(200);
    expect(f.session.connections.reduce((sum, connection) => sum + connection.strayReplies, 0)).toBe(0);
    await refused(f.mkdir('d7'), 'NFS4ERR_EXIST');
  });
});
