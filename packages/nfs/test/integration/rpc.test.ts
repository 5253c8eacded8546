import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  AUTH_NONE,
  authSys,
  encodeCall,
  encodeCompound,
  fragmentHeader,
  NFS_PROGRAM,
  NFS_VERSION,
  nextXid,
  ops,
  Procedure,
  type RpcConnection,
  toFragments,
} from '../../src/client/index.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { rpcRefused, sleep, until } from '../support/suite.ts';

const NOTHING = Buffer.alloc(0);
const AUTH_BADCRED = 1;
const AUTH_REJECTEDCRED = 2;

const nullCall = (xid = nextXid()) =>
  encodeCall({ xid, program: NFS_PROGRAM, version: NFS_VERSION, procedure: Procedure.NULL }, NOTHING);

const ping = (connection: RpcConnection) =>
  connection.call(NFS_PROGRAM, NFS_VERSION, Procedure.NULL, NOTHING, { timeoutMs: 5_000 });

/** The server is well: it serves a client that behaves. */
async function stillServes(server: TestServer): Promise<void> {
  const f = await server.files();
  const name = `proof${randomBytes(4).toString('hex')}`;
  await f.mkdir(name);
  await f.remove(name);
  expect(server.faults).toEqual([]);
}

describe('RPC', () => {
  it('answers NULL to anybody, and counts the versions it has for those who ask for others', async () => {
    await using server = await startServer();
    const connection = await server.connect();
    expect((await ping(connection)).remaining).toBe(0);
    await rpcRefused(connection.call(100_005, 4, 0, NOTHING), 'RPC_PROG_UNAVAIL');
    for (const version of [2, 3, 5]) {
      const error = await rpcRefused(connection.call(NFS_PROGRAM, version, 0, NOTHING), 'RPC_PROG_MISMATCH');
      expect(error.versions).toEqual({ low: 4, high: 4 });
    }
    await rpcRefused(connection.call(NFS_PROGRAM, 4, 2, NOTHING), 'RPC_PROC_UNAVAIL');
    const mismatch = await rpcRefused(
      connection.call(NFS_PROGRAM, 4, 0, NOTHING, { rpcVersion: 3 }),
      'RPC_VERS_MISMATCH',
    );
    expect(mismatch.versions).toEqual({ low: 2, high: 2 });
    expect((await ping(connection)).remaining).toBe(0);
  });

  it('refuses credentials that are none', async () => {
    await using server = await startServer();
    const connection = await server.connect();
    const body = encodeCompound([ops.putrootfh()]);
    const call = (credential: { flavor: number; body: Buffer }) =>
      connection.call(NFS_PROGRAM, NFS_VERSION, Procedure.COMPOUND, body, { credential });
    const good = authSys({ uid: 1, gid: 1 });
    const bad = [
      { flavor: 1, body: NOTHING },
      { flavor: 1, body: good.body.subarray(0, 8) },
      authSys({ uid: 1, gid: 1, groups: Array.from({ length: 17 }, (_, i) => i) }),
      authSys({ uid: 1, gid: 1, machine: 'm'.repeat(300) }),
      { flavor: 1, body: Buffer.concat([good.body, Buffer.alloc(4)]) },
    ];
    for (const [index, credential] of bad.entries()) {
      const error = await call(credential).then(
        () => undefined,
        (thrown: unknown) => rpcRefused(Promise.reject(thrown), 'RPC_AUTH_ERROR', 'RPC_GARBAGE_ARGS'),
      );
      // Bytes behind a credential harm nobody; a server may take it.
      if (index < bad.length - 1) expect(error?.authStat).toBe(AUTH_BADCRED);
    }
    for (const flavor of [2, 3, 6, 390_003]) {
      const error = await rpcRefused(call({ flavor, body: NOTHING }), 'RPC_AUTH_ERROR');
      expect([AUTH_BADCRED, AUTH_REJECTEDCRED, 5]).toContain(error.authStat);
    }
    await call(AUTH_NONE);
    await call(authSys({ uid: 1, gid: 1, groups: Array.from({ length: 16 }, (_, i) => i) }));
    const longAuth = { flavor: 1, body: Buffer.alloc(401) };
    await rpcRefused(call(longAuth), 'RPC_AUTH_ERROR', 'RPC_GARBAGE_ARGS', 'RPC_CLOSED');
    await stillServes(server);
  });

  it('answers GARBAGE_ARGS to a COMPOUND that does not decode', async () => {
    await using server = await startServer();
    const connection = await server.connect();
    const whole = encodeCompound([ops.putrootfh()], { tag: 'tag' });
    const bad = [
      NOTHING,
      whole.subarray(0, 3),
      whole.subarray(0, 8),
      whole.subarray(0, 12),
      Buffer.concat([Buffer.from('ffffffff', 'hex'), whole]),
      encodeCompound([], { count: 0xffffffff }),
    ];
    for (const args of bad) {
      await rpcRefused(
        connection.call(NFS_PROGRAM, NFS_VERSION, Procedure.COMPOUND, args),
        'RPC_GARBAGE_ARGS',
      );
    }
    expect((await ping(connection)).remaining).toBe(0);
    await stillServes(server);
  });

  it('takes records in fragments of any size', async () => {
    await using server = await startServer();
    const f = await server.files();
    const data = randomBytes(50_000);
    await f.writeFile('file', data);
    const handle = await f.lookup('file');
    for (const size of [1, 2, 3, 4, 5, 7, 100, 4098]) {
      const fragments = Array.from({ length: Math.min(500, Math.ceil(60_000 / size)) }, () => size);
      const [, got] = await f.session.run(
        [ops.putfh(handle), ops.read({ seqid: 0, a: 0, b: 0, c: 0 }, 0, 50_000)],
        { fragments },
      );
      expect(got.data.equals(data)).toBe(true);
    }
    const file = await f.open('file', { access: 3 });
    const write = ops.write(file.stateid, 0, data);
    await f.session.run([ops.putfh(handle), write], { fragments: Array.from({ length: 12 }, () => 4098) });
    expect((await f.readFile('file')).equals(data)).toBe(true);
  });

  it('takes records that arrive byte by byte, or many at once', async () => {
    await using server = await startServer();
    const connection = await server.connect();
    const xids = Array.from({ length: 5 }, () => nextXid());
    const replies = xids.map((xid) => connection.expectReply(xid));
    const bytes = Buffer.concat(xids.map((xid) => toFragments(nullCall(xid), [8, 0, 16])));
    for (let at = 0; at < bytes.length; at += 7) {
      connection.sendBytes(bytes.subarray(at, at + 7));
      if (at % 70 === 0) await sleep(1);
    }
    await Promise.all(replies);
    const many = Array.from({ length: 300 }, () => nextXid());
    const waiting = many.map((xid) => connection.expectReply(xid));
    connection.sendBytes(Buffer.concat(many.map((xid) => toFragments(nullCall(xid)))));
    await Promise.all(waiting);
  });

  it('closes a connection that announces too much, and takes no memory for it', async () => {
    await using server = await startServer();
    const before = process.memoryUsage().arrayBuffers;
    for (const length of [0x7fffffff, 0x40000000, 8 * 1024 * 1024]) {
      for (const last of [true, false]) {
        const connection = await server.connect();
        connection.sendBytes(Buffer.concat([fragmentHeader(length, last), Buffer.alloc(1000)]));
        await within(connection.closed, 'the connection is closed');
      }
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
    await stillServes(server);
  });

  it('closes a connection that sends fragments without end', async () => {
    await using server = await startServer();
    for (const size of [0, 1, 64 * 1024]) {
      const connection = await server.connect();
      const fragment = Buffer.concat([fragmentHeader(size, false), Buffer.alloc(size, 1)]);
      const burst = Buffer.concat(Array.from({ length: 50 }, () => fragment));
      let closed = false;
      void connection.closed.then(() => {
        closed = true;
      });
      for (let i = 0; i < 200 && !closed; i++) {
        connection.sendBytes(burst);
        await sleep(1);
      }
      await within(connection.closed, 'the connection is closed');
    }
    await stillServes(server);
  });

  it('closes a connection whose records are no RPC', async () => {
    await using server = await startServer();
    const cases = [
      toFragments(NOTHING),
      toFragments(Buffer.from('abc')),
      toFragments(Buffer.alloc(8, 0xff)),
      Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
      Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'),
      Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]),
    ];
    for (const bytes of cases) {
      const connection = await server.connect();
      connection.sendBytes(bytes);
      connection.halfClose();
      await within(connection.closed, 'the connection is closed');
    }
    await stillServes(server);
  });

  it('lets half a record wait, without harm to others', async () => {
    await using server = await startServer();
    const lazy = await Promise.all(Array.from({ length: 20 }, () => server.connect()));
    for (const connection of lazy) {
      connection.sendBytes(toFragments(nullCall()).subarray(0, 17));
    }
    await stillServes(server);
    for (const connection of lazy.slice(0, 10)) connection.reset();
    await stillServes(server);
    expect(lazy.slice(10).every((connection) => connection.isOpen)).toBe(true);
  });

  it('takes replies that nobody asked for, and calls on the back channel, without harm', async () => {
    await using server = await startServer();
    const connection = await server.connect();
    const reply = Buffer.alloc(24);
    reply.writeUInt32BE(77, 0);
    reply.writeUInt32BE(1, 4);
    connection.sendRecord(reply);
    connection.sendRecord(reply.subarray(0, 8));
    expect((await ping(connection)).remaining).toBe(0);
    await stillServes(server);
  });

  it('stops reading from a peer that does not read, and goes on when it does', async () => {
    await using server = await startServer();
    const f = await server.files();
    await f.writeFile('big', Buffer.alloc(1024 * 1024, 5));
    const handle = await f.lookup('big');
    const other = await server.files();
    const connection = await f.session.addConnection();
    await f.session.renew({ connection });
    connection.pause();
    const requests = await Promise.all(
      Array.from({ length: 24 }, () =>
        f.session.prepare([ops.putfh(handle), ops.read({ seqid: 0, a: 0, b: 0, c: 0 }, 0, 1024 * 1024)]),
      ),
    );
    const replies = requests.map((request) => request.send(connection));
    await sleep(100);
    await other.stat('');
    connection.resume();
    for (const reply of await Promise.all(replies)) expect(reply.values()[1].data.length).toBe(1024 * 1024);
  });

  it('lets go of a peer that sends garbage and reads nothing', async () => {
    await using server = await startServer();
    const f = await server.files();
    await f.writeFile('big', Buffer.alloc(1024 * 1024, 5));
    const handle = await f.lookup('big');
    const connection = await f.session.addConnection();
    await f.session.renew({ connection });
    connection.pause();
    const request = [ops.putfh(handle), ops.read({ seqid: 0, a: 0, b: 0, c: 0 }, 0, 1024 * 1024)] as const;
    const lost: Promise<unknown>[] = [];
    for (let i = 0; i < 7; i++) lost.push((await f.session.prepare(request)).send(connection));
    connection.sendBytes(Buffer.alloc(64, 0xff));
    const outcomes = Promise.allSettled(lost);
    await until(() => server.server.stats().connections === 1, 'the connection is gone', 20_000);
    connection.resume();
    await outcomes;
    await stillServes(server);
  });

  it('survives connections that come and go in every way', async () => {
    await using server = await startServer();
    await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        const connection = await server.connect();
        connection.sendBytes(toFragments(nullCall()));
        if (i % 3 === 0) connection.reset();
        else if (i % 3 === 1) connection.halfClose();
        else await connection.close();
        await connection.closed;
      }),
    );
    await until(() => server.server.stats().connections === 0, 'no connection is left');
    await stillServes(server);
  });

  it('refuses more connections than its limit', async () => {
    await using server = await startServer({ limits: { maxConnections: 3 } });
    const three = await Promise.all([server.connect(), server.connect(), server.connect()]);
    for (const connection of three) await ping(connection);
    const fourth = await server.connect();
    await within(fourth.closed, 'the fourth is closed');
    await three[0]!.close();
    await until(() => server.server.stats().connections === 2, 'one is gone');
    await ping(await server.connect());
  });
});

async function within(promise: Promise<unknown>, what: string): Promise<void> {
  const late = sleep(5_000).then(() => 'late');
  if ((await Promise.race([promise, late])) === 'late') throw new Error(`not within 5 s: ${what}`);
}
