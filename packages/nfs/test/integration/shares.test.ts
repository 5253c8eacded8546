import { expect, it } from 'vitest';
import { Attr, AUTH_NONE, authSys, Files, ops } from '../../src/client/index.ts';
import type { Share } from '../../src/server.ts';
import { type FileSystem, FileType } from '../../src/vfs/index.ts';
import { MemoryFileSystem } from '../support/memory-fs.ts';
import { refused, suite } from '../support/suite.ts';

const memory = () => new MemoryFileSystem() as FileSystem;
const USER = authSys({ uid: 1000, gid: 1000 });

suite('shares', ({ start, minor, session }) => {
  it('joins them under one root, each a file system of its own', async () => {
    const shares: Share[] = [
      { id: 1, path: '/home/alice', fileSystem: memory(), squash: 'none' },
      { id: 2, path: '/home/bob', fileSystem: memory(), squash: 'none' },
      { id: 3, path: '/data', fileSystem: memory(), squash: 'none' },
    ];
    await using server = await start({ shares });
    const s = await session(server);
    const root = await Files.mount(s, '/');
    expect((await root.names('')).sort()).toEqual(['data', 'home']);
    expect((await root.names('home')).sort()).toEqual(['alice', 'bob']);
    const fsids = new Set<string>();
    for (const path of ['', 'home', 'home/alice', 'home/bob', 'data']) {
      const { fsid, type } = await root.stat(path);
      expect(type).toBe(FileType.DIRECTORY);
      fsids.add(`${fsid!.major}.${fsid!.minor}`);
    }
    expect(fsids.size).toBe(4);
    const entries = await root.readdir('', {
      attributes: [Attr.FSID, Attr.FILEID, Attr.MOUNTED_ON_FILEID, Attr.FILEHANDLE],
    });
    for (const entry of entries) {
      expect(entry.attributes.filehandle).toEqual(await root.lookup(entry.name));
      expect(entry.attributes.fsid).toEqual((await root.stat(entry.name)).fsid);
    }
    const data = await root.getattr('data', [Attr.FILEID, Attr.MOUNTED_ON_FILEID]);
    expect(entries.find((entry) => entry.name === 'data')?.attributes.mountedOnFileid).toBe(
      data.mountedOnFileid,
    );
    expect(await root.last([...root.to('data'), ops.lookupp()], ops.getfh())).toEqual(root.root);
    await root.writeFile('data/file', 'x');
    await refused(root.lookup('home/alice/file'), 'NFS4ERR_NOENT');
  });

  it('keeps the pseudo file system read-only', async () => {
    await using server = await start({
      shares: [{ id: 1, path: '/a/b', fileSystem: memory(), squash: 'none' }],
    });
    const root = await Files.mount(await session(server), '/');
    for (const attempt of [
      () => root.mkdir('x'),
      () => root.remove('a'),
      () => root.rename('a', 'c'),
      () => root.setattr('a', { mode: 0o777 }),
      () => root.open('x', { access: 3, create: 'unchecked' }),
    ]) {
      await refused(attempt(), 'NFS4ERR_ROFS', 'NFS4ERR_ACCESS', 'NFS4ERR_PERM');
    }
    await refused(root.symlink('x', 'a/y'), 'NFS4ERR_ROFS', 'NFS4ERR_BADTYPE');
    await refused(root.lookup('nothing'), 'NFS4ERR_NOENT');
    await refused(root.open('a'), 'NFS4ERR_ISDIR');
  });

  it('refuses links and renames from one share to another', async () => {
    await using server = await start({
      shares: [
        { id: 1, path: '/a', fileSystem: memory(), squash: 'none' },
        { id: 2, path: '/b', fileSystem: memory(), squash: 'none' },
      ],
    });
    const root = await Files.mount(await session(server), '/');
    await root.writeFile('a/file', 'x');
    await refused(root.rename('a/file', 'b/file'), 'NFS4ERR_XDEV');
    await refused(root.link('a/file', 'b/file'), 'NFS4ERR_XDEV');
    expect(await root.names('b')).toEqual([]);
  });

  it('squashes root, all or nobody', async () => {
    const [rootSquash, all, none] = [memory(), memory(), memory()];
    await using server = await start({
      shares: [
        { id: 1, path: '/root', fileSystem: rootSquash },
        { id: 2, path: '/all', fileSystem: all, squash: 'all', anonymousUid: 70, anonymousGid: 71 },
        { id: 3, path: '/none', fileSystem: none, squash: 'none' },
      ],
    });
    const root = await Files.mount(await session(server), '/');
    const user = root.as(USER);
    const cases = [
      ['root', '65534', '65534', '1000'],
      ['all', '70', '70', '70'],
      ['none', '0', '0', '1000'],
    ] as const;
    for (const [share, rootUid, , userUid] of cases) {
      await root.writeFile(`${share}/byroot`, 'x');
      await user.writeFile(`${share}/byuser`, 'x');
      await root.as(AUTH_NONE).writeFile(`${share}/bynone`, 'x');
      expect((await root.stat(`${share}/byroot`)).owner).toBe(rootUid);
      expect((await root.stat(`${share}/byuser`)).owner).toBe(userUid);
      expect((await root.stat(`${share}/bynone`)).owner).toBe(share === 'all' ? '70' : '65534');
    }
    await refused(root.setattr('root/byuser', { mode: 0 }), 'NFS4ERR_PERM', 'NFS4ERR_ACCESS');
    await root.setattr('none/byuser', { owner: '5' });
    const groupZero = root.as(authSys({ uid: 5, gid: 0, groups: [0, 9] }));
    await groupZero.writeFile('root/bygroup', 'x');
    expect((await root.stat('root/bygroup')).ownerGroup).toBe('65534');
  });

  it('refuses every change on a read-only share', async () => {
    const fileSystem = new MemoryFileSystem();
    const cred = { uid: 0, gid: 0, groups: [] };
    const file = fileSystem.createFile(fileSystem.root(), cred, 'file', { mode: 0o666 });
    await using server = await start({
      shares: [{ id: 1, path: '/ro', fileSystem: fileSystem as FileSystem, readOnly: true, squash: 'none' }],
    });
    const f = await Files.mount(await session(server), '/ro');
    for (const attempt of [
      () => f.mkdir('x'),
      () => f.remove('file'),
      () => f.rename('file', 'x'),
      () => f.link('file', 'x'),
      () => f.symlink('x', 'y'),
      () => f.setattr('file', { mode: 0 }),
      () => f.open('file', { access: 2 }),
      () => f.open('new', { access: 1, create: 'unchecked' }),
      ...(minor === 2
        ? [() => f.setXattr('file', 'user.x', 'x'), () => f.removeXattr('file', 'user.x')]
        : []),
    ]) {
      await refused(attempt(), 'NFS4ERR_ROFS');
    }
    expect((await f.open('file')).handle.length).toBeGreaterThan(0);
    expect(await f.access('file', 0x0d)).toBe(1);
    expect(file.change).toBe(fileSystem.resolve(Buffer.from(file.handle)).change);
  });

  it('admits the clients of its list alone', async () => {
    await using server = await start({
      shares: [
        { id: 1, path: '/mine', fileSystem: memory(), clients: ['127.0.0.2'], squash: 'none' },
        { id: 2, path: '/net', fileSystem: memory(), clients: ['127.0.0.8/29', '::1'], squash: 'none' },
        { id: 3, path: '/any', fileSystem: memory(), squash: 'none' },
      ],
    });
    const from = async (localAddress: string) => Files.mount(await session(server, { localAddress }), '/');
    const [one, two, nine] = [await from('127.0.0.1'), await from('127.0.0.2'), await from('127.0.0.9')];
    const handle = await two.lookup('mine');
    await refused(one.lookup('mine'), 'NFS4ERR_ACCESS', 'NFS4ERR_NOENT');
    await refused(one.getattr(handle), 'NFS4ERR_ACCESS', 'NFS4ERR_STALE', 'NFS4ERR_PERM');
    await refused(one.lookup('net'), 'NFS4ERR_ACCESS', 'NFS4ERR_NOENT');
    await nine.lookup('net');
    for (const f of [one, two, nine]) {
      await f.lookup('any');
      // Whoever may not enter a share may still list what is beside it.
      expect(await f.names('')).toContain('any');
    }
  });

  it('asks for a source port below 1024 where told to', async () => {
    await using server = await start({
      shares: [{ id: 1, path: '/low', fileSystem: memory(), requirePrivilegedPort: true, squash: 'none' }],
    });
    const high = await Files.mount(await session(server), '/');
    await refused(high.lookup('low'), 'NFS4ERR_ACCESS', 'NFS4ERR_NOENT', 'NFS4ERR_PERM');
    const client = server.client({ minor });
    for (let localPort = 1023; localPort > 1000; localPort--) {
      const connection = await client
        .newConnection({ localPort })
        .catch((error: NodeJS.ErrnoException) => error);
      if (connection instanceof Error) {
        if (connection.code === 'EACCES') return;
        continue;
      }
      await client.exchangeId({}, { connection });
      const s = await client.createSession({}, { connection });
      await s.reclaimComplete();
      await (await Files.mount(s, '/')).lookup('low');
      return;
    }
  });

  it('takes up and drops shares while it serves', async () => {
    const fileSystem = memory();
    const kept: Share = { id: 1, path: '/kept', fileSystem, squash: 'none' };
    const other: Share = { id: 2, path: '/other', fileSystem: memory(), squash: 'none' };
    await using server = await start({ shares: [kept, other] });
    const root = await Files.mount(await session(server), '/');
    const file = await root.writeFile('kept/file', 'x');
    const gone = await root.writeFile('other/file', 'x');
    server.server.setShares([kept, { id: 3, path: '/third', fileSystem: memory(), squash: 'none' }]);
    expect((await root.names('')).sort()).toEqual(['kept', 'third']);
    expect((await root.getattr(file, [Attr.SIZE])).size).toBe(1n);
    await refused(root.getattr(gone), 'NFS4ERR_STALE');
    await root.writeFile('third/file', 'x');
    server.server.setShares([{ ...kept, readOnly: true }]);
    await refused(root.mkdir('kept/x'), 'NFS4ERR_ROFS');
  });

  it('checks permissions by all groups of the caller', async () => {
    await using server = await start({
      shares: [{ id: 1, path: '/s', fileSystem: memory(), squash: 'none' }],
    });
    const f = await Files.mount(await session(server), '/s');
    await f.writeFile('file', 'x', { mode: 0o640, ownerGroup: '77' });
    const member = f.as(authSys({ uid: 5, gid: 5, groups: Array.from({ length: 16 }, (_, i) => 62 + i) }));
    expect((await member.readFile('file')).toString()).toBe('x');
    await refused(f.as(authSys({ uid: 5, gid: 5, groups: [76] })).readFile('file'), 'NFS4ERR_ACCESS');
  });
});
