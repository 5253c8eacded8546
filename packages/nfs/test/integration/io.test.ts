import { expect, it } from 'vitest';
import {
  ANONYMOUS_STATEID,
  authSys,
  CreateMode,
  CURRENT_STATEID,
  OpenClaim,
  ops,
  READ_BYPASS_STATEID,
  ShareAccess,
  UINT64_MAX,
} from '../../src/client/index.ts';
import { Stability } from '../../src/vfs/index.ts';
import { refused, suite } from '../support/suite.ts';

suite('reading and writing', ({ start, files }) => {
  it('writes, commits and reads back, with the end of the file told', async () => {
    await using server = await start();
    const f = await files(server);
    const file = await f.open('file', { access: ShareAccess.BOTH, create: 'guarded' });
    const written = await file.write(0, 'hello world', Stability.UNSTABLE);
    expect(written.count).toBe(11);
    const verifier = await file.commit();
    expect(verifier).toEqual(written.verifier);
    expect(await file.read(0, 5)).toMatchObject({ eof: false, data: Buffer.from('hello') });
    expect(await file.read(6, 5)).toMatchObject({ eof: true, data: Buffer.from('world') });
    expect(await file.read(6, 100)).toMatchObject({ eof: true, data: Buffer.from('world') });
    expect(await file.read(11, 1)).toMatchObject({ eof: true, data: Buffer.alloc(0) });
    expect(await file.read(1000, 1)).toMatchObject({ eof: true, data: Buffer.alloc(0) });
    expect(await file.read(0, 0)).toMatchObject({ eof: false, data: Buffer.alloc(0) });
    expect((await file.write(3, '', Stability.FILE_SYNC)).count).toBe(0);
    expect((await file.write(20, 'x', Stability.DATA_SYNC)).committed).toBeGreaterThanOrEqual(1);
    expect((await file.read(0, 100)).data.toString('latin1')).toBe(`hello world${'\0'.repeat(9)}x`);
    await file.close();
  });

  it('moves a mebibyte in one request, and every odd size', async () => {
    await using server = await start();
    const f = await files(server);
    const file = await f.open('file', { access: ShareAccess.BOTH, create: 'guarded' });
    const data = Buffer.from(Array.from({ length: 1024 * 1024 }, (_, i) => (i * 31) & 0xff));
    expect((await file.write(0, data)).count).toBe(data.length);
    expect((await file.read(0, data.length)).data.equals(data)).toBe(true);
    for (const size of [1, 2, 3, 5, 4095, 4097, 65_537]) {
      await file.write(7, data.subarray(0, size));
      expect((await file.read(7, size)).data.equals(data.subarray(0, size))).toBe(true);
    }
    await file.close();
  });

  it('refuses offsets beyond the largest file, and objects that are no file', async () => {
    await using server = await start();
    const f = await files(server);
    await f.mkdir('d');
    await f.symlink('x', 'l');
    const file = await f.open('file', { access: ShareAccess.BOTH, create: 'guarded' });
    await refused(file.write(UINT64_MAX, 'x'), 'NFS4ERR_FBIG', 'NFS4ERR_INVAL');
    await refused(file.write(UINT64_MAX - 1n, 'xyz'), 'NFS4ERR_FBIG', 'NFS4ERR_INVAL');
    await refused(file.write(2n ** 63n, 'x'), 'NFS4ERR_FBIG', 'NFS4ERR_INVAL');
    const far = await file.read(UINT64_MAX - 10n, 100).catch((error: { code: string }) => error.code);
    if (typeof far !== 'string') expect(far).toMatchObject({ eof: true, data: Buffer.alloc(0) });
    else expect(far).toBe('NFS4ERR_INVAL');
    await refused(f.setattr('file', { size: UINT64_MAX }), 'NFS4ERR_FBIG', 'NFS4ERR_INVAL');
    await refused(f.last(f.to('d'), ops.read(ANONYMOUS_STATEID, 0, 1)), 'NFS4ERR_ISDIR');
    await refused(f.last(f.to('d'), ops.write(ANONYMOUS_STATEID, 0, Buffer.alloc(1))), 'NFS4ERR_ISDIR');
    await refused(f.last(f.to('d'), ops.commit()), 'NFS4ERR_ISDIR');
    await refused(
      f.last(f.to('l'), ops.read(ANONYMOUS_STATEID, 0, 1)),
      'NFS4ERR_SYMLINK',
      'NFS4ERR_WRONG_TYPE',
      'NFS4ERR_INVAL',
    );
    await refused(f.last(f.to('l'), ops.commit()), 'NFS4ERR_SYMLINK', 'NFS4ERR_WRONG_TYPE', 'NFS4ERR_INVAL');
    expect((await f.stat('file')).size).toBe(0n);
    await file.close();
  });

  it('takes the special stateids for those that the mode admits', async () => {
    await using server = await start();
    const f = await files(server);
    const handle = await f.writeFile('file', 'hello', { mode: 0o644 });
    const here = ops.putfh(handle);
    for (const stateid of [ANONYMOUS_STATEID, READ_BYPASS_STATEID]) {
      const [, got] = await f.session.run([here, ops.read(stateid, 0, 5)]);
      expect(got.data.toString()).toBe('hello');
    }
    const [, written] = await f.session.run([here, ops.write(ANONYMOUS_STATEID, 0, Buffer.from('J'))]);
    expect(written.count).toBe(1);
    const stranger = f.as(authSys({ uid: 7, gid: 7 }));
    await refused(stranger.last([here], ops.write(ANONYMOUS_STATEID, 0, Buffer.from('x'))), 'NFS4ERR_ACCESS');
    await refused(f.last([here], ops.read({ seqid: 5, a: 0, b: 0, c: 0 }, 0, 1)), 'NFS4ERR_BAD_STATEID');
    await refused(f.last([here], ops.read(CURRENT_STATEID, 0, 1)), 'NFS4ERR_BAD_STATEID');
  });

  it('uses the current stateid within a COMPOUND', async () => {
    await using server = await start();
    const f = await files(server);
    const owner = f.owner;
    const opened = ops.open({
      access: ShareAccess.BOTH,
      owner,
      claim: { claim: OpenClaim.NULL, name: 'file' },
      create: { mode: CreateMode.UNCHECKED, attributes: { mode: 0o600 } },
    });
    const values = await f.session.run([
      ops.putfh(f.root),
      opened,
      ops.write(CURRENT_STATEID, 0, Buffer.from('current')),
      ops.read(CURRENT_STATEID, 0, 100),
      ops.close(CURRENT_STATEID),
    ]);
    expect(values[3].data.toString()).toBe('current');
    await refused(
      f.session.run([ops.putfh(f.root), opened, ops.getfh(), ops.putfh(f.root), ops.close(CURRENT_STATEID)]),
      'NFS4ERR_BAD_STATEID',
      'NFS4ERR_STALE_STATEID',
    );
  });

  it('keeps to the share of an open', async () => {
    await using server = await start();
    const f = await files(server);
    await f.writeFile('file', 'hello');
    const reader = await f.open('file', { access: ShareAccess.READ });
    await refused(reader.write(0, 'x'), 'NFS4ERR_OPENMODE');
    await refused(reader.truncate(0), 'NFS4ERR_OPENMODE');
    const writer = await f.open('file', {
      access: ShareAccess.WRITE,
      owner: { clientId: f.session.client.clientId, owner: Buffer.from('writer') },
    });
    await writer.truncate(3);
    expect((await reader.read(0, 10)).data.toString()).toBe('hel');
    await reader.close();
    await writer.close();
  });

  it('reads and writes by the rights that the open had, whatever the mode is later', async () => {
    await using server = await start();
    const f = (await files(server)).as(authSys({ uid: 5, gid: 5 }));
    const file = await f.open('file', {
      access: ShareAccess.BOTH,
      create: 'guarded',
      attributes: { mode: 0o400 },
    });
    await file.write(0, 'still');
    expect((await file.read(0, 10)).data.toString()).toBe('still');
    await refused(f.open('file', { access: ShareAccess.WRITE }), 'NFS4ERR_ACCESS');
    await file.close();
  });

  it('runs out of space with NFS4ERR_NOSPC and goes on serving', async () => {
    const { MemoryFileSystem } = await import('../support/memory-fs.ts');
    await using server = await start({ fileSystem: new MemoryFileSystem({ capacity: 64 * 1024 }) as never });
    const f = await files(server);
    const file = await f.open('file', { access: ShareAccess.BOTH, create: 'guarded' });
    await refused(file.write(0, Buffer.alloc(128 * 1024)), 'NFS4ERR_NOSPC');
    await file.write(0, Buffer.alloc(1024));
    expect((await f.getattr('file')).spaceTotal).toBe(65_536n);
    await file.close();
  });
});
