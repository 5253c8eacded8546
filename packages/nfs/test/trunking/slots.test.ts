import { describe, expect, it } from 'vitest';
import {
  CbOp,
  DEFAULT_FORE,
  type NfsClient,
  ops,
  type Session,
  ShareAccess,
  Status,
} from '../../src/client/index.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/suite.ts';
import { Gate, mkdir, seen } from './support.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

const fore = (maxRequests: number) => ({ fore: { ...DEFAULT_FORE, maxRequests } });

/** One request on each of `count` slots, all at once; what was refused is a failure. */
async function fill(session: Session, count: number): Promise<void> {
  const requests = await Promise.all(
    Array.from({ length: count }, (_, slot) => session.prepare([ops.putrootfh()], { slot })),
  );
  const connection = await session.connection();
  const replies = await Promise.all(requests.map((request) => request.send(connection)));
  for (const request of requests) request.release();
  expect(replies.map(({ status }) => status)).toEqual(replies.map(() => Status.OK));
}

const slots = (server: TestServer, session: Session) => seen(server, session).slots;

describe('slots', () => {
  it('different ones on different connections run at once', async () => {
    const gate = new Gate();
    await using server = await startServer({ fileSystem: gate.fileSystem });
    const f = await server.files();
    const s = f.session;
    for (let i = 0; i < 3; i++) await s.addConnection();
    const requests = await Promise.all(
      s.connections.map((_, i) => s.prepare([ops.putfh(f.root), mkdir(`d${i}`)])),
    );
    const replies = Promise.all(requests.map((request, i) => request.send(s.connections[i]!)));
    await until(() => gate.reached === 4, 'all four run');
    expect(slots(server, s).inUse).toBe(4);
    gate.release();
    expect((await replies).map(({ status }) => status)).toEqual([0, 0, 0, 0]);
    expect(slots(server, s).inUse).toBe(0);
  });

  it('row 16: stay where they were when SEQUENCE is refused', async () => {
    await using server = await startServer();
    const s = await server.session();
    const many = Array.from({ length: s.fore.maxOperations }, () => ops.putrootfh());
    const [connection] = s.connections;
    for (const [request, options, status] of [
      [many, {}, Status.TOO_MANY_OPS],
      [[], { highestSlot: 2 }, Status.BAD_HIGH_SLOT],
      [[], { sequence: 7 }, Status.SEQ_MISORDERED],
    ] as const) {
      const place = { slot: 3, sequence: 1, connection: connection!, ...options };
      expect((await s.compound([...request], place)).status).toBe(status);
    }
    // Had one of them advanced the slot, this would be taken for a retransmission.
    const place = { slot: 3, sequence: 1, connection: connection! };
    expect((await s.compound([ops.putrootfh()], place)).status).toBe(Status.OK);
    const { sequenceErrors, replays } = server.server.control.counters();
    expect(replays).toBe(0);
    expect(Object.fromEntries(sequenceErrors)).toEqual({
      NFS4ERR_TOO_MANY_OPS: 1,
      NFS4ERR_BAD_HIGH_SLOT: 1,
      NFS4ERR_SEQ_MISORDERED: 1,
    });
  });

  it('row 17: tell another request from the same one sent again', async () => {
    await using server = await startServer();
    const f = await server.files();
    const s = f.session;
    using request = await s.prepare([ops.putfh(f.root), mkdir('one')], { cacheThis: true });
    const [connection] = s.connections;
    const first = await request.send(connection!);
    const place = {
      slot: request.slot,
      sequence: request.sequence,
      cacheThis: true,
      connection: connection!,
    };
    expect((await s.compound([ops.putfh(f.root), mkdir('two')], place)).status).toBe(Status.SEQ_FALSE_RETRY);
    expect((await request.send(connection!)).raw).toEqual(first.raw);
    expect(await f.names('')).toEqual(['one']);
    expect(server.server.control.counters().replays).toBe(1);
  });

  it('row 17: tell a WRITE of other bytes from the same one sent again, though all else is alike', async () => {
    await using server = await startServer();
    const f = await server.files();
    const s = f.session;
    const { handle, stateid } = await f.open('file', { create: 'unchecked', access: ShareAccess.BOTH });
    for (const [size, from, to] of [
      [2 * KIB, 1500, 1501],
      [8 * KIB, 8 * KIB - 1, 8 * KIB],
      [64 * KIB, 64 * KIB - 1, 64 * KIB],
      // Of a large request samples are looked at: the smallest page that a client writes is never between two of them.
      [MIB, 300 * KIB, 304 * KIB],
      [MIB, 517 * KIB, 518 * KIB + 8],
    ] as const) {
      const bytes = Buffer.alloc(size, 1);
      const other = Buffer.from(bytes).fill(2, from, to);
      const write = (data: Buffer) => [ops.putfh(handle), ops.write(stateid, 0n, data)] as const;
      using request = await s.prepare(write(bytes), { cacheThis: true });
      const [connection] = s.connections;
      expect((await request.send(connection!)).status).toBe(Status.OK);
      const place = {
        slot: request.slot,
        sequence: request.sequence,
        cacheThis: true,
        connection: connection!,
      };
      expect((await s.compound(write(other), place)).status, `${size}: ${from}`).toBe(Status.SEQ_FALSE_RETRY);
      expect((await request.send(connection!)).status).toBe(Status.OK);
    }
    expect(server.server.control.counters().replays).toBe(5);
    expect((await f.readFile('file')).every((byte) => byte === 1)).toBe(true);
  });

  it('row 22: give a retransmission on another connection the reply of the first run, while that runs and after', async () => {
    const gate = new Gate();
    await using server = await startServer({ fileSystem: gate.fileSystem });
    const f = await server.files();
    const s = f.session;
    const second = await s.addConnection();
    using request = await s.prepare([ops.putfh(f.root), mkdir('once')], { cacheThis: true });
    const replies = [request.send(s.connections[0]!)];
    await until(() => gate.reached === 1, 'the first runs');
    replies.push(request.send(second), request.send(second));
    await until(() => server.server.control.counters().replays === 2, 'the others wait');
    gate.release();
    const [first, ...others] = await Promise.all(replies);
    for (const other of others) expect(other.raw).toEqual(first!.raw);
    expect((await request.send(second)).raw).toEqual(first!.raw);
    expect([gate.reached, gate.passed]).toEqual([1, 1]);
  });

  it('row 8: of a destroyed session let nobody wait for ever', async () => {
    const gate = new Gate();
    await using server = await startServer({ fileSystem: gate.fileSystem });
    const f = await server.files();
    const s = f.session;
    const [one, two] = [await s.addConnection(), await s.addConnection()];
    using request = await s.prepare([ops.putfh(f.root), mkdir('held')], { cacheThis: true });
    const running = request.send(s.connections[0]!);
    await until(() => gate.reached === 1, 'the first runs');
    const waiting = [request.send(one), request.send(two)];
    await until(() => server.server.control.counters().replays === 2, 'two wait');
    expect(server.server.control.destroySession(s.id.toString('hex'))).toBe(true);
    for (const reply of await Promise.all(waiting)) expect(reply.status).toBe(Status.BADSESSION);
    gate.release();
    expect((await running).status).toBe(Status.OK);
    expect((await request.send(one)).status).toBe(Status.BADSESSION);
    expect(gate.passed).toBe(1);
    const { replyCacheBytes, sessionsDestroyed } = server.server.control.counters();
    expect(replyCacheBytes).toBe(0);
    expect(sessionsDestroyed.evicted).toBe(1);
  });

  it('row 30: grow with use beyond the first 64, up to the bound', async () => {
    await using server = await startServer({ limits: { maxSessionSlots: 200 } });
    const client = server.client();
    await client.exchangeId();
    const s = await client.createSession(fore(64));
    expect(s.fore.maxRequests).toBe(64);
    expect((await s.compound([], { slot: 64, sequence: 1 })).status).toBe(Status.BADSLOT);
    await fill(s, 64);
    expect(s.slots.limit).toBe(128);
    await fill(s, 128);
    await fill(s, 200);
    expect(slots(server, s)).toMatchObject({ granted: 200, target: 200, touched: 200 });
    expect((await s.renew()).targetHighestSlot).toBe(199);
  });

  it('are no more than a client wants that wants few', async () => {
    await using server = await startServer();
    const client = server.client();
    await client.exchangeId();
    const s = await client.createSession(fore(5));
    await fill(s, 5);
    await fill(s, 5);
    expect((await s.renew()).targetHighestSlot).toBe(4);
    expect((await s.compound([], { slot: 5, sequence: 1 })).status).toBe(Status.BADSLOT);
  });
});

