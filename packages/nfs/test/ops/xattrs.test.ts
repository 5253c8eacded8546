import { describe, expect, it } from 'vitest';
import { Attr, ops } from '../../src/client/index.ts';
import type { FileSystem } from '../../src/vfs/index.ts';
import { MemoryFileSystem } from '../support/memory-fs.ts';
import { startServer } from '../support/server.ts';
import { refused, suite } from '../support/suite.ts';

const CREATE = 1;
const REPLACE = 2;

suite(
  'extended attributes',
  ({ start, files }) => {
    it('keeps values under any key, and tells what changed', async () => {
      await using server = await start();
      const f = await files(server);
      await f.writeFile('f', '');
      for (const key of ['k', '.', '..', 'a/b', 'ключ', 'k'.repeat(255)]) {
        const change = await f.setXattr('f', key, `of ${key}`, CREATE);
        expect(change.after).toBeGreaterThan(change.before);
        expect((await f.getXattr('f', key)).toString()).toBe(`of ${key}`);
      }
      expect(await f.listXattrs('f')).toHaveLength(6);
      await refused(f.setXattr('f', 'k', 'x', CREATE), 'NFS4ERR_EXIST');
      await f.setXattr('f', 'k', '', REPLACE);
      expect(await f.getXattr('f', 'k')).toHaveLength(0);
      const removed = await f.removeXattr('f', 'k');
      expect(removed.after).toBeGreaterThan(removed.before);
      await refused(f.getXattr('f', 'k'), 'NFS4ERR_NOXATTR');
      await refused(f.removeXattr('f', 'k'), 'NFS4ERR_NOXATTR');
      await refused(f.setXattr('f', 'k', 'x', REPLACE), 'NFS4ERR_NOXATTR');
    });

    it('refuses keys and values that cannot be', async () => {
      await using server = await start();
      const f = await files(server);
      await f.writeFile('f', '');
      for (const key of ['', 'a\0b', Buffer.from([0xff])]) {
        await refused(f.setXattr('f', key, 'x'), 'NFS4ERR_INVAL');
        await refused(f.getXattr('f', key), 'NFS4ERR_INVAL');
        await refused(f.removeXattr('f', key), 'NFS4ERR_INVAL');
      }
      await refused(f.setXattr('f', 'k'.repeat(256), 'x'), 'NFS4ERR_NAMETOOLONG');
      await refused(f.setXattr('f', 'k', Buffer.alloc(65_537)), 'NFS4ERR_XATTR2BIG');
      await f.setXattr('f', 'k', Buffer.alloc(65_536));
      await refused(f.setXattr('f', 'k', 'x', 3), 'NFS4ERR_BADXDR');
    });

    it('lists in pages of any size', async () => {
      await using server = await start();
      const f = await files(server);
      await f.writeFile('f', '');
      const keys = Array.from({ length: 20 }, (_, i) => `key${String(i).padStart(i, '-')}`);
      for (const key of keys) await f.setXattr('f', key, '');
      for (const maxCount of [44, 60, 100, 8192]) {
        expect((await f.listXattrs('f', maxCount)).sort()).toEqual([...keys].sort());
      }
      await refused(f.last(f.to('f'), ops.listxattrs(0, 15)), 'NFS4ERR_TOOSMALL');
      await refused(f.last(f.to('f'), ops.listxattrs(0, 16)), 'NFS4ERR_TOOSMALL');
      const behind = await f.last(f.to('f'), ops.listxattrs(2n ** 64n - 1n, 8192));
      expect(behind).toMatchObject({ names: [], eof: true });
    });

    it('lists what stays once and only once, whatever comes and goes between two pages', async () => {
      await using server = await start();
      const f = await files(server);
      await f.writeFile('f', '');
      const staying = Array.from({ length: 30 }, (_, i) => `stays ${i}`);
      const going = Array.from({ length: 30 }, (_, i) => `goes ${i}`);
      for (const key of [...going, ...staying]) await f.setXattr('f', key, '');
      const listed: string[] = [];
      for (let cookie = 0n, eof = false, page = 0; !eof; page++) {
        const answer = await f.last(f.to('f'), ops.listxattrs(cookie, 100));
        listed.push(...answer.names);
        ({ cookie, eof } = answer);
        // Of those listed, and of those that are not.
        for (const key of going.splice(0, 4)) await f.removeXattr('f', key);
        await f.setXattr('f', `comes ${page}`, '');
      }
      expect(listed.filter((key) => key.startsWith('stays')).sort()).toEqual([...staying].sort());
      expect(new Set(listed).size).toBe(listed.length);
    });
  },
  [2],
);

describe('a file system without extended attributes', () => {
  it('says so', async () => {
    const inner = new MemoryFileSystem({ abilities: { xattrs: false } });
    Object.assign(inner, { xattr: undefined });
    await using server = await startServer({ fileSystem: inner as FileSystem });
    const f = await server.files({ minor: 2 });
    expect((await f.getattr('', [Attr.XATTR_SUPPORT])).xattrSupport).toBe(false);
    await refused(f.getXattr('', 'k'), 'NFS4ERR_NOTSUPP');
    await refused(f.setXattr('', 'k', 'v'), 'NFS4ERR_NOTSUPP');
    await refused(f.removeXattr('', 'k'), 'NFS4ERR_NOTSUPP');
    await refused(f.listXattrs(''), 'NFS4ERR_NOTSUPP');
  });
});
