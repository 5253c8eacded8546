import { describe, expect, it } from 'vitest';
import { type FileAttributes, KNOWN_ATTRIBUTES, readAttributes } from '../../src/client/index.ts';
import { bitmapOf, writeBitmap } from '../../src/nfs4/attributes/bitmap.ts';
import { encodeAttributes } from '../../src/nfs4/attributes/encode.ts';
import { Attr, Status } from '../../src/nfs4/constants/index.ts';
import { getattr } from '../../src/nfs4/ops/getattr.ts';
import { type FileSystem, FileType, type SpaceUsage } from '../../src/vfs/index.ts';
import { XdrReader } from '../../src/xdr/index.ts';
import { Bench, perform } from './../ops/harness.ts';
import { MemoryFileSystem } from '../support/memory-fs.ts';
import { TroubledFileSystem } from '../support/troubled-fs.ts';

const ROOT = { uid: 0, gid: 0, groups: [] };
const MASK = (1 << 10) - 1;

async function attributesOf(
  bench: Bench,
  node: object,
  minor: 1 | 2 = 2,
  asked: readonly number[] = KNOWN_ATTRIBUTES,
): Promise<FileAttributes> {
  const outcome = await perform(
    getattr,
    bench.compound(minor, node, (out) => writeBitmap(out, bitmapOf(asked as Attr[]))),
  );
  expect(outcome.status).toBe(Status.OK);
  const attributes = readAttributes(outcome.result);
  expect(outcome.result.remaining).toBe(0);
  return attributes;
}

