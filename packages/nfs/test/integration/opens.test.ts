import { expect, it } from 'vitest';
import {
  Attr,
  authSys,
  CreateMode,
  type Files,
  OpenClaim,
  OpenResultFlag,
  OpenWant,
  ops,
  ShareAccess,
  ShareDeny,
  Status,
} from '../../src/client/index.ts';
import { refused, suite } from '../support/suite.ts';

const ownerOf = (files: Files, name: string) => ({
  clientId: files.session.client.clientId,
  owner: Buffer.from(name),
});

suite('opens', ({ start, files, session }) => {
  it('creates UNCHECKED, GUARDED, EXCLUSIVE4 and EXCLUSIVE4_1', async () => {
    await using server = await start();
    const f = await files(server);
    const a = await f.open('a', { access: 3, create: 'unchecked', attributes: { mode: 0o640 } });
    expect(a.set).toContain(Attr.MODE);
    await a.write(0, 'content');
    await f.open('a', { access: 3, create: 'unchecked', attributes: { mode: 0o777 } });
    expect(await f.stat('a')).toMatchObject({ mode: 0o640, size: 7n });
    await f.open('a', { access: 3, create: 'unchecked', attributes: { size: 0 } });
    expect((await f.stat('a')).size).toBe(0n);
    await refused(f.open('a', { access: 3, create: 'guarded' }), 'NFS4ERR_EXIST');
    for (const create of ['exclusive', 'exclusive4_1'] as const) {
      const verifier = Buffer.from('verifier');
      const first = await f.open(create, { access: 3, create, verifier });
      const again = await f.open(create, { access: 3, create, verifier });
      expect(again.handle).toEqual(first.handle);
      await refused(
        f.open(create, { access: 3, create, verifier: Buffer.from('another!') }),
        'NFS4ERR_EXIST',
      );
    }
    expect((await f.stat('exclusive4_1')).mode).toBe(0o644);
    const owned = { mode: 0o600, owner: '3', timeModify: { sec: 5, nsec: 0 } } as const;
    const outcome = await f.open('x', { access: 3, create: 'exclusive4_1', attributes: owned }).then(
      () => 'NFS4_OK',
      (error: { code: string }) => error.code,
    );
    const allowed = (await f.getattr('', [Attr.SUPPATTR_EXCLCREAT])).suppattrExclcreat!;
    expect(outcome).toBe(allowed.includes(Attr.TIME_MODIFY_SET) ? 'NFS4_OK' : 'NFS4ERR_INVAL');
  });

  it('counts one state for an owner and a file, its share the union', async () => {
    await using server = await start();
    const f = await files(server);
    const one = await f.open('a', { access: ShareAccess.WRITE, create: 'guarded' });
    expect(one.stateid.seqid).toBe(1);
    const two = await f.open('a', { access: ShareAccess.READ });
    expect(two.stateid).toEqual({ ...one.stateid, seqid: 2 });
    await refused(one.write(0, 'x'), 'NFS4ERR_OLD_STATEID');
    await two.write(0, 'x');
    await two.read(0, 1);
    expect(server.server.stats().opens).toBe(1);
    await two.close();
    await refused(two.read(0, 1), 'NFS4ERR_BAD_STATEID');
    expect(server.server.stats().opens).toBe(0);
  });

  it('upgrades and downgrades', async () => {
    await using server = await start();
    const f = await files(server);
    await f.writeFile('a', 'x');
    const file = await f.open('a', { access: ShareAccess.READ, deny: ShareDeny.NONE });
    await file.upgrade({ access: ShareAccess.WRITE, deny: ShareDeny.WRITE });
    await file.write(0, 'y');
    const other = { access: ShareAccess.WRITE, owner: ownerOf(f, 'other') };
    await refused(f.open('a', other), 'NFS4ERR_SHARE_DENIED');
    await file.downgrade(ShareAccess.READ, ShareDeny.NONE);
    await refused(file.write(0, 'z'), 'NFS4ERR_OPENMODE');
    const writer = await f.open('a', other);
    await refused(file.downgrade(ShareAccess.BOTH), 'NFS4ERR_INVAL');
    await refused(file.downgrade(0), 'NFS4ERR_INVAL', 'NFS4ERR_BADXDR');
    await writer.close();
    await file.close();
  });

  it('keeps share reservations between owners and clients', async () => {
    await using server = await start();
    const [one, two] = [await files(server), await files(server)];
    await one.writeFile('a', 'x');
    const cases: readonly (readonly [number, number, number, number, boolean])[] = [
      [ShareAccess.READ, ShareDeny.NONE, ShareAccess.BOTH, ShareDeny.NONE, true],
      [ShareAccess.READ, ShareDeny.WRITE, ShareAccess.WRITE, ShareDeny.NONE, false],
      [ShareAccess.READ, ShareDeny.WRITE, ShareAccess.READ, ShareDeny.NONE, true],
      [ShareAccess.WRITE, ShareDeny.NONE, ShareAccess.READ, ShareDeny.WRITE, false],
      [ShareAccess.WRITE, ShareDeny.READ, ShareAccess.WRITE, ShareDeny.READ, true],
      [ShareAccess.BOTH, ShareDeny.BOTH, ShareAccess.READ, ShareDeny.NONE, false],
    ];
    for (const [access, deny, access2, deny2, fine] of cases) {
      const held = await one.open('a', { access, deny });
      for (const f of [one, two]) {
        const attempt = f.open('a', { access: access2, deny: deny2, owner: ownerOf(f, 'second') });
        if (fine) await (await attempt).close();
        else await refused(attempt, 'NFS4ERR_SHARE_DENIED');
      }
      await held.close();
    }
    const held = await one.open('a', { access: ShareAccess.READ, deny: ShareDeny.BOTH });
    const handle = held.handle;
    const anonymous = { seqid: 0, a: 0, b: 0, c: 0 };
    await refused(
      two.last([ops.putfh(handle)], ops.read(anonymous, 0, 1)),
      'NFS4ERR_LOCKED',
      'NFS4ERR_ACCESS',
    );
    await refused(
      two.last([ops.putfh(handle)], ops.write(anonymous, 0, Buffer.from('x'))),
      'NFS4ERR_LOCKED',
      'NFS4ERR_ACCESS',
    );
  });

  it('opens by handle, and refuses what cannot be opened', async () => {
    await using server = await start();
    const f = await files(server);
    const handle = await f.writeFile('a', 'x');
    const file = await f.openHandle(handle, { access: ShareAccess.BOTH });
    expect((await file.read(0, 1)).data.toString()).toBe('x');
    await file.close();
    await f.mkdir('d');
    await f.symlink('a', 'l');
    await f.create('fifo', { type: 7 });
    await refused(f.open('d'), 'NFS4ERR_ISDIR');
    await refused(f.open('l'), 'NFS4ERR_SYMLINK');
    await refused(f.open('fifo'), 'NFS4ERR_SYMLINK', 'NFS4ERR_WRONG_TYPE', 'NFS4ERR_INVAL');
    await refused(f.open('none'), 'NFS4ERR_NOENT');
    await refused(f.open('a/b'), 'NFS4ERR_NOTDIR');
    await refused(f.openHandle(await f.lookup('d')), 'NFS4ERR_ISDIR', 'NFS4ERR_WRONG_TYPE');
    await refused(f.open('a', { access: 0 }), 'NFS4ERR_INVAL', 'NFS4ERR_BADXDR');
    await refused(f.open('a', { access: 4 }), 'NFS4ERR_INVAL', 'NFS4ERR_BADXDR');
    await refused(f.open('a', { access: 1, deny: 4 }), 'NFS4ERR_INVAL', 'NFS4ERR_BADXDR');
    for (const name of ['', 'x'.repeat(256), '.', '..', 'a/b'.replace('/', '\0')]) {
      await refused(
        f.openWith([ops.putfh(f.root)], { claim: OpenClaim.NULL, name }, { access: 3, create: 'unchecked' }),
        'NFS4ERR_INVAL',
        'NFS4ERR_NAMETOOLONG',
        'NFS4ERR_BADNAME',
        'NFS4ERR_BADCHAR',
      );
    }
    expect((await f.names('')).sort()).toEqual(['a', 'd', 'fifo', 'l']);
  });

  it('refuses claims that have no ground', async () => {
    await using server = await start();
    const f = await files(server);
    const handle = await f.writeFile('a', 'x');
    const here = [ops.putfh(handle)];
    await refused(f.openHandle(handle, { reclaim: true }), 'NFS4ERR_NO_GRACE');
    const stateid = { seqid: 1, a: 1, b: 2, c: 3 };
    await refused(f.openWith(here, { claim: OpenClaim.DELEG_CUR_FH, stateid }, {}), 'NFS4ERR_BAD_STATEID');
    const root = [ops.putfh(f.root)];
    await refused(
      f.openWith(root, { claim: OpenClaim.DELEGATE_CUR, stateid, name: 'a' }, {}),
      'NFS4ERR_BAD_STATEID',
    );
    // RFC 8881 §15.2 lists no NFS4ERR_NOTSUPP for OPEN.
    const gone = ['NFS4ERR_INVAL', 'NFS4ERR_RECLAIM_BAD', 'NFS4ERR_NO_GRACE'];
    await refused(f.openWith(here, { claim: OpenClaim.DELEG_PREV_FH }, {}), ...gone);
    await refused(f.openWith(root, { claim: OpenClaim.DELEGATE_PREV, name: 'a' }, {}), ...gone);
  });

  it('says why there is no delegation where one was asked for', async () => {
    await using server = await start();
    const f = await files(server);
    await f.writeFile('a', 'x');
    const silent = await f.open('a', { access: ShareAccess.READ });
    const no = await f.open('a', { access: ShareAccess.READ | OpenWant.NO_DELEG });
    expect(no.delegation).toEqual({ type: 3, why: 0 });
    expect([0, 1, 2, 3]).toContain(silent.delegation.type);
    expect(silent.flags & OpenResultFlag.CONFIRM).toBe(0);
  });

  it('keeps an open file readable after its last name goes', async () => {
    await using server = await start();
    const f = await files(server);
    await f.writeFile('a', 'kept');
    await f.writeFile('b', 'replaced');
    const [a, b] = [await f.open('a', { access: 3 }), await f.open('b', { access: 3 })];
    await f.remove('a');
    await f.writeFile('c', 'new');
    await f.rename('c', 'b');
    expect((await a.read(0, 10)).data.toString()).toBe('kept');
    await a.write(0, 'KEPT');
    expect((await b.read(0, 10)).data.toString()).toBe('replaced');
    expect((await f.getattr(a.handle, [Attr.NUMLINKS])).numlinks).toBe(0);
    await a.close();
    await b.close();
    await refused(f.getattr(a.handle), 'NFS4ERR_STALE');
    await refused(f.getattr(b.handle), 'NFS4ERR_STALE');
  });

  it('tests and frees stateids', async () => {
    await using server = await start();
    const f = await files(server);
    const file = await f.open('a', { access: 3, create: 'guarded' });
    const wrong = { seqid: 1, a: 9, b: 9, c: 9 };
    const [codes] = await f.session.run([ops.testStateid([file.stateid, wrong])]);
    expect(codes[0]).toBe(Status.OK);
    expect([Status.BAD_STATEID, Status.STALE_STATEID]).toContain(codes[1]);
    await refused(f.session.run([ops.freeStateid(file.stateid)]), 'NFS4ERR_LOCKS_HELD');
    await refused(f.session.run([ops.freeStateid(wrong)]), 'NFS4ERR_BAD_STATEID', 'NFS4ERR_STALE_STATEID');
    await file.close();
  });

  it("does not let one client use another's stateid", async () => {
    await using server = await start();
    const [one, two] = [await files(server), await files(server)];
    const file = await one.open('a', { access: 3, create: 'guarded' });
    await refused(
      two.last([ops.putfh(file.handle)], ops.write(file.stateid, 0, Buffer.from('x'))),
      'NFS4ERR_BAD_STATEID',
    );
    await refused(two.last([ops.putfh(file.handle)], ops.close(file.stateid)), 'NFS4ERR_BAD_STATEID');
    const other = await one.writeFile('b', 'x');
    await refused(one.last([ops.putfh(other)], ops.read(file.stateid, 0, 1)), 'NFS4ERR_BAD_STATEID');
    await file.close();
  });

  it('wants write permission in the directory to create, and none to open', async () => {
    await using server = await start();
    const f = await files(server);
    await f.mkdir('d', { mode: 0o755 });
    await f.writeFile('d/a', 'x', { mode: 0o666 });
    const other = f.as(authSys({ uid: 4, gid: 4 }));
    await refused(other.open('d/new', { access: 3, create: 'unchecked' }), 'NFS4ERR_ACCESS');
    const there = await other.open('d/a', { access: 3, create: 'unchecked' });
    await there.close();
    await f.setattr('d', { mode: 0o700 });
    await refused(other.open('d/a'), 'NFS4ERR_ACCESS');
  });

  it('refuses OPEN before RECLAIM_COMPLETE, LOOKUP not', async () => {
    await using server = await start();
    const client = (await session(server)).client;
    const fresh = server.client({ minor: client.minor });
    await fresh.exchangeId();
    const s = await fresh.createSession();
    const [, , root] = await s.run([ops.putrootfh(), ops.lookup('export'), ops.getfh()]);
    const args = {
      access: 3,
      owner: { clientId: fresh.clientId, owner: Buffer.from('o') },
      create: { mode: CreateMode.UNCHECKED },
      claim: { claim: OpenClaim.NULL, name: 'a' },
    } as const;
    await refused(s.run([ops.putfh(root), ops.open(args)]), 'NFS4ERR_GRACE');
    await s.reclaimComplete();
    await s.run([ops.putfh(root), ops.open(args)]);
  });
});
