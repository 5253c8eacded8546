import { FileType, Stability } from '@dfs/nfs';
import { describe, expect, test } from 'vitest';
import type { DataDirectory, Inode, ShareFileSystem } from '../src/index.ts';
import {
  linksOf,
  type ModelNode,
  modelCreate,
  modelLink,
  modelNode,
  modelRemove,
  modelRename,
  modelResize,
  modelWrite,
} from './model.ts';
import {
  bytesOf,
  cleanUpAfterEach,
  contentOf,
  KINDS,
  list,
  ROOT,
  ROOT_DIRECTORY,
  random,
  refusal,
  SEED,
  scratch,
} from './support.ts';

cleanUpAfterEach();

const STEPS = Number(process.env['DFS_MODEL_STEPS'] ?? 1500);
const NAMES = ['a', 'b', 'c', 'ü', 'x'.repeat(255)];
const MAX_FILE = 200_000;

/** The real file system and the model, side by side. */
class Pair {
  readonly #pick: (below: number) => number;
  readonly top: ModelNode = modelNode(FileType.DIRECTORY);
  share: ShareFileSystem;

  constructor(share: ShareFileSystem, pick: (below: number) => number) {
    this.share = share;
    this.#pick = pick;
  }

  /** A random walk: a directory in both worlds. */
  directory(): [Inode, ModelNode] {
    let [real, model] = [this.share.root(), this.top];
    while (this.#pick(3) > 0) {
      const below = [...model.entries].filter(([, node]) => node.type === FileType.DIRECTORY);
      const next = below[this.#pick(Math.max(1, below.length))];
      if (next === undefined) break;
      real = this.share.lookup(real, ROOT, next[0]);
      model = next[1];
    }
    return [real, model];
  }

  /** Any object with a name. */
  object(): [Inode, ModelNode] | undefined {
    const [real, model] = this.directory();
    const entry = [...model.entries][this.#pick(Math.max(1, model.entries.size))];
    return entry && [this.share.lookup(real, ROOT, entry[0]), entry[1]];
  }

  file(): [Inode, ModelNode] | undefined {
    const found = this.object();
    return found?.[1].type === FileType.REGULAR ? found : undefined;
  }

  name(): string {
    return NAMES[this.#pick(NAMES.length)] as string;
  }

  async step(): Promise<void> {
    const kinds = [
      this.create,
      this.create,
      this.remove,
      this.rename,
      this.link,
      this.write,
      this.write,
      this.resize,
      this.punch,
      this.xattr,
    ];
    await (kinds[this.#pick(kinds.length)] as () => Promise<void>).call(this);
    if (this.#pick(20) === 0) await this.share.stable();
  }

  async create(): Promise<void> {
    const [real, model] = this.directory();
    const name = this.name();
    const type = [FileType.REGULAR, FileType.REGULAR, FileType.DIRECTORY, FileType.SYMLINK][
      this.#pick(4)
    ] as FileType;
    const node = modelNode(type, model);
    const expected = modelCreate(model, name, node);
    const target = Buffer.from(`to ${name}`);
    if (type === FileType.SYMLINK) node.content = target;
    const actual = await refusal(() => {
      if (type === FileType.REGULAR) this.share.createFile(real, ROOT, name, {});
      else if (type === FileType.SYMLINK) this.share.createObject(real, ROOT, name, { type, target }, {});
      else if (type === FileType.DIRECTORY) this.share.createObject(real, ROOT, name, { type }, {});
    });
    expect(actual).toBe(expected);
  }

  async remove(): Promise<void> {
    const [real, model] = this.directory();
    const name = this.name();
    expect(await refusal(() => this.share.remove(real, ROOT, name))).toBe(modelRemove(model, name));
  }

  async rename(): Promise<void> {
    const [[from, modelFrom], [to, modelTo]] = [this.directory(), this.directory()];
    const [fromName, toName] = [this.name(), this.name()];
    const actual = await refusal(() => this.share.rename(from, fromName, to, toName, ROOT));
    expect(actual).toBe(modelRename(modelFrom, fromName, modelTo, toName));
  }

  async link(): Promise<void> {
    const found = this.object();
    if (found === undefined) return;
    const [real, model] = this.directory();
    const name = this.name();
    expect(await refusal(() => this.share.link(found[0], real, ROOT, name))).toBe(
      modelLink(found[1], model, name),
    );
  }

  async write(): Promise<void> {
    const found = this.file();
    if (found === undefined) return;
    const data = Buffer.alloc(1 + this.#pick(this.#pick(2) === 0 ? 100 : 100_000), 1 + this.#pick(255));
    const offset = this.#pick(MAX_FILE - data.length);
    const stability = this.#pick(8) === 0 ? Stability.FILE_SYNC : Stability.UNSTABLE;
    await this.share.write(found[0], offset, data, stability);
    modelWrite(found[1], offset, data);
  }

  async resize(): Promise<void> {
    const found = this.file();
    if (found === undefined) return;
    const size = this.#pick(2) === 0 ? 0 : this.#pick(MAX_FILE);
    await this.share.setAttributes(found[0], ROOT, { size });
    modelResize(found[1], size);
  }

  async punch(): Promise<void> {
    const found = this.file();
    if (found === undefined) return;
    const offset = this.#pick(MAX_FILE);
    const length = 1 + this.#pick(MAX_FILE);
    await this.share.sparse?.deallocate(found[0], offset, length);
    const { content } = found[1];
    content.fill(0, Math.min(offset, content.length), Math.min(offset + length, content.length));
  }

  async xattr(): Promise<void> {
    const found = this.file();
    if (found === undefined) return;
    const name = this.name();
    const value = Buffer.alloc(this.#pick(300), name);
    if (this.#pick(2) === 0) {
      this.share.xattr.set(found[0], ROOT, name, value, 0);
      found[1].xattrs.set(name, value);
    } else {
      const actual = await refusal(() => this.share.xattr.remove(found[0], ROOT, name));
      expect(actual).toBe(found[1].xattrs.delete(name) ? undefined : 'ENODATA');
    }
  }

  /** The share counts what its objects come to. */
  compareHeld(): void {
    const seen = new Map<Inode, number>();
    const count = (dir: Inode) => {
      for (const { node } of list(this.share, dir)) {
        seen.set(node, bytesOf(this.share, node));
        if (node.isDirectory) count(node);
      }
    };
    count(this.share.root());
    const bytes = [...seen.values()].reduce((sum, own) => sum + own, 0);
    expect(this.share.held).toEqual({ bytes, files: seen.size });
  }

  /** Both worlds are the same, all the way down. */
  async compare(real = this.share.root(), model = this.top): Promise<void> {
    const entries = list(this.share, real);
    expect(entries.map((entry) => entry.name).sort()).toEqual([...model.entries.keys()].sort());
    for (const { name, node } of entries) {
      const twin = model.entries.get(name) as ModelNode;
      const { type, nlink, size } = this.share.attributes(node);
      expect([name, type, nlink]).toEqual([name, twin.type, linksOf(twin)]);
      expect(this.share.lookup(real, ROOT, name)).toBe(node);
      if (type === FileType.DIRECTORY) {
        expect(this.share.parent(node, ROOT)).toBe(real);
        await this.compare(node, twin);
        continue;
      }
      expect(size).toBe(twin.content.length);
      const content =
        type === FileType.SYMLINK ? this.share.readlink(node, ROOT) : await contentOf(this.share, node);
      expect(Buffer.compare(content, twin.content)).toBe(0);
      expect([...this.share.xattr.list(node, ROOT)].sort()).toEqual([...twin.xattrs.keys()].sort());
      for (const [key, value] of twin.xattrs)
        expect(this.share.xattr.get(node, ROOT, key, 1000)).toEqual(value);
    }
  }
}

describe.each(KINDS)('random operations on $name', (kind) => {
  test(`do what a plain model does (DFS_MODEL_SEED=${SEED})`, { timeout: 120_000 }, async () => {
    const path = await scratch();
    const isKept = !kind.name.startsWith('memory');
    const limits = { cachedInodes: 8, cachedEntries: 8, openFiles: 3, levelsAtOnce: 1 };
    let directory: DataDirectory = await kind.open(path, { limits });
    const pick = random(SEED);
    const pair = new Pair(await directory.openShare(1, ROOT_DIRECTORY), pick);
    for (let step = 1; step <= STEPS; step++) {
      await pair.step();
      if (step % 50 === 0) pair.compareHeld();
      if (step % 300 === 0) await pair.compare();
      if (isKept && step % 500 === 0) {
        await directory.close();
        directory = await kind.open(path, { limits });
        pair.share = await directory.openShare(1, ROOT_DIRECTORY);
      }
    }
    await pair.compare();
    pair.compareHeld();
    await directory.close();
  });
});
