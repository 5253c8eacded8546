/** Bytes that are written together; a disk keeps or loses them together. */
export const BLOCK = 512;
const WORD_BYTES = 8;
const OBJECT_UNIT = 2 ** 32;
const SERIAL_UNIT = 256;
/** A block that was never written. */
export const HOLE = 0;

/** What a block is filled with: which object's it is, which write's, and where it belongs. */
export function tagOf(object: number, serial: number, block: number): number {
  return object * OBJECT_UNIT + serial * SERIAL_UNIT + block;
}

export function belongsTo(tag: number, object: number, block: number): boolean {
  return tag === HOLE || (Math.floor(tag / OBJECT_UNIT) === object && tag % SERIAL_UNIT === block);
}

export function fillBlocks(object: number, serial: number, first: number, count: number): Buffer {
  const data = Buffer.alloc(count * BLOCK);
  for (let i = 0; i < count; i++) {
    const word = Buffer.alloc(WORD_BYTES);
    word.writeBigUInt64BE(BigInt(tagOf(object, serial, first + i)));
    data.fill(word, i * BLOCK, (i + 1) * BLOCK);
  }
  return data;
}

/** The tag of each block; -1 where one is of several pieces. */
export function readTags(content: Buffer): number[] {
  const tags: number[] = [];
  for (let at = 0; at < content.length; at += BLOCK) {
    const block = content.subarray(at, at + BLOCK);
    const whole = block.length === BLOCK && block.subarray(WORD_BYTES).equals(block.subarray(0, -WORD_BYTES));
    tags.push(whole ? Number(block.readBigUInt64BE()) : -1);
  }
  return tags;
}

export type ObjectKind = 'directory' | 'file' | 'link';

/** One object as the client knows it. */
export interface KnownObject {
  readonly kind: ObjectKind;
  mode: number;
  readonly target: string;
  /** Blocks that the file has for sure after a loss of power, and has now. */
  safeSize: number;
  size: number;
  /** What each block may hold after a loss of power; the last is what it holds now. */
  blocks: readonly (readonly number[])[];
  /** A write was under way: any of `blocks` may be found, with any of the sizes. */
  isTorn: boolean;
}

/** What a lane has in its folder, by paths from there: "a", "d/a". */
export class Tree {
  readonly names: Map<string, number>;
  readonly objects: Map<number, KnownObject>;

  constructor(names = new Map<string, number>(), objects = new Map<number, KnownObject>()) {
    this.names = names;
    this.objects = objects;
  }

  clone(): Tree {
    const objects = [...this.objects].map(([id, object]) => [id, { ...object }] as const);
    return new Tree(new Map(this.names), new Map(objects));
  }

  object(id: number): KnownObject {
    const object = this.objects.get(id);
    if (object === undefined) throw new Error(`the model has no object ${id}`);
    return object;
  }

  at(path: string): KnownObject | undefined {
    const id = this.names.get(path);
    return id === undefined ? undefined : this.object(id);
  }

  add(path: string, id: number, kind: ObjectKind, mode: number, target = ''): void {
    this.names.set(path, id);
    this.objects.set(id, { kind, mode, target, safeSize: 0, size: 0, blocks: [], isTorn: false });
  }

  /** An object without a name stays: somebody may have it open. */
  remove(path: string): void {
    this.names.delete(path);
  }

  rename(from: string, to: string): void {
    const moved = [...this.names].filter(([path]) => path === from || path.startsWith(`${from}/`));
    for (const [path] of moved) this.names.delete(path);
    for (const [path, id] of moved) this.names.set(to + path.slice(from.length), id);
  }

  linksOf(id: number): number {
    return [...this.names.values()].filter((each) => each === id).length;
  }

  write(id: number, first: number, tags: readonly number[], isStable: boolean): void {
    const object = this.object(id);
    const end = first + tags.length;
    const blocks = [...object.blocks];
    while (blocks.length < end) blocks.push([HOLE]);
    for (const [i, tag] of tags.entries())
      blocks[first + i] = isStable ? [tag] : [...blocks[first + i]!, tag];
    object.blocks = blocks;
    object.size = Math.max(object.size, end);
    if (isStable) object.safeSize = Math.max(object.safeSize, end);
  }

  commit(id: number): void {
    const object = this.object(id);
    object.blocks = object.blocks.map((block) => [block.at(-1)!]);
    object.safeSize = object.size;
  }

