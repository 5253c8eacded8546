import { expect, it } from 'vitest';
import {
  BindFromClient,
  CbOp,
  LockType,
  type OpenFile,
  readAuthSys,
  SequenceStatus,
  Status,
} from '../../src/client/index.ts';
import { bothOpen, refused, suite, until } from '../support/suite.ts';

suite('the back channel', ({ start, files, minor }) => {
  /** A lock that `b` waits for and `a` holds. */
  const contend = async (a: OpenFile, b: OpenFile) => {
    await a.lock();
    await refused(b.lock({ type: LockType.WRITEW }), 'NFS4ERR_DENIED');
  };

  it('carries CB_SEQUENCE with the session, slot and sequence id that are due, and the credential asked for (row 4)', async () => {
    await using server = await start();
    const { two, a, b } = await bothOpen(await files(server), await files(server));
    const { callbacks } = two.session.client;
    for (let round = 1; round <= 3; round++) {
      await contend(a, b);
      await a.unlock();
      await until(() => callbacks.received.length === round, `callback ${round}`);
      const call = callbacks.received.at(-1)!;
      expect(call.ops[0]).toMatchObject({
        op: CbOp.SEQUENCE,
        sessionId: two.session.id,
        slot: 0,
        sequence: round,
      });
      expect(call.ops[1]?.op).toBe(CbOp.NOTIFY_LOCK);
      expect(call.minor).toBe(minor);
      expect(call.program).toBe(callbacks.program);
      expect(readAuthSys(call.credential.body)).toMatchObject({ uid: 0, gid: 0 });
      await b.lock();
      await b.unlock();
    }
  });

  it('moves to another connection when the first is gone (row 7)', async () => {
    await using server = await start();
    const { two, a, b } = await bothOpen(await files(server), await files(server));
    const second = await two.session.addConnection(BindFromClient.FORE_OR_BOTH);
    await two.session.connections[0]!.close();
    await until(() => server.server.stats().connections === 2, 'the connection is gone');
    await contend(a, b);
    const called = two.session.client.callbacks.waitFor(CbOp.NOTIFY_LOCK);
    await a.unlock();
    expect((await called).connection).toBe(second);
  });

  it('of a lock waits for a connection where there is none', async () => {
    await using server = await start();
    const { two, a, b } = await bothOpen(await files(server), await files(server));
    await contend(a, b);
    await two.session.connections[0]!.close();
    await until(() => server.server.stats().connections === 1, 'the connection is gone');
    await a.unlock();
    const called = two.session.client.callbacks.waitFor(CbOp.NOTIFY_LOCK, 30_000);
    const fresh = await two.session.addConnection(BindFromClient.FORE_OR_BOTH);
    expect((await called).connection).toBe(fresh);
  });

  it('of a lock comes again to a client that is busy', async () => {
    await using server = await start();
    const { two, a, b } = await bothOpen(await files(server), await files(server));
    let calls = 0;
    two.session.client.callbacks.handlers = {
      notifyLock: () => (++calls < 3 ? Status.DELAY : Status.OK),
    };
    await contend(a, b);
    await a.unlock();
    await until(() => calls === 3, 'the third call', 30_000);
    const results = () => Object.fromEntries(server.server.control.counters().callbacks);
    await until(() => results()['NOTIFY_LOCK NFS4_OK'] === 1, 'its reply');
    expect(results()['NOTIFY_LOCK NFS4ERR_DELAY']).toBe(2);
  });

  it('does not go over a connection that was bound by SEQUENCE alone (row 2)', async () => {
    await using server = await start();
    const { two, a, b } = await bothOpen(await files(server), await files(server));
    const fore = await two.session.addConnection();
    await two.session.renew({ connection: fore });
    await contend(a, b);
    const called = two.session.client.callbacks.waitFor(CbOp.NOTIFY_LOCK);
    await a.unlock();
    expect((await called).connection).toBe(two.session.connections[0]);
  });

  it('survives clients that answer badly, late or not at all', async () => {
    await using server = await start();
    const { one, two, a, b } = await bothOpen(await files(server), await files(server));
    const { callbacks } = two.session.client;
    const answers = [
      () => 'drop',
      () => 5,
      () => Buffer.alloc(0),
      () => Buffer.alloc(40, 0xff),
      () => Buffer.from('x'),
    ] as const;
    for (const answer of answers) {
      callbacks.handlers = { intercept: () => answer() as Buffer };
      await contend(a, b);
      await a.unlock();
      await until(() => callbacks.received.length > 0, 'a callback');
      callbacks.received.length = 0;
      await b.lock();
      await b.unlock();
    }
    const flags = (await two.session.renew()).statusFlags;
    expect(
      flags &
        ~(
          SequenceStatus.CB_PATH_DOWN |
          SequenceStatus.CB_PATH_DOWN_SESSION |
          SequenceStatus.BACKCHANNEL_FAULT
        ),
    ).toBe(0);
    await one.session.renew();
  });
});