describe('GETATTR', () => {
  it('tells the truth about a file', async () => {
    const fs = new MemoryFileSystem();
    const node = fs.createFile(fs.root(), ROOT, 'file', {
      mode: 0o6754,
      uid: 4_000_000_000,
      gid: 12,
      mtime: { sec: -5, nsec: 999_999_999 },
      btime: { sec: 2 ** 40, nsec: 1 },
    });
    fs.write(node, 0, Buffer.alloc(1000));
    fs.setAttributes(node, ROOT, { mtime: { sec: -5, nsec: 999_999_999 } });
    const bench = await Bench.of(fs as FileSystem, { leaseTime: 17 });
    const got = await attributesOf(bench, node);
    expect(got).toMatchObject({
      type: FileType.REGULAR,
      fhExpireType: 0,
      change: BigInt(node.change),
      size: 1000n,
      linkSupport: true,
      symlinkSupport: true,
      namedAttr: false,
      fsid: { major: 7n, minor: 0n },
      uniqueHandles: true,
      leaseTime: 17,
      rdattrError: 0,
      aclSupport: 0,
      fileid: BigInt(node.fileid),
      mountedOnFileid: BigInt(node.fileid),
      mode: 0o6754,
      numlinks: 1,
      owner: '4000000000',
      ownerGroup: '12',
      spaceUsed: BigInt(node.used),
      caseInsensitive: false,
      casePreserving: true,
      chownRestricted: true,
      homogeneous: true,
      noTrunc: true,
      maxName: 255,
      maxRead: 1048576n,
      maxWrite: 1048576n,
      maxFileSize: BigInt(Number.MAX_SAFE_INTEGER),
      fsCharsetCap: 2,
      changeAttrType: 0,
      cloneBlksize: 1,
      xattrSupport: true,
    });
    expect(got.timeModify).toEqual({ sec: -5, nsec: 999_999_999 });
    expect(got.timeCreate).toEqual({ sec: 2 ** 40, nsec: 1 });
    expect(got.timeDelta).toEqual({ sec: 0, nsec: 1 });
  });

  it.each([1, 2] as const)('answers in 4.%i with just what it says it supports', async (minor) => {
    const fs = new MemoryFileSystem();
    const bench = await Bench.of(fs as FileSystem);
    const got = await attributesOf(bench, fs.root(), minor);
    const { supportedAttrs = [] } = got;
    const writeOnly = [Attr.TIME_ACCESS_SET, Attr.TIME_MODIFY_SET, Attr.MODE_SET_MASKED, Attr.MODE_UMASK];
    const readable = supportedAttrs.filter((attr) => !(writeOnly as number[]).includes(attr));
    expect(Object.keys(got)).toHaveLength(readable.length);
    expect(supportedAttrs).not.toContain(Attr.ACL);
    expect(supportedAttrs).not.toContain(Attr.FS_LOCATIONS);
    const later = [Attr.CHANGE_ATTR_TYPE, Attr.CLONE_BLKSIZE, Attr.MODE_UMASK, Attr.XATTR_SUPPORT];
    for (const attr of later) expect(supportedAttrs.includes(attr)).toBe(minor === 2);
    const masked = minor === 2 ? [Attr.MODE_UMASK] : [];
    expect(got.suppattrExclcreat).toEqual([Attr.SIZE, Attr.MODE, Attr.OWNER, Attr.OWNER_GROUP, ...masked]);
    for (const attr of got.suppattrExclcreat!) expect(supportedAttrs).toContain(attr);
  });

  it('supports less where the file system can less', async () => {
    const fs = new MemoryFileSystem({
      abilities: { space: false, copy: false, xattrs: false, symlinks: false, hardLinks: false },
    });
    const bench = await Bench.of(fs as FileSystem);
    const got = await attributesOf(bench, fs.root());
    expect(got.supportedAttrs).not.toContain(Attr.SPACE_TOTAL);
    expect(got.supportedAttrs).not.toContain(Attr.CLONE_BLKSIZE);
    expect(got).toMatchObject({ xattrSupport: false, linkSupport: false, symlinkSupport: false });
    expect(got.spaceTotal).toBeUndefined();
  });

  it('gives the root of a share the fileid of the directory that it covers', async () => {
    const fs = new MemoryFileSystem();
    const bench = await Bench.of(fs as FileSystem);
    const share = [...bench.engine.namespace.exports][0]!;
    const got = await attributesOf(bench, fs.root());
    expect(got.fileid).toBe(BigInt(fs.root().fileid));
    expect(got.mountedOnFileid).toBe(BigInt(share.junction!.fileid));
    expect(got.mountedOnFileid).not.toBe(got.fileid);
  });

  it('asks for the space only where a figure of it is asked for', async () => {
    class Counting extends MemoryFileSystem {
      asked = 0;
      override space(): SpaceUsage {
        this.asked++;
        return super.space();
      }
    }
    const fs = new Counting();
    const bench = await Bench.of(fs as FileSystem);
    await attributesOf(bench, fs.root(), 2, [Attr.SIZE, Attr.MODE, Attr.SPACE_USED]);
    expect(fs.asked).toBe(0);
    const got = await attributesOf(bench, fs.root(), 2, [Attr.SPACE_TOTAL, Attr.FILES_FREE, Attr.QUOTA_USED]);
    expect(fs.asked).toBe(1);
    const space = fs.space();
    expect(got.spaceTotal).toBe(BigInt(space.bytesTotal));
    expect(got.filesFree).toBe(BigInt(space.filesFree));
    expect(got.quotaUsed).toBe(BigInt(space.bytesTotal - space.bytesFree));
  });

  it('ignores what nobody knows, and refuses what can only be set', async () => {
    const fs = new MemoryFileSystem();
    const bench = await Bench.of(fs as FileSystem);
    const many = bench.compound(2, fs.root(), (out) => {
      out.u32(5).u32(0xffffffff).u32(MASK).u32(0x80000000).u32(1).u32(1);
    });
    const outcome = await perform(getattr, many);
    expect(outcome.status).toBe(Status.OK);
    expect(Object.keys(readAttributes(outcome.result)).length).toBeGreaterThan(20);
    for (const attr of [Attr.TIME_ACCESS_SET, Attr.TIME_MODIFY_SET, Attr.MODE_SET_MASKED, Attr.MODE_UMASK]) {
      const asked = bench.compound(2, fs.root(), (out) => writeBitmap(out, bitmapOf([Attr.SIZE, attr])));
      expect((await perform(getattr, asked)).status).toBe(Status.INVAL);
    }
  });

  it('waits only where the file system does, and says the same then', async () => {
    const inner = new MemoryFileSystem();
    const late = new TroubledFileSystem(inner, { asynchronous: true });
    const at = (fs: FileSystem) => Bench.of(fs);
    const request = (bench: Bench) =>
      bench.compound(2, inner.root(), (out) => writeBitmap(out, bitmapOf(KNOWN_ATTRIBUTES as Attr[])));
    const now = await perform(getattr, request(await at(inner as FileSystem)));
    const later = await perform(getattr, request(await at(late as FileSystem)));
    expect(now.waited).toBe(false);
    expect(later.waited).toBe(true);
    expect(later.bytes.equals(now.bytes)).toBe(true);
  });

  it('forgets bitmaps beyond its bound, and still answers each', async () => {
    const fs = new MemoryFileSystem();
    const bench = await Bench.of(fs as FileSystem);
    for (let low = 0; low < 300; low++) {
      const c = bench.compound(1, fs.root());
      const asked = { w0: low, w1: 0, w2: 0, beyond: false };
      encodeAttributes(c, c.here, c.object, asked);
      const got = readAttributes(new XdrReader(Buffer.from(c.out.bytes())));
      expect('type' in got).toBe((low & (1 << Attr.TYPE)) !== 0);
    }
  });
});