  resize(id: number, size: number): void {
    const object = this.object(id);
    const blocks = object.blocks.slice(0, size);
    while (blocks.length < size) blocks.push([HOLE]);
    object.blocks = blocks;
    object.size = size;
    object.safeSize = size;
  }

  /** As {@link write}, cut short anywhere. */
  tear(id: number, first: number, tags: readonly number[]): void {
    const object = this.object(id);
    const before = object.blocks.map((block) => [block.at(-1)!]);
    object.safeSize = object.size;
    object.blocks = before;
    this.write(id, first, tags, false);
    object.isTorn = true;
  }
}

/** An object as it was found. */
export interface FoundObject {
  readonly kind: ObjectKind;
  readonly mode: number;
  readonly links: number;
  readonly fileid: bigint;
  readonly change: bigint;
  readonly handle: Buffer;
  /** Bytes. */
  readonly size: number;
  readonly tags: readonly number[];
  readonly target: string;
}

export type Found = ReadonlyMap<string, FoundObject>;

/**
 * `now`: all that was answered is there. `safe`: all that was answered as stable is, after a loss of power. `moment`: names and
 * attributes are those of this moment, content is at least nobody else's.
 */
export type Claim = 'now' | 'safe' | 'moment';

/** What differs, undefined where nothing does. */
export function difference(tree: Tree, found: Found, claim: Claim): string | undefined {
  for (const path of found.keys()) if (!tree.names.has(path)) return `${path} should not be there`;
  const fileids = new Map<number, bigint>();
  for (const [path, id] of tree.names) {
    const there = found.get(path);
    if (there === undefined) return `${path} is missing`;
    const wrong = objectDifference(tree, id, there, claim);
    if (wrong !== undefined) return `${path}: ${wrong}`;
    const fileid = fileids.get(id) ?? there.fileid;
    if (fileid !== there.fileid) return `${path}: fileid ${there.fileid}, its other name has ${fileid}`;
    fileids.set(id, fileid);
  }
  return undefined;
}

function objectDifference(tree: Tree, id: number, there: FoundObject, claim: Claim): string | undefined {
  const object = tree.object(id);
  if (there.kind !== object.kind) return `a ${there.kind} instead of a ${object.kind}`;
  if (there.mode !== object.mode) return `mode ${there.mode.toString(8)}, not ${object.mode.toString(8)}`;
  if (object.kind === 'link') return there.target === object.target ? undefined : `leads to ${there.target}`;
  if (object.kind === 'directory') return undefined;
  if (there.links !== tree.linksOf(id)) return `${there.links} links, not ${tree.linksOf(id)}`;
  return contentDifference(object, id, there, claim);
}

function contentDifference(
  object: KnownObject,
  id: number,
  there: FoundObject,
  claim: Claim,
): string | undefined {
  const mayLack = claim === 'safe' || object.isTorn;
  const [least, most] = [mayLack ? object.safeSize : object.size, object.size];
  const size = there.size / BLOCK;
  if (!Number.isInteger(size) || size < least || size > most)
    return `${size} blocks, not ${least === most ? most : `${least} to ${most}`}`;
  for (const [at, tag] of there.tags.entries()) {
    const known = object.blocks[at]!;
    const allowed =
      claim === 'moment'
        ? belongsTo(tag, id, at)
        : mayLack
          ? known.includes(tag) || (at >= least && tag === HOLE)
          : tag === known.at(-1);
    if (!allowed) return `block ${at} holds ${nameOf(tag)}, not ${known.map(nameOf).join(' or ')}`;
  }
  return undefined;
}

function nameOf(tag: number): string {
  if (tag === HOLE) return 'nothing';
  if (tag < 0) return 'pieces';
  const serial = Math.floor((tag % OBJECT_UNIT) / SERIAL_UNIT);
  return `write ${serial} of object ${Math.floor(tag / OBJECT_UNIT)} for block ${tag % SERIAL_UNIT}`;
}

/** Takes what was found for what is: nothing of it is unsure any more. */
export function adopt(tree: Tree, found: Found): void {
  for (const [path, id] of tree.names) {
    const object = tree.object(id);
    const there = found.get(path);
    object.isTorn = false;
    if (object.kind !== 'file' || there === undefined) continue;
    object.blocks = there.tags.map((tag) => [tag]);
    object.size = there.size / BLOCK;
    object.safeSize = object.size;
  }
}
