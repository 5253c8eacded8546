import { describe, expect, it } from 'vitest';
import {
  ANONYMOUS_STATEID,
  Attr,
  type Files,
  type OpenFile,
  ops,
  ShareAccess,
  UINT64_MAX,
} from '../../src/client/index.ts';
import { type FileSystem, Stability } from '../../src/vfs/index.ts';
import { MemoryFileSystem } from '../support/memory-fs.ts';
import { seededRandom } from '../support/random.ts';
import { startServer } from '../support/server.ts';
import { refused, suite } from '../support/suite.ts';

const BLOCK = 4096;
const DATA = 0;

const newFile = (f: Files, path: string): Promise<OpenFile> =>
  f.open(path, { access: ShareAccess.BOTH, create: 'guarded' });

/** What READ_PLUS says the bytes are, following its answers to the end of the range. */
async function readPlus(file: OpenFile, offset: number, count: number): Promise<Buffer> {
  const bytes = Buffer.alloc(count);
  let at = offset;
  for (;;) {
    const { eof, segments } = await file.readPlus(at, offset + count - at);
    for (const segment of segments) {
      expect(Number(segment.offset)).toBe(at);
      if (segment.content === 'data') {
        expect(segment.data.length).toBeGreaterThan(0);
        segment.data.copy(bytes, at - offset);
        at += segment.data.length;
      } else {
        expect(Number(segment.length)).toBeGreaterThan(0);
        at += Number(segment.length);
      }
    }
    expect(at).toBeLessThanOrEqual(offset + count);
    if (eof || at === offset + count) return bytes.subarray(0, at - offset);
    expect(segments.length).toBeGreaterThan(0);
  }
}

