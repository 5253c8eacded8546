import { describe, expect, it } from 'vitest';
import {
  AcceptStat,
  BindFromClient,
  CbOp,
  DelegationType,
  type Files,
  LockType,
  type OpenFile,
  ops,
  type RpcConnection,
  readAuthSys,
  SequenceStatus,
  ShareAccess,
  Status,
} from '../../src/client/index.ts';
import { startServer, type TestServer, type TestServerOptions } from '../support/server.ts';
import { bothOpen, refused, sleep, until } from '../support/suite.ts';
import { seen } from './support.ts';

const DOWN = SequenceStatus.CB_PATH_DOWN | SequenceStatus.CB_PATH_DOWN_SESSION;
/** Callbacks fail quickly here. */
const IMPATIENT: TestServerOptions = { callbackTimeout: 0.2 };

interface Scene {
  readonly holder: Files;
  readonly waiter: Files;
  /** Makes the server call the waiter: resolves when it has unlocked what the waiter wants. */
  notify(): Promise<void>;
}

/** Two clients and a lock: the server calls the one who waits for it (CB_NOTIFY_LOCK). */
async function scene(server: TestServer): Promise<Scene> {
  const [holder, waiter] = [await server.files(), await server.files()];
  const { a, b } = await bothOpen(holder, waiter);
  return { holder, waiter, notify: () => contend(a, b) };
}

async function contend(a: OpenFile, b: OpenFile): Promise<void> {
  await a.lock();
  await refused(b.lock({ type: LockType.WRITEW }), 'NFS4ERR_DENIED');
  await a.unlock();
}

/** Calls that come over these connections are not answered. */
function deafen(files: Files, ...connections: readonly RpcConnection[]): void {
  const { handlers } = files.session.client.callbacks;
  handlers.intercept = ({ connection }) => (connections.includes(connection) ? 'drop' : undefined);
}

const flags = async (files: Files, connection?: RpcConnection) =>
  (await files.session.renew(connection === undefined ? {} : { connection })).statusFlags & DOWN;

const results = (server: TestServer) => Object.fromEntries(server.server.control.counters().callbacks);

