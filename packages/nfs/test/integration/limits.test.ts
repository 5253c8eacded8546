import { expect, it } from 'vitest';
import { Attr, DEFAULT_FORE, Files, ops, type Session, Status } from '../../src/client/index.ts';
import type { TestServer } from '../support/server.ts';
import { refused, rpcRefused, suite } from '../support/suite.ts';

suite('limits', ({ start, files, session, minor }) => {
  const small = async (server: TestServer, fore: Partial<typeof DEFAULT_FORE>): Promise<Session> => {
    const client = server.client({ minor });
    await client.exchangeId();
    const s = await client.createSession({ fore: { ...DEFAULT_FORE, ...fore } });
    await s.reclaimComplete();
    return s;
  };

  it('counts the operations of a COMPOUND', async () => {
    await using server = await start();
    const s = await small(server, { maxOperations: 8 });
    const max = s.fore.maxOperations;
    const fill = (count: number) => Array.from({ length: count }, () => ops.putrootfh());
    expect((await s.compound(fill(max - 1))).status).toBe(Status.OK);
    const over = await s.compound(fill(max));
    expect(over.status).toBe(Status.TOO_MANY_OPS);
    expect(over.sequence?.op).toBe(53);
    expect((await s.compound(fill(1))).status).toBe(Status.OK);
  });

  it('refuses a request larger than the session allows before it looks into it', async () => {
    await using server = await start();
    const s = await small(server, { maxRequest: 600 });
    const max = s.fore.maxRequest;
    expect(max).toBeLessThanOrEqual(600);
    const reply = await s.compound([ops.putrootfh(), ops.lookup('n'.repeat(700))]);
    expect(reply.status).toBe(Status.REQ_TOO_BIG);
    await s.renew();
  });

  it('refuses what would not fit the reply, and has then changed nothing', async () => {
    await using server = await start();
    const f = await files(server);
    await f.mkdir('d');
    const s = await small(server, { maxResponse: 600, maxCached: 300 });
    const g = await Files.mount(s, '/export');
    const many = Array.from({ length: 20 }, () => ops.getattr([Attr.TYPE, Attr.FILEHANDLE]));
    expect((await s.compound([ops.putfh(g.root), ...many])).status).toBe(Status.REP_TOO_BIG);
    const gets = Array.from({ length: 18 }, () => ops.getfh());
    const made = await s.compound([
      ops.putfh(g.root),
      ...gets,
      ops.create({ type: 2 }, 'new', { mode: 0o755 }),
    ]);
    expect(made.status).toBe(Status.REP_TOO_BIG);
    expect(await f.names('')).toEqual(['d']);
    const file = await f.writeFile('file', Buffer.alloc(5000, 1));
    const read = await s.compound([ops.putfh(file), ops.read({ seqid: 0, a: 0, b: 0, c: 0 }, 0, 5000)]);
    if (read.status === Status.OK) expect(read.raw.length).toBeLessThanOrEqual(600);
    else expect(read.status).toBe(Status.REP_TOO_BIG);
    const list = await s.compound([ops.putfh(g.root), ops.readdir({ maxCount: 100_000 })]);
    expect(list.raw.length).toBeLessThanOrEqual(600);
  });

  it('bounds READ and WRITE', async () => {
    await using server = await start({ limits: { maxReadSize: 64 * 1024, maxWriteSize: 64 * 1024 } });
    const f = await files(server);
    const attributes = await f.getattr('', [Attr.MAXREAD, Attr.MAXWRITE]);
    expect(attributes).toEqual({ maxRead: 65_536n, maxWrite: 65_536n });
    await f.writeFile('file', Buffer.alloc(60_000, 1));
    const file = await f.open('file', { access: 3 });
    await file.write(60_000, Buffer.alloc(60_000, 1));
    expect((await file.read(0, 1024 * 1024)).data.length).toBeLessThanOrEqual(65_536);
    expect((await file.read(0, 0xffffffff)).data.length).toBeLessThanOrEqual(65_536);
    const big = f.session.compound([
      ops.putfh(file.handle),
      ops.write(file.stateid, 0, Buffer.alloc(100_000)),
    ]);
    await big.then(
      (reply) => expect([Status.REQ_TOO_BIG, Status.OK, Status.BADXDR, Status.INVAL]).toContain(reply.status),
      (error: unknown) => rpcRefused(Promise.reject(error), 'RPC_CLOSED', 'RPC_GARBAGE_ARGS'),
    );
  });

  it('bounds tags, owners, and lists of every kind', async () => {
    await using server = await start();
    const s = await session(server);
    const { client } = s;
    await s.compound([], { tag: 't'.repeat(1000) });
    await rpcRefused(s.compound([], { tag: 't'.repeat(100_000) }), 'RPC_GARBAGE_ARGS', 'RPC_CLOSED');
    await refused(client.exchangeId({ ownerId: Buffer.alloc(1025) }), 'NFS4ERR_BADXDR');
    const f = await Files.mount(s, '/export');
    const owner = { clientId: client.clientId, owner: Buffer.alloc(1025) };
    await refused(f.open('x', { access: 3, create: 'guarded', owner }), 'NFS4ERR_BADXDR');
    const stateids = Array.from({ length: 5000 }, (_, i) => ({ seqid: 1, a: i, b: i, c: i }));
    const reply = await s.compound([ops.testStateid(stateids)]);
    expect([Status.OK, Status.BADXDR, Status.INVAL, Status.REP_TOO_BIG]).toContain(reply.status);
    await s.renew();
  });

  it('has only so many clients, sessions and opens', async () => {
    await using server = await start({
      limits: { maxClients: 3, maxSessionsPerClient: 2, maxOpensPerClient: 4 },
    });
    const f = await files(server);
    const { client } = f.session;
    await client.createSession();
    await refused(client.createSession(), 'NFS4ERR_NOSPC', 'NFS4ERR_DELAY');
    for (let i = 0; i < 4; i++) await f.open(`f${i}`, { access: 3, create: 'guarded' });
    const over = await f.session.compound([
      ops.putfh(f.root),
      ops.open({
        access: 3,
        owner: f.owner,
        claim: { claim: 0, name: 'f4' },
        create: { mode: 1, attributes: { mode: 0o644 } },
      }),
    ]);
    expect([Status.DELAY, Status.NOSPC]).toContain(over.status);
    await server.client({ minor }).exchangeId();
    await server.client({ minor }).exchangeId();
    const outcome = await server
      .client({ minor })
      .compound([ops.exchangeId({ ownerId: Buffer.from('fourth'), verifier: Buffer.alloc(8) })]);
    expect([Status.DELAY, Status.OK]).toContain(outcome.status);
    expect(server.server.stats().clients).toBeLessThanOrEqual(3);
  });
});