suite(
  'holes',
  ({ start, files }) => {
    it('reads by READ_PLUS what READ reads, wherever the holes are', async () => {
      await using server = await start();
      const f = await files(server);
      const seed = Math.floor(Math.random() * 2 ** 32);
      const random = seededRandom(seed);
      const below = (bound: number): number => Math.floor(random() * bound);
      const file = await newFile(f, 'f');
      const size = 60 * BLOCK;
      for (let step = 0; step < 40; step++) {
        const data = Buffer.alloc(1 + below(BLOCK), 1 + below(255));
        await file.write(below(size - data.length), data);
        if (step % 4 === 0) await file.deallocate(below(size), 1 + below(3 * BLOCK));
        const offset = below(size);
        const count = 1 + below(20 * BLOCK);
        const plain = await file.read(offset, count);
        expect((await readPlus(file, offset, count)).equals(plain.data), `seed ${seed}`).toBe(true);
      }
    });

    it('tells holes from data, and the end of the file', async () => {
      await using server = await start();
      const file = await newFile(await files(server), 'f');
      expect(await file.readPlus(0, 100)).toEqual({ eof: true, segments: [] });
      await file.write(2 * BLOCK, Buffer.alloc(BLOCK, 7));
      await file.truncate(5 * BLOCK);
      const all = await file.readPlus(0, 100 * BLOCK);
      expect(all.eof).toBe(true);
      expect(all.segments.map(({ content, offset }) => [content, Number(offset)])).toEqual([
        ['hole', 0],
        ['data', 2 * BLOCK],
        ['hole', 3 * BLOCK],
      ]);
      const part = await file.readPlus(BLOCK, BLOCK + 10);
      expect(part).toMatchObject({ eof: false, segments: [{ content: 'hole' }, { content: 'data' }] });
      expect(await file.readPlus(0, 0)).toEqual({ eof: false, segments: [] });
      expect(await file.readPlus(5 * BLOCK, 10)).toEqual({ eof: true, segments: [] });
      expect(await file.readPlus(UINT64_MAX, 10)).toEqual({ eof: true, segments: [] });
      expect((await file.readPlus(4 * BLOCK, BLOCK)).eof).toBe(true);
    });

    it('finds data and holes by SEEK', async () => {
      await using server = await start();
      const f = await files(server);
      const file = await newFile(f, 'f');
      await refused(file.seek(0, 'data'), 'NFS4ERR_NXIO');
      await file.write(2 * BLOCK, Buffer.alloc(BLOCK, 7));
      await file.truncate(5 * BLOCK);
      expect(await file.seek(0, 'data')).toEqual({ eof: false, offset: BigInt(2 * BLOCK) });
      expect(await file.seek(0, 'hole')).toEqual({ eof: false, offset: 0n });
      expect(await file.seek(2 * BLOCK, 'hole')).toEqual({ eof: false, offset: BigInt(3 * BLOCK) });
      expect(await file.seek(3 * BLOCK, 'data')).toEqual({ eof: true, offset: BigInt(5 * BLOCK) });
      await refused(file.seek(5 * BLOCK, 'hole'), 'NFS4ERR_NXIO');
      await refused(file.seek(UINT64_MAX, 'data'), 'NFS4ERR_NXIO');
      await refused(f.last(f.to('f'), ops.seek(ANONYMOUS_STATEID, 0, 2)), 'NFS4ERR_UNION_NOTSUPP');
      await f.mkdir('d');
      await f.symlink('x', 'l');
      await refused(f.last(f.to('d'), ops.seek(ANONYMOUS_STATEID, 0, DATA)), 'NFS4ERR_ISDIR');
      await refused(f.last(f.to('l'), ops.readPlus(ANONYMOUS_STATEID, 0, 1)), 'NFS4ERR_SYMLINK');
    });

    it('reserves and gives back', async () => {
      await using server = await start();
      const f = await files(server);
      const file = await newFile(f, 'f');
      await file.allocate(0, 3 * BLOCK);
      expect(await f.getattr('f')).toMatchObject({ size: BigInt(3 * BLOCK) });
      await file.write(0, Buffer.alloc(3 * BLOCK, 9));
      await file.deallocate(BLOCK, UINT64_MAX - BigInt(BLOCK));
      expect((await file.read(BLOCK, BLOCK)).data.equals(Buffer.alloc(BLOCK))).toBe(true);
      expect((await f.stat('f')).size).toBe(BigInt(3 * BLOCK));
      await file.deallocate(UINT64_MAX - 1n, 1);
      await refused(file.allocate(0, 0), 'NFS4ERR_INVAL');
      await refused(file.allocate(UINT64_MAX - 1n, 1), 'NFS4ERR_FBIG');
      await refused(file.allocate(1, UINT64_MAX), 'NFS4ERR_FBIG');
      const reader = await (await files(server)).open('f', { access: ShareAccess.READ });
      await refused(reader.allocate(0, 1), 'NFS4ERR_OPENMODE');
      await refused(reader.deallocate(0, 1), 'NFS4ERR_OPENMODE');
      await f.mkdir('d');
      await refused(f.last(f.to('d'), ops.allocate(ANONYMOUS_STATEID, 0, 1)), 'NFS4ERR_WRONG_TYPE');
    });

    it('copies ranges, within a share and between two', async () => {
      const shares = [1, 2].map((id) => ({
        id,
        path: `/s${id}`,
        fileSystem: new MemoryFileSystem() as FileSystem,
        squash: 'none' as const,
      }));
      await using server = await startServer({ shares });
      const f = await server.files({ minor: 2 }, '/');
      const other = await server.files({ minor: 2 }, '/');
      const text = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7) & 0xff));
      const from = await newFile(f, 's1/from');
      await from.write(0, text, Stability.FILE_SYNC);
      for (const path of ['s1/to', 's2/to']) {
        const to = await newFile(f, path);
        expect(await from.copyTo(to)).toBe(300_000n);
        expect((await other.readFile(path)).equals(text)).toBe(true);
        expect(await from.copyTo(to, { from: 10, to: 400_000, count: 5 })).toBe(5n);
        const tail = await to.read(399_999, 100);
        expect([...tail.data]).toEqual([0, ...text.subarray(10, 15)]);
        await refused(from.copyTo(to, { from: 299_999, count: 2 }), 'NFS4ERR_INVAL');
        await refused(from.copyTo(to, { from: 300_001 }), 'NFS4ERR_INVAL');
        await refused(from.copyTo(to, { to: UINT64_MAX, count: 1 }), 'NFS4ERR_FBIG');
        if (path === 's1/to') await from.cloneTo(to, { from: 0, to: 0, count: BLOCK });
        else await refused(from.cloneTo(to), 'NFS4ERR_XDEV');
      }
      await refused(from.copyTo(from, { to: 500_000, count: 1 }), 'NFS4ERR_INVAL');
      await refused(from.cloneTo(from, { from: 0, to: 1, count: 2 }), 'NFS4ERR_INVAL');
      await from.cloneTo(from, { from: 0, to: 75 * BLOCK, count: BLOCK });
    });

    it('needs the right to read the source and to write the target', async () => {
      await using server = await start();
      const f = await files(server);
      await f.writeFile('a', 'text');
      await f.writeFile('b', '');
      const reads = await f.open('a', { access: ShareAccess.READ });
      const writes = await f.open('b', { access: ShareAccess.WRITE });
      expect(await reads.copyTo(writes)).toBe(4n);
      await refused(writes.copyTo(reads), 'NFS4ERR_OPENMODE');
      await refused(writes.cloneTo(reads), 'NFS4ERR_OPENMODE');
      await f.mkdir('d');
      const toDirectory = {
        from: ANONYMOUS_STATEID,
        to: ANONYMOUS_STATEID,
        fromOffset: 0,
        toOffset: 0,
        count: 0,
      };
      await refused(
        f.last([...f.to('a'), ops.savefh(), ...f.to('d')], ops.copy(toDirectory)),
        'NFS4ERR_WRONG_TYPE',
      );
      await refused(
        f.last([...f.to('d'), ops.savefh(), ...f.to('a')], ops.copy(toDirectory)),
        'NFS4ERR_WRONG_TYPE',
      );
      await refused(f.last(f.to('a'), ops.copy(toDirectory)), 'NFS4ERR_NOFILEHANDLE');
      const foreign = ops.copy({ ...toDirectory, sources: ['elsewhere'] });
      await refused(f.last([...f.to('a'), ops.savefh(), ...f.to('b')], foreign), 'NFS4ERR_OFFLOAD_DENIED');
    });

    it('hears advice and says that it does not follow it', async () => {
      await using server = await start();
      const f = await files(server);
      const file = await newFile(f, 'f');
      const hints = await f.last(f.to('f'), ops.ioAdvise(file.stateid, 0, UINT64_MAX, [1, 4]));
      expect(hints).toEqual([0]);
      const bad = { ...file.stateid, c: file.stateid.c + 1000 };
      await refused(f.last(f.to('f'), ops.ioAdvise(bad, 0, 0, [])), 'NFS4ERR_BAD_STATEID');
    });
  },
  [2],
);

