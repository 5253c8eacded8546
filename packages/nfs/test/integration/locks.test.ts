import { expect, it } from 'vitest';
import {
  ANONYMOUS_STATEID,
  CbOp,
  type Files,
  LockType,
  NfsStatusError,
  type OpenFile,
  ops,
  ShareAccess,
  Status,
  UINT64_MAX,
} from '../../src/client/index.ts';
import { bothOpen, refused, suite, tryLock } from '../support/suite.ts';

const ownerOf = (files: Files, name: string) => ({
  clientId: files.session.client.clientId,
  owner: Buffer.from(name),
});

suite('byte-range locks', ({ start, files }) => {
  it('conflicts between clients and between owners, and tells with whom', async () => {
    await using server = await start();
    const { one, two, a, b } = await bothOpen(await files(server), await files(server));
    const held = ownerOf(one, 'holder');
    await a.lock({ offset: 10, length: 20, owner: held });
    for (const [file, owner] of [
      [b, ownerOf(two, 'other')],
      [a, ownerOf(one, 'other')],
    ] as const) {
      const error = await refused(file.lock({ offset: 0, length: 11, owner }), 'NFS4ERR_DENIED');
      expect(error.body).toMatchObject({
        offset: 10n,
        length: 20n,
        type: LockType.WRITE,
        owner: { owner: held.owner },
      });
      expect(await file.testLock({ offset: 29, length: 1, owner })).toMatchObject({
        offset: 10n,
        length: 20n,
      });
      expect(await file.testLock({ offset: 30, owner })).toBeUndefined();
      expect(await file.testLock({ offset: 0, length: 10, owner })).toBeUndefined();
    }
    expect(await a.testLock({ offset: 0, owner: held })).toBeUndefined();
    await b.lock({ offset: 30, length: 5 });
    expect(server.server.stats().locks).toBe(2);
  });

  it('shares read locks, upgrades and downgrades, splits and joins ranges', async () => {
    await using server = await start();
    const { a, b } = await bothOpen(await files(server), await files(server));
    await a.lock({ type: LockType.READ, offset: 0, length: 100 });
    await b.lock({ type: LockType.READ, offset: 50, length: 100 });
    await refused(a.lock({ type: LockType.WRITE, offset: 0, length: 100 }), 'NFS4ERR_DENIED');
    await a.lock({ type: LockType.WRITE, offset: 0, length: 50 });
    await b.unlock({ offset: 60, length: 10 });
    await a.lock({ type: LockType.WRITE, offset: 60, length: 10 });
    await refused(a.lock({ type: LockType.WRITE, offset: 59, length: 1 }), 'NFS4ERR_DENIED');
    await a.lock({ type: LockType.READ, offset: 0, length: 50 });
    await b.lock({ type: LockType.READ, offset: 0, length: 50 });
    await a.unlock();
    await b.unlock();
    expect(server.server.stats().locks).toBe(0);
    await a.lock({ offset: 0, length: 10 });
    await a.lock({ offset: 10, length: 10 });
    await a.unlock({ offset: 5, length: 10 });
    expect(await b.testLock({ offset: 5, length: 10 })).toBeUndefined();
    expect(await b.testLock({ offset: 0, length: 20 })).toMatchObject({ offset: 0n, length: 5n });
    expect(await b.testLock({ offset: 15, length: 20 })).toMatchObject({ offset: 15n, length: 5n });
  });

  it('checks ranges', async () => {
    await using server = await start();
    const f = await files(server);
    const a = await f.open('file', { access: 3, create: 'guarded' });
    await refused(a.lock({ offset: 0, length: 0 }), 'NFS4ERR_INVAL');
    await refused(a.lock({ offset: 2n ** 63n, length: 2n ** 63n + 1n }), 'NFS4ERR_INVAL');
    await refused(a.lock({ offset: UINT64_MAX, length: 2 }), 'NFS4ERR_INVAL');
    await refused(a.lock({ offset: UINT64_MAX, length: 1 }), 'NFS4ERR_INVAL');
    await a.lock({ offset: UINT64_MAX - 1n, length: 1 });
    await a.lock({ offset: UINT64_MAX - 5n, length: UINT64_MAX });
    await a.unlock();
    await refused(a.testLock({ offset: 0, length: 0 }), 'NFS4ERR_INVAL');
    const bad = ops.lockt(7, 0, 1, ownerOf(f, 'x'));
    await refused(f.last([ops.putfh(a.handle)], bad), 'NFS4ERR_BADXDR', 'NFS4ERR_INVAL');
  });

  it('wants the open to permit the lock', async () => {
    await using server = await start();
    const f = await files(server);
    await f.writeFile('file', 'x');
    const reader = await f.open('file', { access: ShareAccess.READ });
    await refused(reader.lock({ type: LockType.WRITE }), 'NFS4ERR_OPENMODE');
    await reader.lock({ type: LockType.READ });
    const writer = await f.open('file', { access: ShareAccess.WRITE, owner: ownerOf(f, 'w') });
    await refused(writer.lock({ type: LockType.READ, owner: ownerOf(f, 'w') }), 'NFS4ERR_OPENMODE');
    await f.mkdir('d');
    await refused(f.last(f.to('d'), ops.lockt(LockType.READ, 0, 1, f.owner)), 'NFS4ERR_ISDIR');
    const stateid = { seqid: 1, a: 9, b: 9, c: 9 };
    const locker = { openStateid: stateid, owner: f.owner };
    const lock = ops.lock({ type: LockType.READ, offset: 0, length: 1, locker });
    await refused(f.last([ops.putfh(reader.handle)], lock), 'NFS4ERR_BAD_STATEID', 'NFS4ERR_STALE_STATEID');
    const anonymous = ops.lock({
      type: 1,
      offset: 0,
      length: 1,
      locker: { openStateid: ANONYMOUS_STATEID, owner: f.owner },
    });
    await refused(f.last([ops.putfh(reader.handle)], anonymous), 'NFS4ERR_BAD_STATEID');
  });

  it('counts lock stateids, and lets I/O use them', async () => {
    await using server = await start();
    const f = await files(server);
    const a = await f.open('file', { access: 3, create: 'guarded' });
    const first = await a.lock({ offset: 0, length: 1 });
    const second = await a.lock({ offset: 5, length: 1 });
    expect(second).toEqual({ ...first, seqid: first.seqid + 1 });
    await a.write(0, 'x', undefined, second);
    await refused(a.write(0, 'x', undefined, first), 'NFS4ERR_OLD_STATEID');
    await a.write(0, 'x', undefined, { ...second, seqid: 0 });
    await refused(f.session.run([ops.freeStateid(second)]), 'NFS4ERR_LOCKS_HELD');
    await a.unlock();
    const free = a.lockStateids.values().next().value!;
    await f.session.run([ops.freeStateid(free)]);
    const [codes] = await f.session.run([ops.testStateid([free])]);
    expect(codes[0]).toBe(Status.BAD_STATEID);
    await a.close();
  });

  it('closes a file with locks, or says that locks are held, and leaves none behind', async () => {
    await using server = await start();
    const [one, two] = [await files(server), await files(server)];
    const a = await one.open('file', { access: 3, create: 'guarded' });
    await a.lock();
    await a.close().catch(async (error: unknown) => {
      if (!(error instanceof NfsStatusError) || error.status !== Status.LOCKS_HELD) throw error;
      await a.unlock();
      await a.close();
    });
    const b = await two.open('file', { access: 3 });
    await b.lock();
    expect(server.server.stats()).toMatchObject({ opens: 1, locks: 1 });
  });

  it('tells a waiter by CB_NOTIFY_LOCK when its range is free', async () => {
    await using server = await start();
    const { one, two, a, b } = await bothOpen(await files(server), await files(server));
    await a.lock({ offset: 0, length: 10 });
    const waiting = ownerOf(two, 'waiting');
    await refused(b.lock({ type: LockType.WRITEW, offset: 5, length: 10, owner: waiting }), 'NFS4ERR_DENIED');
    const notified = two.session.client.callbacks.waitFor(CbOp.NOTIFY_LOCK);
    await a.unlock({ offset: 0, length: 10 });
    const call = await notified;
    expect(call.ops[1]).toMatchObject({
      op: CbOp.NOTIFY_LOCK,
      handle: b.handle,
      owner: { owner: waiting.owner },
    });
    await b.lock({ type: LockType.WRITEW, offset: 5, length: 10, owner: waiting });
    expect(one.session.client.callbacks.received).toEqual([]);
  });

  it('lets exactly one of many clients have a lock at a time', async () => {
    await using server = await start();
    const mounts = await Promise.all(Array.from({ length: 6 }, () => files(server)));
    await mounts[0]!.writeFile('file', '0');
    let holders = 0;
    let most = 0;
    const work = async (file: OpenFile) => {
      for (let i = 0; i < 10; i++) {
        while (!(await tryLock(file))) await file.files.session.renew();
        holders++;
        most = Math.max(most, holders);
        const value = Number((await file.read(0, 10)).data.toString());
        await file.write(0, String(value + 1));
        holders--;
        await file.unlock();
      }
    };
    await Promise.all(mounts.map(async (f) => work(await f.open('file', { access: 3 }))));
    expect(most).toBe(1);
    expect((await mounts[0]!.readFile('file')).toString()).toBe('60');
  });
});
