import { describe, expect, it } from 'vitest';
import { bitmapOf, writeBitmap } from '../../src/nfs4/attributes/bitmap.ts';
import { Attr, Status } from '../../src/nfs4/constants/index.ts';
import { getattr } from '../../src/nfs4/ops/getattr.ts';
import type { Attributes, FileSystem } from '../../src/vfs/index.ts';
import { Bench, perform } from '../ops/harness.ts';
import { MemoryFileSystem } from '../support/memory-fs.ts';

const ROOT = { uid: 0, gid: 0, groups: [] };
const STAT = [Attr.TYPE, Attr.CHANGE, Attr.SIZE, Attr.FILEID, Attr.MODE, Attr.NUMLINKS, Attr.OWNER] as const;
const TIMES = [Attr.SPACE_USED, Attr.TIME_ACCESS, Attr.TIME_METADATA, Attr.TIME_MODIFY, Attr.CHANGE] as const;
const LISTED = [...STAT, Attr.FILEHANDLE] as const;
const PLANS = [STAT, TIMES, LISTED];

async function setUp() {
  const fs = new MemoryFileSystem();
  const bench = await Bench.of(fs as FileSystem);
  const make = (name: string) => {
    const node = fs.createFile(fs.root(), ROOT, name, { mode: 0o640 });
    return Object.assign(node, { memo: undefined as unknown });
  };
  const ask = async (node: object, asked: readonly Attr[]) => {
    const c = bench.compound(2, node, (out) => writeBitmap(out, bitmapOf(asked)));
    const { status, bytes } = await perform(getattr, c);
    expect(status).toBe(Status.OK);
    return bytes.toString('hex');
  };
  /** What it is without anything kept. */
  const encoded = async (node: Attributes, asked: readonly Attr[]) => {
    const { memo } = node;
    node.memo = null;
    const bytes = await ask(node, asked);
    node.memo = memo;
    return bytes;
  };
  return { fs, make, ask, encoded };
}

describe('attributes that are kept encoded', () => {
  it('are copied from the third time on, as long as nothing changes', async () => {
    const { make, ask, encoded } = await setUp();
    const node = make('file');
    const first = await ask(node, STAT);
    expect(await ask(node, STAT)).toBe(first);
    // Behind the engine's back: no file system does this without another change attribute.
    node.mode = 0o600;
    expect(await ask(node, STAT)).toBe(first);
    expect(await encoded(node, STAT)).not.toBe(first);
    // Of the others it knows by themselves.
    node.size = 5;
    expect(await ask(node, STAT)).toBe(await encoded(node, STAT));
  });

  it('are those of an object that was asked for once, too, where that was a listing', async () => {
    const { make, ask } = await setUp();
    const node = make('file');
    const first = await ask(node, LISTED);
    node.mode = 0o600;
    expect(await ask(node, LISTED)).toBe(first);
  });

  it('are never those of before a change, whoever asks for what in between', async () => {
    const { fs, make, ask, encoded } = await setUp();
    const nodes = [make('a'), make('b')];
    const changes: ((node: (typeof nodes)[number], step: number) => void)[] = [
      () => {},
      (node, step) => fs.setAttributes(node, ROOT, { mode: 0o600 + (step % 64) }),
      (node, step) => fs.setAttributes(node, ROOT, { uid: step, size: step }),
      (node, step) => fs.setAttributes(node, ROOT, { atime: { sec: step, nsec: step } }),
      (node, step) => fs.write(node, step, Buffer.alloc(step + 1)),
      (node, step) => fs.link(node, fs.root(), ROOT, `link${step}`),
    ];
    for (let step = 0; step < 300; step++) {
      const node = nodes[step % 2]!;
      changes[((step * 7) % 11) % changes.length]!(node, step);
      for (let again = 0; again < 1 + (step % 4); again++) {
        const asked = PLANS[(step + again * (step % 3)) % PLANS.length]!;
        expect(await ask(node, asked)).toBe(await encoded(node, asked));
      }
    }
  });
});
