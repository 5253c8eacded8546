import { expect, it } from 'vitest';
import {
  ANONYMOUS_STATEID,
  Attr,
  authSys,
  encodeAttributes,
  Files,
  ops,
  SecinfoStyle,
  type Text,
} from '../../src/client/index.ts';
import { AccessRight, FileType } from '../../src/vfs/index.ts';
import { refused, suite } from '../support/suite.ts';

const LONG = 'n'.repeat(255);
const BAD_NAMES: readonly (readonly [Text, string])[] = [
  ['', 'NFS4ERR_INVAL'],
  [`${LONG}n`, 'NFS4ERR_NAMETOOLONG'],
  ['a/b', 'NFS4ERR_BADCHAR'],
  ['a\0b', 'NFS4ERR_BADCHAR'],
  ['.', 'NFS4ERR_BADNAME'],
  ['..', 'NFS4ERR_BADNAME'],
  [Buffer.from([0x61, 0xff, 0x62]), 'NFS4ERR_INVAL'],
  [Buffer.from([0xc0, 0xaf]), 'NFS4ERR_INVAL'],
];

suite('file handles and attributes', ({ start, files, session }) => {
  it('walks with PUTROOTFH, PUTPUBFH, LOOKUP, LOOKUPP and keeps one handle per object', async () => {
    await using server = await start();
    const f = await files(server);
    await f.mkdir('d');
    await f.session.client.ping();
    const [, root, , down, , up] = await f.session.run([
      ops.putrootfh(),
      ops.getfh(),
      ops.lookup('export'),
      ops.getfh(),
      ops.lookupp(),
      ops.getfh(),
    ]);
    expect(up).toEqual(root);
    expect(down).toEqual(f.root);
    const [, pub] = await f.session.run([ops.putpubfh(), ops.getfh()]);
    expect(pub).toEqual(root);
    expect(await f.last([...f.to('d'), ops.lookupp()], ops.getfh())).toEqual(f.root);
    const [, same] = await f.session.run([ops.putfh(f.root), ops.getfh()]);
    expect(same).toEqual(f.root);
  });

  it('refuses handles that are none, or gone, and operations without one', async () => {
    await using server = await start();
    const f = await files(server);
    const { session: s } = f;
    await refused(s.run([ops.putfh(Buffer.from('abc'))]), 'NFS4ERR_BADHANDLE');
    await refused(s.run([ops.putfh(Buffer.alloc(0))]), 'NFS4ERR_BADHANDLE', 'NFS4ERR_BADXDR');
    await refused(s.run([ops.putfh(Buffer.alloc(129))]), 'NFS4ERR_BADXDR', 'NFS4ERR_BADHANDLE');
    const handle = await f.mkdir('gone');
    await f.remove('gone');
    await refused(s.run([ops.putfh(handle), ops.getattr([Attr.TYPE])]), 'NFS4ERR_STALE');
    for (const op of [
      ops.getfh(),
      ops.lookup('x'),
      ops.lookupp(),
      ops.savefh(),
      ops.restorefh(),
      ops.access(1),
      ops.getattr([Attr.TYPE]),
      ops.setattr(ANONYMOUS_STATEID, { mode: 0 }),
      ops.readdir(),
      ops.readlink(),
      ops.remove('x'),
      ops.create({ type: FileType.DIRECTORY }, 'x'),
      ops.read(ANONYMOUS_STATEID, 0, 1),
      ops.write(ANONYMOUS_STATEID, 0, Buffer.alloc(1)),
      ops.commit(),
      ops.verify({ mode: 0 }),
      ops.nverify({ mode: 0 }),
      ops.secinfo('x'),
      ops.secinfoNoName(SecinfoStyle.CURRENT_FH),
      ops.close(ANONYMOUS_STATEID),
    ]) {
      await refused(s.run([op]), 'NFS4ERR_NOFILEHANDLE');
    }
    await refused(s.run([ops.putrootfh(), ops.restorefh()]), 'NFS4ERR_NOFILEHANDLE');
    await refused(s.run([ops.putrootfh(), ops.rename('a', 'b')]), 'NFS4ERR_NOFILEHANDLE');
    await refused(s.run([ops.putrootfh(), ops.link('b')]), 'NFS4ERR_NOFILEHANDLE');
  });

  it('checks names wherever one is given', async () => {
    await using server = await start();
    const f = await files(server);
    await f.mkdir(LONG);
    await f.mkdir('äöü-漢字-🙂');
    expect(await f.names('')).toContain('äöü-漢字-🙂');
    for (const [name, code] of BAD_NAMES) {
      await refused(f.last([ops.putfh(f.root)], ops.lookup(name)), code);
      await refused(f.last([ops.putfh(f.root)], ops.create({ type: FileType.DIRECTORY }, name)), code);
      await refused(f.last([ops.putfh(f.root)], ops.remove(name)), code);
      const twice = [ops.putfh(f.root), ops.savefh(), ops.putfh(f.root)];
      await refused(f.last(twice, ops.rename(name, 'x')), code);
      await refused(f.last(twice, ops.rename(LONG, name)), code);
      await refused(f.last([ops.putfh(f.root)], ops.secinfo(name)), code);
    }
  });

  it('tells a file, a symbolic link and nothing apart in LOOKUP and LOOKUPP', async () => {
    await using server = await start();
    const f = await files(server);
    await f.writeFile('file', 'x');
    await f.symlink('file', 'link');
    await refused(f.lookup('none'), 'NFS4ERR_NOENT');
    await refused(f.lookup('file/x'), 'NFS4ERR_NOTDIR');
    await refused(f.lookup('link/x'), 'NFS4ERR_SYMLINK');
    await refused(f.last(f.to('file'), ops.lookupp()), 'NFS4ERR_NOTDIR');
    await refused(f.last(f.to('link'), ops.lookupp()), 'NFS4ERR_SYMLINK', 'NFS4ERR_NOTDIR');
    await refused(f.session.run([ops.putrootfh(), ops.lookupp()]), 'NFS4ERR_NOENT');
  });

  it('saves and restores the current filehandle', async () => {
    await using server = await start();
    const f = await files(server);
    const d = await f.mkdir('d');
    const values = await f.session.run([
      ops.putfh(d),
      ops.savefh(),
      ops.putrootfh(),
      ops.restorefh(),
      ops.getfh(),
    ]);
    expect(values[4]).toEqual(d);
  });

  it('answers ACCESS by the mode and the caller', async () => {
    await using server = await start();
    const f = await files(server);
    await f.writeFile('file', 'x', { mode: 0o640 });
    const all = AccessRight.READ | AccessRight.MODIFY | AccessRight.EXTEND | AccessRight.EXECUTE;
    expect(await f.access('file', all)).toBe(AccessRight.READ | AccessRight.MODIFY | AccessRight.EXTEND);
    expect(await f.as(authSys({ uid: 5, gid: 0 })).access('file', all)).toBe(AccessRight.READ);
    expect(await f.as(authSys({ uid: 5, gid: 5, groups: [3, 0] })).access('file', all)).toBe(
      AccessRight.READ,
    );
    expect(await f.as(authSys({ uid: 5, gid: 5 })).access('file', all)).toBe(0);
    const [, both] = await f.session.run([ops.putfh(f.root), ops.access(AccessRight.LOOKUP)]);
    expect(both).toEqual({ supported: AccessRight.LOOKUP, access: AccessRight.LOOKUP });
  });

  it('gives every attribute that it says it supports, and only those', async () => {
    await using server = await start();
    const f = await files(server);
    await f.writeFile('file', 'hello', { mode: 0o640 });
    const got = await f.getattr('file');
    const supported = got.supportedAttrs!;
    for (const required of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 19, 75])
      expect(supported).toContain(required);
    const writeOnly: readonly number[] = [
      Attr.TIME_ACCESS_SET,
      Attr.TIME_MODIFY_SET,
      Attr.MODE_SET_MASKED,
      Attr.MODE_UMASK,
    ];
    for (const attribute of supported) {
      if (writeOnly.includes(attribute)) {
        await refused(f.getattr('file', [attribute]), 'NFS4ERR_INVAL');
      } else {
        const [, raw] = await f.session.run([ops.putfh(got.filehandle!), ops.getattrRaw([attribute])]);
        expect(raw.mask).toEqual([attribute]);
      }
    }
    expect(got).toMatchObject({ type: FileType.REGULAR, size: 5n, mode: 0o640, numlinks: 1, owner: '0' });
    expect(got.filehandle).toEqual(await f.lookup('file'));
    expect(got.mountedOnFileid).toBe(got.fileid);
    expect(got.leaseTime).toBe(10);
    expect(await f.getattr('file', [200, 300])).toEqual({});
    expect(await f.getattr('file', [])).toEqual({});
  });

  it('sets attributes, tells which, and changes nothing where it refuses', async () => {
    await using server = await start();
    const f = await files(server);
    await f.writeFile('file', 'hello');
    const before = await f.stat('file');
    const time = { sec: 1_000_000_000, nsec: 123_456_789 };
    const set = await f.setattr('file', {
      size: 2,
      mode: 0o4755,
      owner: '7',
      ownerGroup: '8',
      timeAccess: time,
      timeModify: { sec: -5, nsec: 1 },
    });
    expect(set).toEqual([
      Attr.SIZE,
      Attr.MODE,
      Attr.OWNER,
      Attr.OWNER_GROUP,
      Attr.TIME_ACCESS_SET,
      Attr.TIME_MODIFY_SET,
    ]);
    const after = await f.stat('file');
    expect(after).toMatchObject({ size: 2n, mode: 0o4755, owner: '7', ownerGroup: '8', timeAccess: time });
    expect(after.timeModify).toEqual({ sec: -5, nsec: 1 });
    expect(after.change! > before.change!).toBe(true);
    await refused(f.setattr('file', { mode: 0o10000 }), 'NFS4ERR_INVAL');
    await refused(f.setattr('file', { owner: 'nobody-knows@elsewhere' }), 'NFS4ERR_BADOWNER');
    await refused(f.setattr('file', { timeAccess: { sec: 1, nsec: 1_000_000_000 } }), 'NFS4ERR_INVAL');
    const change = { mask: [Attr.CHANGE], values: Buffer.alloc(8) };
    await refused(f.setattr('file', change), 'NFS4ERR_INVAL');
    await refused(
      f.setattr('file', { mask: [Attr.ARCHIVE], values: Buffer.alloc(4) }),
      'NFS4ERR_ATTRNOTSUPP',
    );
    await refused(f.setattr('file', { mask: [Attr.MODE], values: Buffer.alloc(8) }), 'NFS4ERR_BADXDR');
    await refused(f.setattr('file', { mask: [Attr.MODE], values: Buffer.alloc(2) }), 'NFS4ERR_BADXDR');
    await refused(f.setattr('', { size: 1 }), 'NFS4ERR_ISDIR', 'NFS4ERR_INVAL');
    expect((await f.stat('file')).change).toBe(after.change);
  });

  it('lets only the owner and root change owner, mode and times', async () => {
    await using server = await start();
    const f = await files(server);
    await f.writeFile('file', 'hello', { mode: 0o666, owner: '1', ownerGroup: '1' });
    const other = f.as(authSys({ uid: 2, gid: 1 }));
    await refused(other.setattr('file', { mode: 0o777 }), 'NFS4ERR_PERM', 'NFS4ERR_ACCESS');
    await refused(
      other.setattr('file', { timeModify: { sec: 1, nsec: 1 } }),
      'NFS4ERR_PERM',
      'NFS4ERR_ACCESS',
    );
    await other.setattr('file', { timeModify: 'server' });
    const owner = f.as(authSys({ uid: 1, gid: 1, groups: [9] }));
    await owner.setattr('file', { mode: 0o600, ownerGroup: '9' });
    await refused(owner.setattr('file', { ownerGroup: '10' }), 'NFS4ERR_PERM');
    await refused(owner.setattr('file', { owner: '2' }), 'NFS4ERR_PERM');
    await refused(other.open('file'), 'NFS4ERR_ACCESS');
  });

  it('compares attributes by VERIFY and NVERIFY', async () => {
    await using server = await start();
    const f = await files(server);
    const handle = await f.writeFile('file', 'hello');
    const s = f.session;
    const [, raw] = await s.run([
      ops.putfh(handle),
      ops.getattrRaw([Attr.SUPPORTED_ATTRS, Attr.TYPE, Attr.CHANGE, Attr.SIZE, Attr.FILEHANDLE, Attr.FILEID]),
    ]);
    await s.run([ops.putfh(handle), ops.verify(raw)]);
    await refused(s.run([ops.putfh(handle), ops.nverify(raw)]), 'NFS4ERR_SAME');
    const other = encodeAttributes({ size: 6 });
    await refused(s.run([ops.putfh(handle), ops.verify(other)]), 'NFS4ERR_NOT_SAME');
    await s.run([ops.putfh(handle), ops.nverify(other)]);
    const setOnly = encodeAttributes({ timeModify: 'server' });
    await refused(s.run([ops.putfh(handle), ops.verify(setOnly)]), 'NFS4ERR_INVAL');
    const unknown = { mask: [Attr.ARCHIVE], values: Buffer.alloc(4) };
    await refused(s.run([ops.putfh(handle), ops.verify(unknown)]), 'NFS4ERR_ATTRNOTSUPP');
  });

  it('names the security flavors and consumes the filehandle', async () => {
    await using server = await start();
    const f = await files(server);
    await f.mkdir('d');
    const [, flavors] = await f.session.run([ops.putfh(f.root), ops.secinfo('d')]);
    expect(flavors.map((each) => each.flavor)).toContain(1);
    await refused(f.session.run([ops.putfh(f.root), ops.secinfo('d'), ops.getfh()]), 'NFS4ERR_NOFILEHANDLE');
    await refused(f.session.run([ops.putfh(f.root), ops.secinfo('none')]), 'NFS4ERR_NOENT');
    await f.session.run([ops.putfh(f.root), ops.secinfoNoName(SecinfoStyle.CURRENT_FH)]);
    await f.session.run([ops.putfh(f.root), ops.secinfoNoName(SecinfoStyle.PARENT)]);
    await refused(f.session.run([ops.putrootfh(), ops.secinfoNoName(SecinfoStyle.PARENT)]), 'NFS4ERR_NOENT');
    const raw = ops.secinfoNoName(7);
    await refused(f.session.run([ops.putrootfh(), raw]), 'NFS4ERR_BADXDR', 'NFS4ERR_INVAL');
  });

  it('lets two clients see the same tree', async () => {
    await using server = await start();
    const one = await files(server);
    const two = await Files.mount(await session(server), '/export');
    const handle = await one.writeFile('shared', 'from one');
    expect(await two.lookup('shared')).toEqual(handle);
    expect((await two.readFile('shared')).toString()).toBe('from one');
  });
});
