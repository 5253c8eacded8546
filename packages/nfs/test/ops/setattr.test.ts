import { expect, it } from 'vitest';
import { ANONYMOUS_STATEID, Attr, authSys, ops, ShareAccess } from '../../src/client/index.ts';
import { FileType } from '../../src/vfs/index.ts';
import { refused, suite } from '../support/suite.ts';

const ALICE = authSys({ uid: 1000, gid: 1000 });

suite('SETATTR', ({ start, files, minor }) => {
  it('sets each attribute and says which', async () => {
    await using server = await start();
    const f = await files(server);
    await f.writeFile('f', 'hello');
    const set = await f.setattr('f', {
      size: 2,
      mode: 0o4711,
      owner: '1000',
      ownerGroup: '50@localdomain',
      timeAccess: { sec: 1, nsec: 2 },
      timeModify: { sec: -1, nsec: 999_999_999 },
    });
    expect(set).toEqual([
      Attr.SIZE,
      Attr.MODE,
      Attr.OWNER,
      Attr.OWNER_GROUP,
      Attr.TIME_ACCESS_SET,
      Attr.TIME_MODIFY_SET,
    ]);
    expect(await f.getattr('f')).toMatchObject({
      size: 2n,
      mode: 0o4711,
      owner: '1000',
      ownerGroup: '50',
      timeAccess: { sec: 1, nsec: 2 },
      timeModify: { sec: -1, nsec: 999_999_999 },
    });
    expect(await f.setattr('f', {})).toEqual([]);
  });

  it('changes the bits of the mode that a mask names', async () => {
    await using server = await start();
    const f = await files(server);
    await f.mkdir('d', { mode: 0o755 });
    await f.setattr('d', { modeSetMasked: { mode: 0o1002, mask: 0o1022 } });
    expect((await f.stat('d')).mode).toBe(0o1757);
  });

  it('answers a refusal with a bitmap of nothing', async () => {
    await using server = await start();
    const f = await files(server);
    const handle = await f.writeFile('f', 'x');
    const alice = f.as(ALICE);
    const cases: [string, () => Promise<unknown>][] = [
      ['NFS4ERR_PERM', () => alice.setattr(handle, { mode: 0o777 })],
      ['NFS4ERR_INVAL', () => f.setattr(handle, { mode: 0o17777 })],
      ['NFS4ERR_BADOWNER', () => f.setattr(handle, { owner: 'nobody@elsewhere' })],
      ['NFS4ERR_ATTRNOTSUPP', () => f.setattr(handle, { mask: [Attr.ACL], values: Buffer.alloc(4) })],
      ['NFS4ERR_BADXDR', () => f.setattr(handle, { mask: [Attr.MODE], values: Buffer.alloc(2) })],
      ['NFS4ERR_NOFILEHANDLE', () => f.session.run([ops.setattr(ANONYMOUS_STATEID, { mode: 0 })])],
    ];
    for (const [code, request] of cases) expect((await refused(request(), code)).body).toEqual([]);
    expect((await f.stat(handle)).mode).toBe(0o644);
  });

  it('truncates by the open that may write, whatever the mode says by now', async () => {
    await using server = await start();
    const f = (await files(server)).as(ALICE);
    const file = await f.open('f', {
      access: ShareAccess.WRITE,
      create: 'guarded',
      attributes: { mode: 0o444 },
    });
    await file.truncate(100);
    await refused(f.setattr('f', { size: 0 }), 'NFS4ERR_ACCESS');
    expect((await f.stat('f')).size).toBe(100n);
    const all = await files(server);
    const reader = await all.open('f', { access: ShareAccess.READ });
    await refused(reader.truncate(1), 'NFS4ERR_OPENMODE');
  });

  it('has no size for what is no file', async () => {
    await using server = await start();
    const f = await files(server);
    await f.mkdir('d');
    await f.symlink('x', 'l');
    await refused(f.setattr('d', { size: 0 }), 'NFS4ERR_INVAL');
    await refused(f.setattr('l', { size: 0 }), 'NFS4ERR_INVAL');
    await refused(f.create('d2', { type: FileType.DIRECTORY }, { size: 0 }), 'NFS4ERR_INVAL');
  });

  it('takes a umask for a new object alone, from 4.2 on', async () => {
    await using server = await start();
    const f = await files(server);
    const made = f.mkdir('d', { modeUmask: { mode: 0o777, umask: 0o027 } });
    if (minor === 1) {
      await refused(made, 'NFS4ERR_ATTRNOTSUPP');
      return;
    }
    await made;
    expect((await f.stat('d')).mode).toBe(0o750);
    const attributes = { modeUmask: { mode: 0o666, umask: 0o077 } };
    await f.open('exclusive', { access: 3, create: 'exclusive4_1', attributes });
    expect((await f.stat('exclusive')).mode).toBe(0o600);
    await refused(f.setattr('d', { modeUmask: { mode: 0o777, umask: 0 } }), 'NFS4ERR_INVAL');
  });
});
