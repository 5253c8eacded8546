import { describe, expect, it } from 'vitest';
import { NfsStatusError, Status } from '../../src/client/index.ts';
import { type FileSystem, FsError, type FsErrorCode } from '../../src/vfs/index.ts';
import { MemoryFileSystem } from '../support/memory-fs.ts';
import { startServer } from '../support/server.ts';
import { refused } from '../support/suite.ts';
import { type FsMethod, TroubledFileSystem } from '../support/troubled-fs.ts';

describe.each([false, true])('a file system that fails (asynchronous: %s)', (asynchronous) => {
  const setUp = async () => {
    const failing = new Map<FsMethod, () => Error>();
    const fileSystem = new TroubledFileSystem(new MemoryFileSystem(), {
      asynchronous,
      fault: (method) => failing.get(method)?.(),
    });
    const server = await startServer({ fileSystem: fileSystem as FileSystem });
    return { failing, server, f: await server.files({ minor: 2 }) };
  };

  it('has each of its errors answered with the status that it stands for', async () => {
    const { failing, server, f } = await setUp();
    const cases: readonly (readonly [FsMethod, FsErrorCode, string, () => Promise<unknown>])[] = [
      ['lookup', 'EIO', 'NFS4ERR_IO', () => f.lookup('x')],
      ['lookup', 'EACCES', 'NFS4ERR_ACCESS', () => f.lookup('x')],
      ['createObject', 'ENOSPC', 'NFS4ERR_NOSPC', () => f.mkdir('x')],
      ['createObject', 'EDQUOT', 'NFS4ERR_DQUOT', () => f.mkdir('x')],
      ['createFile', 'EROFS', 'NFS4ERR_ROFS', () => f.writeFile('x', 'x')],
      // RFC 8881 §15.2 lists no NFS4ERR_PERM for REMOVE.
      ['remove', 'EPERM', 'NFS4ERR_ACCESS', () => f.remove('x')],
      ['remove', 'ENOTEMPTY', 'NFS4ERR_NOTEMPTY', () => f.remove('x')],
      ['link', 'EMLINK', 'NFS4ERR_MLINK', () => f.link('there', 'x')],
      ['rename', 'EINVAL', 'NFS4ERR_INVAL', () => f.rename('there', 'x')],
      ['resolve', 'ESTALE', 'NFS4ERR_STALE', () => f.stat('')],
      ['attributes', 'EIO', 'NFS4ERR_IO', () => f.stat('there')],
      ['setAttributes', 'EPERM', 'NFS4ERR_PERM', () => f.setattr('there', { mode: 0 })],
      ['readlink', 'EIO', 'NFS4ERR_IO', () => f.readlink('link')],
      ['readdir', 'EIO', 'NFS4ERR_IO', () => f.names('')],
      ['getXattr', 'ENODATA', 'NFS4ERR_NOXATTR', () => f.getXattr('there', 'user.x')],
      ['setXattr', 'ENOSPC', 'NFS4ERR_NOSPC', () => f.setXattr('there', 'user.x', 'x')],
    ];
    await f.writeFile('there', 'x');
    await f.symlink('x', 'link');
    for (const [method, code, status, attempt] of cases) {
      failing.set(method, () => new FsError(code));
      await refused(attempt(), status);
      failing.clear();
    }
    const file = await f.open('there', { access: 3 });
    for (const [method, code, status] of [
      ['read', 'EIO', 'NFS4ERR_IO'],
      ['write', 'ENOSPC', 'NFS4ERR_NOSPC'],
      ['write', 'EFBIG', 'NFS4ERR_FBIG'],
      ['commit', 'EIO', 'NFS4ERR_IO'],
    ] as const) {
      failing.set(method, () => new FsError(code));
      const attempt = {
        read: () => file.read(0, 1),
        write: () => file.write(0, 'x'),
        commit: () => file.commit(),
      };
      await refused(attempt[method](), status);
      failing.clear();
    }
    expect((await f.readFile('there')).toString()).toBe('x');
    expect(server.faults).toEqual([]);
    await server.stop();
  });

  it('gets SERVERFAULT for what it should not have thrown, and the fault is told', async () => {
    const { failing, server, f } = await setUp();
    await f.writeFile('there', 'x');
    for (const method of ['lookup', 'attributes', 'readdir', 'resolve'] as const) {
      failing.set(method, () => new TypeError(`broken ${method}`));
      await refused(
        f.readdir('there/..'.slice(0, 5), { attributes: [1, 4] }),
        'NFS4ERR_SERVERFAULT',
        'NFS4ERR_NOTDIR',
      );
      failing.clear();
    }
    failing.set('createObject', () => new TypeError('broken'));
    await refused(f.mkdir('x'), 'NFS4ERR_SERVERFAULT');
    failing.clear();
    expect(server.faults.length).toBeGreaterThan(0);
    await f.mkdir('x');
    await server.stop();
  });

  it('has changed nothing in the eyes of a client when its changes do not become stable', async () => {
    const { failing, server, f } = await setUp();
    failing.set('stable', () => new FsError('EIO'));
    const error = await f.mkdir('x').then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(NfsStatusError);
    expect([Status.IO, Status.SERVERFAULT]).toContain((error as NfsStatusError).status);
    failing.clear();
    await f.stat('');
    await server.stop();
  });

  it('releases what it retained, whatever went wrong', async () => {
    const inner = new MemoryFileSystem();
    let turn = 0;
    const fileSystem = new TroubledFileSystem(inner, {
      asynchronous,
      fault: (method) => (method !== 'resolve' && turn++ % 3 === 2 ? new FsError('EIO') : undefined),
    });
    const server = await startServer({ fileSystem: fileSystem as FileSystem });
    const f = await server.files();
    for (let i = 0; i < 30; i++) {
      const file = await f.open(`f${i}`, { access: 3, create: 'unchecked' }).catch(() => undefined);
      await file?.write(0, 'x').catch(() => undefined);
      await file?.close().catch(() => undefined);
      await f.remove(`f${i}`).catch(() => undefined);
    }
    fileSystem.trouble = { asynchronous };
    for (const name of await f.names('')) await f.remove(name);
    const { client } = f.session;
    await f.session.destroy();
    await client.destroyClientId().catch(() => undefined);
    const opens = server.server.stats().opens;
    expect(inner.nodeCount - 1).toBeLessThanOrEqual(opens);
    await server.stop();
  });
});