describe('the reply cache', () => {
  /** Replies of about 200 bytes, each in its slot. */
  async function cache(session: Session, from: number, to: number): Promise<Status[]> {
    const statuses: Status[] = [];
    for (let slot = from; slot < to; slot++) {
      const list = [ops.putrootfh(), ...Array.from({ length: 12 }, () => ops.getfh())];
      using request = await session.prepare(list, { slot, cacheThis: true });
      statuses.push((await request.send(await session.connection())).status);
    }
    return statuses;
  }

  it('is bounded in bytes: slots are asked back, then requests wait, and no reply is dropped that may be asked for', async () => {
    await using server = await startServer({ limits: { maxReplyCacheBytes: 8 * 1024 } });
    const client: NfsClient = server.client();
    await client.exchangeId();
    const s = await client.createSession(fore(64));
    using kept = await s.prepare([ops.putrootfh(), ops.getfh()], { slot: 62, cacheThis: true });
    const first = await kept.send(await s.connection());
    const statuses = await cache(s, 0, 60);
    const refused = statuses.indexOf(Status.DELAY);
    expect(refused).toBeGreaterThan(8);
    expect(statuses.slice(0, refused).every((status) => status === Status.OK)).toBe(true);
    expect(server.server.control.counters().replyCacheBytes).toBeLessThan(9 * 1024);
    // What is cached is still there, and a session gets on: on its first slots, and on those that replace a reply.
    expect((await kept.send(await s.connection())).raw).toEqual(first.raw);
    expect(await cache(s, 0, 8)).toEqual(Array.from({ length: 8 }, () => Status.OK));
    const recalled = await client.callbacks.waitFor(CbOp.RECALL_SLOT);
    expect(recalled.ops[1]).toMatchObject({ targetHighestSlot: 31 });
    // The client has heard of it, and has nothing outstanding above: those slots go, and their replies.
    await until(() => slots(server, s).target < 64, 'slots are asked back');
    kept.release();
    for (let i = 0; i < 3; i++) await s.renew({ slot: 1, highestSlot: 1 });
    expect(slots(server, s).granted).toBeLessThan(64);
    expect((await kept.send(await s.connection())).status).toBe(Status.BADSLOT);
    expect(server.server.control.counters().replyCacheBytes).toBeLessThan(8 * 1024);
  });

  it('takes no slot back while the client may still ask for its reply', async () => {
    await using server = await startServer({ limits: { maxReplyCacheBytes: 6 * 1024 } });
    const client = server.client();
    await client.exchangeId();
    const s = await client.createSession(fore(64));
    using high = await s.prepare([ops.putrootfh(), ops.getfh()], { slot: 62, cacheThis: true });
    const first = await high.send(await s.connection());
    await cache(s, 0, 60);
    await client.callbacks.waitFor(CbOp.RECALL_SLOT);
    // It says with each request that slot 62 is not done with.
    for (let i = 0; i < 4; i++) await s.renew({ slot: 2, highestSlot: 62 });
    expect(slots(server, s).granted).toBe(64);
    expect((await high.send(await s.connection())).raw).toEqual(first.raw);
  });

  it('lets a slot that was taken back start over at 1, or go on, when it is offered again', async () => {
    await using server = await startServer({ limits: { maxReplyCacheBytes: 6 * 1024 } });
    const client = server.client();
    await client.exchangeId();
    const s = await client.createSession(fore(64));
    await fill(s, 63);
    await cache(s, 0, 60);
    await client.callbacks.waitFor(CbOp.RECALL_SLOT);
    await until(() => slots(server, s).target <= 32, 'slots are asked back');
    for (let i = 0; i < 3; i++) await s.renew({ slot: 1, highestSlot: 1 });
    const { granted } = slots(server, s);
    expect(granted).toBeLessThanOrEqual(32);
    server.server.control.configure({ limits: { maxReplyCacheBytes: 1024 * 1024 } });
    const top = granted - 1;
    using request = await s.prepare([], { slot: top });
    const connection = await s.connection();
    expect((await request.send(connection)).status).toBe(Status.OK);
    expect(slots(server, s).granted).toBe(granted * 2);
    const at = (slot: number, sequence: number) => s.compound([], { slot, sequence, connection });
    expect((await at(top + 1, 1)).status).toBe(Status.OK);
    expect((await at(top + 2, 2)).status).toBe(Status.OK);
    expect((await at(top + 3, 3)).status).toBe(Status.SEQ_MISORDERED);
    expect((await at(top + 1, 1)).status).toBe(Status.OK);
    expect(server.server.control.counters().replays).toBe(1);
  });
});
