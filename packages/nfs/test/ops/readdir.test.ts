import { describe, expect, it } from 'vitest';
import { ops } from '../../src/client/index.ts';
import { bitmapOf, writeBitmap } from '../../src/nfs4/attributes/bitmap.ts';
import { Attr, Status } from '../../src/nfs4/constants/index.ts';
import { readdir } from '../../src/nfs4/ops/readdir.ts';
import { type Attributes, type FileSystem, FileType, FsError } from '../../src/vfs/index.ts';
import { MemoryFileSystem } from '../support/memory-fs.ts';
import { TroubledFileSystem } from '../support/troubled-fs.ts';
import { Bench, type Outcome, perform } from './harness.ts';

const ROOT = { uid: 0, gid: 0, groups: [] };
const EMPTY_BYTES = 16;
const ASKED = [Attr.TYPE, Attr.FILEID, Attr.SIZE];

interface Request {
  readonly cookie?: bigint;
  readonly verifier?: number;
  readonly dirCount?: number;
  readonly maxCount?: number;
  readonly asked?: readonly Attr[];
  readonly room?: number;
}

function list(bench: Bench, node: object, request: Request = {}): Promise<Outcome> {
  const c = bench.compound(1, node, (out) => {
    out.bigU64(request.cookie ?? 0n).u64(request.verifier ?? 0);
    out.u32(request.dirCount ?? 0).u32(request.maxCount ?? 8192);
    writeBitmap(out, bitmapOf(request.asked ?? ASKED));
  });
  if (request.room !== undefined) c.replyEnd = c.out.position + request.room;
  return perform(readdir, c);
}

function pageOf(outcome: Outcome) {
  expect(outcome.status).toBe(Status.OK);
  const page = ops.readdir().ok(outcome.result);
  expect(outcome.result.remaining).toBe(0);
  return page;
}

function directory(count: number, length = 10): MemoryFileSystem {
  const fs = new MemoryFileSystem();
  for (let i = 0; i < count; i++)
    fs.createFile(fs.root(), ROOT, String(i).padStart(length, 'n'), { mode: 0o644 });
  return fs;
}

const KINDS = [
  ['at once', (fs: MemoryFileSystem) => fs as FileSystem],
  ['later', (fs: MemoryFileSystem) => new TroubledFileSystem(fs, { asynchronous: true }) as FileSystem],
] as const;