describe('the back channel', () => {
  it('row 4: uses the flavor and the user that the client asked for', async () => {
    await using server = await startServer();
    const { waiter, notify } = await scene(server);
    const security = [{ flavor: 0 as const }, { flavor: 1 as const, credential: { uid: 4711, gid: 12 } }];
    const program = waiter.session.client.callbacks.program;
    await waiter.session.run([ops.backchannelCtl(program, security)]);
    const called = waiter.session.client.callbacks.waitFor(CbOp.NOTIFY_LOCK);
    await notify();
    const { credential } = await called;
    expect(credential.flavor).toBe(1);
    expect(readAuthSys(credential.body)).toMatchObject({ uid: 4711, gid: 12 });
  });

  it('row 7: walks every connection of every session before it gives up: the path moves within one callback', async () => {
    await using server = await startServer(IMPATIENT);
    const { waiter, notify } = await scene(server);
    const s = waiter.session;
    for (let i = 0; i < 3; i++) await s.addConnection(BindFromClient.FORE_OR_BOTH);
    const other = await s.client.newConnection();
    await s.client.createSession({}, { connection: other });
    deafen(waiter, ...s.connections);
    await notify();
    await until(() => results(server)['NOTIFY_LOCK NFS4_OK'] === 1, 'the callback has arrived');
    const took = s.client.callbacks.received.map(({ connection }) => connection);
    expect(new Set(took)).toEqual(new Set([...s.connections, other]));
    expect(took.at(-1)).toBe(other);
  });

  it('callback path moves to another connection within one recall (of a delegation)', async () => {
    await using server = await startServer({ ...IMPATIENT, delegations: true });
    const [a, b] = [await server.files(), await server.files()];
    await a.writeFile('f', 'data');
    const file = await a.open('f', { access: ShareAccess.READ });
    const { delegation } = file;
    if (delegation.type !== DelegationType.READ) throw new Error('no delegation');
    const second = await a.session.addConnection(BindFromClient.FORE_OR_BOTH);
    const { callbacks } = a.session.client;
    callbacks.handlers.recall = () => {
      void a.session.run([ops.putfh(file.handle), ops.delegreturn(delegation.stateid)]);
      return Status.OK;
    };
    deafen(a, a.session.connections[0]!);
    await b.setattr('f', { mode: 0o600 });
    const recalls = callbacks.received.filter((call) => call.ops[1]?.op === CbOp.RECALL);
    expect(recalls.map(({ connection }) => connection)).toEqual([a.session.connections[0], second]);
    // One recall, and one call of it, sent twice: the same slot and sequence id.
    expect(results(server)).toEqual({ 'RECALL NFS4_OK': 1 });
    expect(recalls[0]!.ops[0]).toEqual(recalls[1]!.ops[0]);
    expect(server.server.control.counters().delegations).toMatchObject({
      recalled: 1,
      returned: 1,
      revoked: 0,
    });
  });

  it('row 9: is down when no connection is left that can carry it, though others are bound', async () => {
    await using server = await startServer();
    const { waiter } = await scene(server);
    const s = waiter.session;
    const fore = await s.addConnection();
    await s.renew({ connection: fore });
    expect(seen(server, s).backChannel).toBe('unproven');
    await s.connections[0]!.close();
    await until(() => seen(server, s).summary.total === 1, 'one is left');
    expect(seen(server, s).backChannel).toBe('down');
    expect(await flags(waiter, fore)).toBe(DOWN);
  });

  it('row 12: is marked down when a call fails, and the client is told; row 11: a new BIND has it probed again', async () => {
    await using server = await startServer(IMPATIENT);
    const { waiter, notify } = await scene(server);
    const s = waiter.session;
    const [connection] = s.connections;
    deafen(waiter, connection!);
    expect(await flags(waiter)).toBe(0);
    await notify();
    await until(() => results(server)['NOTIFY_LOCK unreachable'] === 1, 'the callback has failed');
    expect(await flags(waiter)).toBe(DOWN);
    expect(seen(server, s).backChannel).toBe('down');
    expect(server.server.control.client(seen(server, s).client)?.backChannel).toBe('down');
    // The same direction again changes no binding, and takes the mark away.
    await s.bind(connection!, BindFromClient.FORE_OR_BOTH);
    expect(await flags(waiter)).toBe(0);
    expect(seen(server, s).backChannel).toBe('unproven');
    delete s.client.callbacks.handlers.intercept;
    await notify();
    await until(() => results(server)['NOTIFY_LOCK NFS4_OK'] === 1, 'the callback has arrived');
    expect(seen(server, s).backChannel).toBe('up');
  });

  it('CB_PATH_DOWN stays away while another session can be reached', async () => {
    await using server = await startServer();
    const { waiter } = await scene(server);
    const s = waiter.session;
    const other = await s.client.newConnection();
    await s.client.createSession({}, { connection: other });
    await s.connections[0]!.close();
    await s.renew({ connection: other });
    await until(() => seen(server, s).summary.both === 0, 'the path is gone');
    expect(await flags(waiter, other)).toBe(SequenceStatus.CB_PATH_DOWN_SESSION);
  });

  it('row 13: has its slots free again after failures, and does not mistake one call for another', async () => {
    await using server = await startServer(IMPATIENT);
    const { waiter, notify } = await scene(server);
    const s = waiter.session;
    const { callbacks } = s.client;
    // More failures than there are slots: some of them arrive, and only their replies are lost.
    callbacks.handlers.intercept = async (call) => {
      if (call.ops[1]?.op !== CbOp.NOTIFY_LOCK) return undefined;
      return callbacks.received.length % 2 === 0 ? 'drop' : AcceptStat.SYSTEM_ERR;
    };
    for (let i = 1; i <= s.back.maxRequests + 2; i++) {
      await notify();
      await until(() => results(server)['NOTIFY_LOCK unreachable'] === i, 'it has failed');
    }
    delete callbacks.handlers.intercept;
    const before = callbacks.received.length;
    await notify();
    await until(() => results(server)['NOTIFY_LOCK NFS4_OK'] === 1, 'one arrives');
    expect(callbacks.received.length).toBeGreaterThan(before);
  });

  it('goes on with the slot when a call was executed and its reply was lost', async () => {
    await using server = await startServer(IMPATIENT);
    const { waiter, notify } = await scene(server);
    const { callbacks } = waiter.session.client;
    let executed = 0;
    callbacks.handlers.notifyLock = async () => {
      executed++;
      if (executed === 1) await sleep(300);
      return Status.OK;
    };
    await notify();
    await until(() => results(server)['NOTIFY_LOCK unreachable'] === 1, 'its reply is late');
    await sleep(150);
    await notify();
    await until(() => executed === 2, 'the next call is executed, not answered from the cache of the first');
    await until(() => results(server)['NOTIFY_LOCK NFS4_OK'] === 1, 'and counted');
  });

  it('carries several calls at once, on slots of their own', async () => {
    await using server = await startServer({ delegations: true });
    const [a, b] = [await server.files(), await server.files()];
    const { callbacks } = a.session.client;
    const open: OpenFile[] = [];
    for (let i = 0; i < 5; i++) {
      await a.writeFile(`f${i}`, 'data');
      open.push(await a.open(`f${i}`, { access: ShareAccess.READ }));
    }
    const gate = Promise.withResolvers<void>();
    const returned: Promise<unknown>[] = [];
    callbacks.handlers.recall = async (args) => {
      await gate.promise;
      const file = open.find(({ handle }) => handle.equals(args.handle))!;
      returned.push(a.session.run([ops.putfh(file.handle), ops.delegreturn(args.stateid)]));
      return Status.OK;
    };
    const changes = Promise.all(open.map((_, i) => b.setattr(`f${i}`, { mode: 0o600 })));
    await until(() => callbacks.received.length === 5, 'five calls are under way');
    const slots = callbacks.received.map(({ ops: [first] }) =>
      first?.op === CbOp.SEQUENCE ? first.slot : -1,
    );
    expect(new Set(slots).size).toBe(5);
    gate.resolve();
    await changes;
    await Promise.all(returned);
  });

  it('row 14: sends nothing by itself when sessions are made: the bind is trusted', async () => {
    await using server = await startServer();
    const sessions = await Promise.all(Array.from({ length: 50 }, () => server.session()));
    await sleep(50);
    expect(sessions.map(({ client }) => client.callbacks.received.length)).toEqual(sessions.map(() => 0));
    expect(seen(server, sessions[0]!).backChannel).toBe('unproven');
  });

  it('row 15: a recall that nobody answers is driven again over a new session, and is not revoked before its time', async () => {
    await using server = await startServer({ ...IMPATIENT, delegations: true, delegationRecallTimeout: 10 });
    const [a, b] = [await server.files(), await server.files()];
    await a.writeFile('f', 'data');
    const file = await a.open('f', { access: ShareAccess.READ });
    const { delegation } = file;
    if (delegation.type !== DelegationType.READ) throw new Error('no delegation');
    deafen(a, a.session.connections[0]!);
    const waits = b.setattr('f', { mode: 0o600 });
    await until(() => (results(server)['RECALL unreachable'] ?? 0) > 0, 'the recall has failed');
    expect(server.server.control.counters().delegations.revoked).toBe(0);
    const { callbacks } = a.session.client;
    callbacks.handlers.recall = () => {
      void a.session.run([ops.putfh(file.handle), ops.delegreturn(delegation.stateid)]);
      return Status.OK;
    };
    await a.session.client.createSession({}, { connection: await a.session.client.newConnection() });
    await waits;
    expect(server.server.control.counters().delegations).toMatchObject({ returned: 1, revoked: 0 });
  }, 20_000);

  it('a client that says DELAY to CB_SEQUENCE is asked again, over the same connection', async () => {
    await using server = await startServer({ delegations: true });
    const [a, b] = [await server.files(), await server.files()];
    await a.writeFile('f', 'data');
    const file = await a.open('f', { access: ShareAccess.READ });
    const { delegation } = file;
    if (delegation.type !== DelegationType.READ) throw new Error('no delegation');
    const { callbacks } = a.session.client;
    let calls = 0;
    callbacks.handlers.recall = () => {
      if (++calls < 3) return Status.DELAY;
      void a.session.run([ops.putfh(file.handle), ops.delegreturn(delegation.stateid)]);
      return Status.OK;
    };
    await b.setattr('f', { mode: 0o600 });
    expect(calls).toBe(3);
    expect(seen(server, a.session).backChannel).toBe('up');
  });
});
