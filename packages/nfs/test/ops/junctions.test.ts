import { describe, expect, it } from 'vitest';
import { Attr, authSys, Files, ops, type Session } from '../../src/client/index.ts';
import type { Share } from '../../src/server.ts';
import type { FileSystem } from '../../src/vfs/index.ts';
import { MemoryFileSystem } from '../support/memory-fs.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { refused } from '../support/suite.ts';

const share = (id: number, path: string, more: Partial<Share> = {}): Share => ({
  id,
  path,
  fileSystem: new MemoryFileSystem() as FileSystem,
  squash: 'none',
  ...more,
});

const ELSEWHERE = { clients: ['192.0.2.0/24'] };

async function top(server: TestServer): Promise<Files> {
  return Files.mount(await server.session({ minor: 2 }));
}

async function handles(session: Session, steps: Parameters<Session['run']>[0]): Promise<Buffer> {
  const values = await session.run([...steps, ops.getfh()]);
  return values.at(-1) as Buffer;
}

describe('the way into shares and back', () => {
  it('goes through the same handles up as down', async () => {
    await using server = await startServer({ shares: [share(1, '/a/b/c'), share(2, '/a/d')] });
    const f = await top(server);
    await f.mkdir('a/b/c/inside');
    const down = ['', 'a', 'a/b', 'a/b/c', 'a/b/c/inside'];
    const known = await Promise.all(down.map((path) => f.lookup(path)));
    let steps = f.to('a/b/c/inside');
    for (const handle of [...known].reverse()) {
      expect((await handles(f.session, steps)).equals(handle)).toBe(true);
      steps = [...steps, ops.lookupp()];
    }
    await refused(f.session.run(steps), 'NFS4ERR_NOENT');
    expect((await f.names('a')).sort()).toEqual(['b', 'd']);
  });

  it('shows a share from outside with its own attributes, but for where it is mounted', async () => {
    await using server = await startServer({ shares: [share(1, '/one'), share(2, '/two')] });
    const f = await top(server);
    const attributes = [Attr.FSID, Attr.FILEID, Attr.MOUNTED_ON_FILEID, Attr.MODE, Attr.FILEHANDLE];
    for (const entry of await f.readdir('', { attributes })) {
      const inside = await f.getattr(entry.name, attributes);
      expect(entry.attributes).toEqual(inside);
      expect(inside.fsid?.major).toBe(entry.name === 'one' ? 1n : 2n);
      expect(inside.mountedOnFileid).not.toBe(inside.fileid);
    }
    const root = await f.getattr('', attributes);
    expect(root.fsid?.major).toBe(0n);
    expect(root.mountedOnFileid).toBe(root.fileid);
  });

  it('has a share at the top, and others within it', async () => {
    await using server = await startServer({
      shares: [share(1, '/'), share(2, '/in'), share(3, '/deep/er')],
    });
    const f = await top(server);
    expect((await f.getattr('', [Attr.FSID])).fsid?.major).toBe(1n);
    await f.mkdir('own');
    expect((await f.getattr('in', [Attr.FSID])).fsid?.major).toBe(2n);
    expect((await f.getattr('deep/er', [Attr.FSID])).fsid?.major).toBe(3n);
    const above = await handles(f.session, [...f.to('in'), ops.lookupp()]);
    expect(above.equals(await f.lookup(''))).toBe(true);
    // Listed where the outer share has a directory to mount on.
    expect(await f.names('')).toEqual(['own']);
    await refused(f.session.run([...f.to('in'), ops.lookupp(), ops.lookupp()]), 'NFS4ERR_NOENT');
  });

  it('lists, and keeps from harm, the directory that another share covers', async () => {
    const outer = share(1, '/outer');
    const bare = await startServer({ shares: [outer] });
    await (await Files.mount(await bare.session(), '/outer')).mkdir('inner');
    await bare.stop();
    await using server = await startServer({ shares: [outer, share(2, '/outer/inner')] });
    const f = await Files.mount(await server.session(), '/outer');
    const [entry] = await f.readdir('', { attributes: [Attr.FSID] });
    expect(entry).toMatchObject({ name: 'inner', attributes: { fsid: { major: 2n } } });
    await refused(f.remove('inner'), 'NFS4ERR_FILE_OPEN');
    await refused(f.rename('inner', 'x'), 'NFS4ERR_FILE_OPEN');
    await f.mkdir('y');
    await refused(f.rename('y', 'inner'), 'NFS4ERR_FILE_OPEN');
    await f.mkdir('inner/deep');
    expect(await f.names('inner')).toEqual(['deep']);
  });

  it('lets nobody in whom the share does not admit', async () => {
    const hidden = share(1, '/hidden');
    const before = await startServer({ shares: [hidden] });
    const handle = await (await top(before)).lookup('hidden');
    await before.stop();
    await using server = await startServer({ shares: [{ ...hidden, ...ELSEWHERE }, share(2, '/open')] });
    const f = await top(server);
    await refused(f.lookup('hidden'), 'NFS4ERR_ACCESS');
    await refused(f.session.run([...f.to(''), ops.secinfo('hidden')]), 'NFS4ERR_ACCESS');
    await refused(f.session.run([ops.putfh(handle), ops.getfh()]), 'NFS4ERR_STALE');
    const entries = await f.readdir('', { attributes: [Attr.FSID, Attr.TYPE] });
    const fsids = Object.fromEntries(entries.map((entry) => [entry.name, entry.attributes.fsid?.major]));
    expect(fsids).toEqual({ hidden: 0n, open: 2n });
  });

  it('admits by source port where asked for, and stays outside of a top that does not admit', async () => {
    await using server = await startServer({
      shares: [share(1, '/', { requirePrivilegedPort: true }), share(2, '/open')],
    });
    const f = await top(server);
    expect((await f.getattr('', [Attr.FSID])).fsid?.major).toBe(0n);
    expect((await f.getattr('open', [Attr.FSID])).fsid?.major).toBe(2n);
    await refused(f.session.run([...f.to('open'), ops.lookupp()]), 'NFS4ERR_ACCESS');
  });

  it('keeps names and files of different shares apart', async () => {
    await using server = await startServer({ shares: [share(1, '/one'), share(2, '/two')] });
    const f = await top(server);
    await f.mkdir('one/d');
    await f.writeFile('one/f', 'x');
    await refused(f.rename('one/d', 'two/d'), 'NFS4ERR_XDEV');
    await refused(f.link('one/f', 'two/f'), 'NFS4ERR_XDEV');
    await refused(f.mkdir('three'), 'NFS4ERR_ROFS');
    await refused(f.remove('one'), 'NFS4ERR_ROFS');
    await refused(f.rename('one', 'uno'), 'NFS4ERR_ROFS');
    await refused(f.setattr('', { mode: 0o777 }), 'NFS4ERR_ROFS');
  });

  it('refuses every change on a read-only share, and says so in ACCESS', async () => {
    const fs = new MemoryFileSystem() as FileSystem;
    const setup = await startServer({ fileSystem: fs });
    await (await setup.files()).writeFile('f', 'x');
    await setup.stop();
    await using server = await startServer({
      shares: [{ id: 1, path: '/export', fileSystem: fs, squash: 'none', readOnly: true }],
    });
    const f = await server.files({ minor: 2 });
    const refusals = [
      () => f.mkdir('d'),
      () => f.remove('f'),
      () => f.rename('f', 'g'),
      () => f.link('f', 'g'),
      () => f.symlink('x', 'l'),
      () => f.setattr('f', { mode: 0o600 }),
      () => f.setXattr('f', 'k', 'v'),
      () => f.removeXattr('f', 'k'),
    ];
    for (const refusal of refusals) await refused(refusal(), 'NFS4ERR_ROFS');
    const all = 0x1ff;
    expect(await f.access('f', all)).toBe(0x01 | 0x40 | 0x100);
    expect(await f.access('', all)).toBe(0x01 | 0x02 | 0x40 | 0x100);
  });

  it('does not tell of ACCESS what the minor version has no word for', async () => {
    await using server = await startServer();
    const f = await server.files({ minor: 1, credential: authSys({ uid: 5, gid: 5 }) });
    await refused(f.access('', 0x40), 'NFS4ERR_INVAL');
    await refused(f.access('', 0x200), 'NFS4ERR_INVAL');
    expect(await f.access('', 0x3f)).toBe(0x1f);
  });
});