describe('a file system without holes and copies', () => {
  it('is all data up to its end, and still copied by the server', async () => {
    const inner = new MemoryFileSystem({ abilities: { sparse: false, copy: false } });
    Object.assign(inner, { sparse: undefined, copyRange: undefined });
    await using server = await startServer({ fileSystem: inner as FileSystem });
    const f = await server.files({ minor: 2 });
    const file = await newFile(f, 'f');
    await file.truncate(100);
    expect(await file.seek(5, 'data')).toEqual({ eof: false, offset: 5n });
    expect(await file.seek(5, 'hole')).toEqual({ eof: true, offset: 100n });
    const { segments, eof } = await file.readPlus(10, 200);
    expect(eof).toBe(true);
    expect(segments).toMatchObject([{ content: 'data', offset: 10n }]);
    await refused(file.allocate(0, 1), 'NFS4ERR_NOTSUPP');
    await refused(file.deallocate(0, 1), 'NFS4ERR_NOTSUPP');
    const to = await newFile(f, 'to');
    expect(await file.copyTo(to)).toBe(100n);
    await refused(file.cloneTo(to), 'NFS4ERR_NOTSUPP');
    expect((await f.getattr('f', [Attr.SUPPORTED_ATTRS])).supportedAttrs).not.toContain(Attr.CLONE_BLKSIZE);
  });

  it('copies no more at once than the limit says', async () => {
    await using server = await startServer({ limits: { maxCopySize: 1000 } });
    const f = await server.files({ minor: 2 });
    const from = await newFile(f, 'from');
    await from.write(0, Buffer.alloc(2500, 5));
    const to = await newFile(f, 'to');
    expect(await from.copyTo(to)).toBe(1000n);
    expect(await from.copyTo(to, { from: 2000, to: 2000 })).toBe(500n);
    expect((await to.read(2000, 1000)).data.equals(Buffer.alloc(500, 5))).toBe(true);
  });
});
