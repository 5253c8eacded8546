import { expect, it } from 'vitest';
import { Attr, authSys, ops } from '../../src/client/index.ts';
import { FileType } from '../../src/vfs/index.ts';
import { refused, suite } from '../support/suite.ts';

suite('directories', ({ start, files }) => {
  it('creates each type of object', async () => {
    await using server = await start();
    const f = await files(server);
    const device = { major: 7, minor: 9 };
    await f.create('dir', { type: FileType.DIRECTORY }, { mode: 0o750 });
    await f.create('block', { type: FileType.BLOCK, device }, { mode: 0o600 });
    await f.create('char', { type: FileType.CHARACTER, device }, { mode: 0o600 });
    await f.create('socket', { type: FileType.SOCKET });
    await f.create('fifo', { type: FileType.FIFO });
    await f.create('link', { type: FileType.SYMLINK, target: 'some/where' });
    const stats = await f.readdir('', { attributes: [Attr.TYPE, Attr.RAWDEV] });
    const types = Object.fromEntries(stats.map((entry) => [entry.name, entry.attributes.type]));
    expect(types).toEqual({
      dir: FileType.DIRECTORY,
      block: FileType.BLOCK,
      char: FileType.CHARACTER,
      socket: FileType.SOCKET,
      fifo: FileType.FIFO,
      link: FileType.SYMLINK,
    });
    expect((await f.getattr('block')).rawdev).toEqual(device);
    expect(await f.readlink('link')).toBe('some/where');
    expect((await f.stat('dir')).mode).toBe(0o750);
    expect((await f.stat('dir')).numlinks).toBe(2);
  });

  it('makes the new object the current filehandle and tells what changed', async () => {
    await using server = await start();
    const f = await files(server);
    const before = (await f.stat('')).change!;
    const [, made, handle] = await f.session.run([
      ops.putfh(f.root),
      ops.create({ type: FileType.DIRECTORY }, 'd', { mode: 0o700 }),
      ops.getfh(),
    ]);
    expect(handle).toEqual(await f.lookup('d'));
    expect(made.set).toEqual([Attr.MODE]);
    const after = (await f.stat('')).change!;
    expect(after > before).toBe(true);
    expect(made.change.after).toBe(after);
    if (made.change.atomic) expect(made.change.before).toBe(before);
  });

  it('refuses CREATE where it must', async () => {
    await using server = await start();
    const f = await files(server);
    await f.mkdir('d');
    await f.writeFile('file', 'x');
    await f.symlink('d', 'link');
    await refused(f.mkdir('d'), 'NFS4ERR_EXIST');
    await refused(f.create('x', { type: FileType.REGULAR }), 'NFS4ERR_BADTYPE');
    await refused(f.create('x', { type: 8 }), 'NFS4ERR_BADTYPE');
    await refused(f.create('x', { type: 99 }), 'NFS4ERR_BADTYPE', 'NFS4ERR_BADXDR');
    await refused(f.mkdir('file/x'), 'NFS4ERR_NOTDIR');
    await refused(
      f.last([...f.to('link')], ops.create({ type: FileType.DIRECTORY }, 'x')),
      'NFS4ERR_NOTDIR',
      'NFS4ERR_SYMLINK',
    );
    await refused(f.create('x', { type: FileType.SYMLINK, target: '' }), 'NFS4ERR_INVAL');
    await refused(f.symlink('t'.repeat(5000), 'x'), 'NFS4ERR_NAMETOOLONG', 'NFS4ERR_INVAL');
    const other = f.as(authSys({ uid: 9, gid: 9 }));
    await refused(other.mkdir('d/x'), 'NFS4ERR_ACCESS');
    expect(await f.names('')).toEqual(['d', 'file', 'link']);
  });

  it('reads only symbolic links by READLINK', async () => {
    await using server = await start();
    const f = await files(server);
    await f.writeFile('file', 'x');
    await f.symlink('ä'.repeat(1000), 'long');
    expect(await f.readlink('long')).toBe('ä'.repeat(1000));
    expect((await f.stat('long')).size).toBe(2000n);
    await refused(f.readlink('file'), 'NFS4ERR_WRONG_TYPE', 'NFS4ERR_INVAL');
    await refused(f.readlink(''), 'NFS4ERR_WRONG_TYPE', 'NFS4ERR_INVAL', 'NFS4ERR_ISDIR');
  });

  it('links', async () => {
    await using server = await start();
    const f = await files(server);
    const handle = await f.writeFile('file', 'x');
    await f.mkdir('d');
    await f.link('file', 'd/again');
    expect(await f.lookup('d/again')).toEqual(handle);
    expect((await f.stat('file')).numlinks).toBe(2);
    await refused(f.link('file', 'd/again'), 'NFS4ERR_EXIST');
    await refused(f.link('d', 'e'), 'NFS4ERR_ISDIR', 'NFS4ERR_WRONG_TYPE');
    await refused(f.link('file', 'file/x'), 'NFS4ERR_NOTDIR');
    await f.remove('file');
    expect((await f.readFile('d/again')).toString()).toBe('x');
    expect((await f.stat('d/again')).numlinks).toBe(1);
  });

  it('removes', async () => {
    await using server = await start();
    const f = await files(server);
    await f.mkdir('d');
    await f.mkdir('d/e');
    await f.writeFile('file', 'x');
    await refused(f.remove('d'), 'NFS4ERR_NOTEMPTY');
    await refused(f.remove('none'), 'NFS4ERR_NOENT');
    await refused(f.remove('file/x'), 'NFS4ERR_NOTDIR');
    const before = (await f.stat('d')).change!;
    const change = await f.remove('d/e');
    expect(change.after > before).toBe(true);
    await f.remove('d');
    await f.remove('file');
    expect(await f.names('')).toEqual([]);
  });

  it('keeps to the sticky bit', async () => {
    await using server = await start();
    const f = await files(server);
    await f.mkdir('tmp', { mode: 0o1777 });
    const [one, two] = [f.as(authSys({ uid: 1, gid: 1 })), f.as(authSys({ uid: 2, gid: 2 }))];
    await one.writeFile('tmp/mine', 'x', { mode: 0o666 });
    await refused(two.remove('tmp/mine'), 'NFS4ERR_ACCESS', 'NFS4ERR_PERM');
    await refused(two.rename('tmp/mine', 'tmp/yours'), 'NFS4ERR_ACCESS', 'NFS4ERR_PERM');
    await one.remove('tmp/mine');
  });

  it('renames, also over what is there', async () => {
    await using server = await start();
    const f = await files(server);
    await f.mkdir('a');
    await f.mkdir('b');
    const handle = await f.writeFile('a/file', 'first');
    await f.writeFile('b/file', 'second');
    const change = await f.rename('a/file', 'b/file');
    expect(change.source.after).toBe((await f.stat('a')).change);
    expect(change.target.after).toBe((await f.stat('b')).change);
    expect(await f.lookup('b/file')).toEqual(handle);
    expect((await f.readFile('b/file')).toString()).toBe('first');
    await f.rename('b', 'a/b');
    expect((await f.readFile('a/b/file')).toString()).toBe('first');
    expect(await f.last(f.to('a/b'), ops.lookupp())).toBeUndefined();
  });

  it('refuses RENAME where it must', async () => {
    await using server = await start();
    const f = await files(server);
    await f.mkdir('dir');
    await f.mkdir('dir/sub');
    await f.mkdir('empty');
    await f.writeFile('file', 'x');
    await f.writeFile('other', 'x');
    await refused(f.rename('none', 'x'), 'NFS4ERR_NOENT');
    await refused(f.rename('dir', 'file'), 'NFS4ERR_EXIST', 'NFS4ERR_NOTDIR');
    await refused(f.rename('file', 'empty'), 'NFS4ERR_EXIST', 'NFS4ERR_ISDIR');
    await refused(f.rename('empty', 'dir'), 'NFS4ERR_EXIST', 'NFS4ERR_NOTEMPTY');
    await refused(f.rename('dir', 'dir/sub/x'), 'NFS4ERR_INVAL');
    await refused(f.rename('file/x', 'y'), 'NFS4ERR_NOTDIR');
    await refused(f.rename('other', 'file/y'), 'NFS4ERR_NOTDIR');
    const same = await f.rename('file', 'file');
    expect(same.source.before).toBe(same.source.after);
    await f.link('file', 'hard');
    const hard = await f.rename('file', 'hard');
    expect(hard.target.before).toBe(hard.target.after);
    expect((await f.names('')).sort()).toEqual(['dir', 'empty', 'file', 'hard', 'other']);
  });
});