describe.each(KINDS)('READDIR of a file system that answers %s', (_, as) => {
  it('fills each page up to maxcount and no byte more, and misses nothing', async () => {
    const fs = directory(30);
    const bench = await Bench.of(as(fs));
    const whole = pageOf(await list(bench, fs.root()));
    expect(whole.eof).toBe(true);
    expect(whole.entries).toHaveLength(30);
    const entryBytes = (pageBytes(30) - EMPTY_BYTES) / 30;
    for (const maxCount of [
      EMPTY_BYTES + entryBytes,
      200,
      201,
      500,
      1000,
      pageBytes(30) - 1,
      pageBytes(30),
    ]) {
      const names: string[] = [];
      let cookie = 0n;
      for (;;) {
        const outcome = await list(bench, fs.root(), { cookie, maxCount });
        const page = pageOf(outcome);
        expect(outcome.bytes.length).toBeLessThanOrEqual(maxCount);
        if (!page.eof) expect(outcome.bytes.length + entryBytes).toBeGreaterThan(maxCount);
        names.push(...page.entries.map((entry) => entry.name));
        if (page.eof) break;
        cookie = page.entries.at(-1)!.cookie;
      }
      expect(names).toEqual(whole.entries.map((entry) => entry.name));
    }
  });

  it('answers TOOSMALL where not one entry fits, and a full reply where that is what is too small', async () => {
    const fs = directory(1);
    const bench = await Bench.of(as(fs));
    const needed = pageBytes(1);
    expect(pageOf(await list(bench, fs.root(), { maxCount: needed })).entries).toHaveLength(1);
    for (const maxCount of [0, EMPTY_BYTES - 1, EMPTY_BYTES, needed - 1]) {
      expect((await list(bench, fs.root(), { maxCount })).status).toBe(Status.TOOSMALL);
    }
    expect((await list(bench, fs.root(), { room: needed - 1 })).status).toBe(Status.REP_TOO_BIG);
    expect((await list(bench, fs.root(), { room: needed })).status).toBe(Status.OK);
  });

  it('ends an empty directory with eof, in the least of bytes', async () => {
    const fs = directory(0);
    const bench = await Bench.of(as(fs));
    const page = pageOf(await list(bench, fs.root(), { maxCount: EMPTY_BYTES }));
    expect(page).toMatchObject({ entries: [], eof: true });
  });

  it('keeps to dircount, but for the first entry', async () => {
    const fs = directory(10);
    const bench = await Bench.of(as(fs));
    const perName = 8 + 4 + 12;
    expect(pageOf(await list(bench, fs.root(), { dirCount: 1 })).entries).toHaveLength(1);
    expect(pageOf(await list(bench, fs.root(), { dirCount: 3 * perName })).entries).toHaveLength(3);
    expect(pageOf(await list(bench, fs.root(), { dirCount: 4 * perName - 1 })).entries).toHaveLength(3);
    expect(pageOf(await list(bench, fs.root(), { dirCount: 10 * perName })).eof).toBe(true);
  });

  it('refuses cookies and verifiers that it never gave', async () => {
    const fs = directory(3);
    const bench = await Bench.of(as(fs));
    for (const cookie of [1n, 2n, 2n ** 63n, 2n ** 64n - 1n]) {
      expect((await list(bench, fs.root(), { cookie })).status).toBe(Status.BAD_COOKIE);
    }
    const [first] = pageOf(await list(bench, fs.root())).entries;
    expect((await list(bench, fs.root(), { cookie: first!.cookie, verifier: 1 })).status).toBe(
      Status.NOT_SAME,
    );
    expect((await list(bench, fs.root(), { cookie: first!.cookie })).status).toBe(Status.OK);
    const writeOnly = { asked: [Attr.TIME_MODIFY_SET] };
    expect((await list(bench, fs.root(), writeOnly)).status).toBe(Status.INVAL);
  });

  it('tells of an entry without attributes by rdattr_error, or fails where that was not asked for', async () => {
    class Broken extends MemoryFileSystem {
      override attributes(node: ReturnType<MemoryFileSystem['root']>): Attributes {
        if (node.type === FileType.FIFO) throw new FsError('EIO');
        return super.attributes(node);
      }
    }
    const fs = new Broken();
    fs.createFile(fs.root(), ROOT, 'good', {});
    fs.createObject(fs.root(), ROOT, 'bad', { type: FileType.FIFO }, {});
    fs.createFile(fs.root(), ROOT, 'better', {});
    const bench = await Bench.of(as(fs));
    const page = pageOf(await list(bench, fs.root(), { asked: [...ASKED, Attr.RDATTR_ERROR] }));
    const byName = new Map(page.entries.map((entry) => [entry.name, entry.attributes]));
    expect(byName.get('bad')).toEqual({ rdattrError: Status.IO });
    expect(byName.get('good')).toMatchObject({ rdattrError: 0, size: 0n });
    expect(byName.size).toBe(3);
    // The entries before it are given; the next READDIR meets the bad one first.
    const first = pageOf(await list(bench, fs.root()));
    expect(first.eof).toBe(false);
    const cookie = first.entries.at(-1)!.cookie;
    expect((await list(bench, fs.root(), { cookie })).status).toBe(Status.IO);
  });

  it('gives the figures of the whole file system where they are asked for', async () => {
    const fs = directory(2);
    const bench = await Bench.of(as(fs));
    const page = pageOf(await list(bench, fs.root(), { asked: [Attr.SPACE_TOTAL] }));
    for (const entry of page.entries) expect(entry.attributes.spaceTotal).toBe(BigInt(fs.space().bytesTotal));
  });
});

/** Bytes of a page with so many entries of ASKED and names of 10 letters. */
function pageBytes(entries: number): number {
  const attributes = 4 + 4 + 4 + (4 + 8 + 8);
  return EMPTY_BYTES + entries * (4 + 8 + 4 + 12 + attributes);
}

describe('READDIR', () => {
  it('answers at once and later with the same bytes', async () => {
    const fs = directory(50, 17);
    const late = new TroubledFileSystem(fs, { asynchronous: true });
    const now = await list(await Bench.of(fs as FileSystem), fs.root(), { maxCount: 2000 });
    const later = await list(await Bench.of(late as FileSystem), fs.root(), { maxCount: 2000 });
    expect(now.waited).toBe(false);
    expect(later.waited).toBe(true);
    expect(later.bytes.equals(now.bytes)).toBe(true);
  });

  it('is not misled by a file system that goes on after it was told to stop', async () => {
    class Pushy extends MemoryFileSystem {
      override readdir(...[dir, cred, cookie, sink]: Parameters<MemoryFileSystem['readdir']>): boolean {
        super.readdir(dir, cred, cookie, (name, at, node) => {
          sink(name, at, node);
          return true;
        });
        return true;
      }
    }
    const fs = new Pushy();
    for (const name of ['a'.repeat(200), 'b', 'c']) fs.createFile(fs.root(), ROOT, name, {});
    const bench = await Bench.of(fs as FileSystem);
    const outcome = await list(bench, fs.root(), { maxCount: 100 });
    expect(outcome.status).toBe(Status.TOOSMALL);
  });

  it('hands a fault of the file system on as a fault', async () => {
    class Faulty extends MemoryFileSystem {
      override attributes(): Attributes {
        throw new TypeError('a bug');
      }
    }
    const fs = new Faulty();
    const bench = await Bench.of(fs as FileSystem);
    fs.createFile(fs.root(), ROOT, 'x', {});
    await expect(list(bench, fs.root(), { asked: [Attr.RDATTR_ERROR] })).rejects.toThrow('a bug');
  });
});
