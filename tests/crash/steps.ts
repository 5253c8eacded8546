import {
  ANONYMOUS_STATEID,
  Attr,
  type ClientOp,
  CreateMode,
  CURRENT_STATEID,
  LockType,
  OpenClaim,
  OpenWant,
  ops,
  ShareAccess,
  type Stateid,
} from '../../packages/nfs/src/client/index.ts';
import { FileType, Stability } from '../../packages/nfs/src/vfs/index.ts';
import type { Random } from '../trunking/random.ts';
import type { HeldOpen, Lane } from './lane.ts';
import { BLOCK, type Claim, fillBlocks, type KnownObject, type Tree, tagOf } from './model.ts';

/** One COMPOUND, and what it does. */
export interface Step {
  readonly what: string;
  readonly ops: readonly ClientOp[];
  /** What is in the folder when it has run. */
  apply(tree: Tree): void;
  /** What may be there when it was under way. Absent where it runs as a whole or not at all. */
  partly?(tree: Tree, claim: Claim): void;
  /** It has run: `values` are those of `ops`. */
  ran(values: readonly unknown[]): void;
}

const NAMES = ['a', 'b', 'c', 'd', 'e'];
const MODES = [0o600, 0o640, 0o644, 0o755, 0o700];
const MAX_OPENS = 4;
const MAX_BLOCK = 200;
const FEW_BLOCKS = 12;
/** More than the stores write without a thread. */
const MANY_BLOCKS = 150;
export const LOCK_RANGES = 12;
export const LOCK_BYTES = 10;
const NOTHING = () => {};

export function lockRange(index: number): { readonly offset: number; readonly length: number } {
  return { offset: index * LOCK_BYTES, length: LOCK_BYTES };
}

type Maker = (lane: Lane, random: Random) => Step | undefined;

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function nameIn(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function to(lane: Lane, path: string): ClientOp[] {
  const names = path === '' ? [] : path.split('/');
  return [ops.putfh(lane.root), ...names.map((name) => ops.lookup(name))];
}

/** Any path that could be: in the lane's folder, or in one of those in it. */
function anyPath(lane: Lane, random: Random): string {
  const folders = [...lane.tree.names.keys()].filter(
    (path) => !path.includes('/') && lane.tree.at(path)?.kind === 'directory',
  );
  const folder = random.chance(0.5) ? random.pick(folders) : undefined;
  const name = random.pick(NAMES)!;
  return folder === undefined ? name : `${folder}/${name}`;
}

function freePath(lane: Lane, random: Random): string | undefined {
  const path = anyPath(lane, random);
  return lane.tree.names.has(path) ? undefined : path;
}

function existing(
  lane: Lane,
  random: Random,
  fits: (object: KnownObject, path: string) => boolean,
): readonly [path: string, id: number] | undefined {
  return random.pick([...lane.tree.names].filter(([path, id]) => fits(lane.tree.object(id), path)));
}

const isFile = ({ kind }: KnownObject) => kind === 'file';

function isEmpty(lane: Lane, path: string): boolean {
  return ![...lane.tree.names.keys()].some((each) => each.startsWith(`${path}/`));
}

/** Behind a change of one name in `path`'s folder: the new object's handle and number. */
function made(lane: Lane, id: number): { ops: readonly ClientOp[]; note(values: readonly unknown[]): void } {
  return {
    ops: [ops.getfh(), ops.getattr([Attr.FILEID])],
    note: (values) => {
      lane.handles.set(id, values.at(-2) as Buffer);
      lane.world.noteFileid((values.at(-1) as { fileid: bigint }).fileid, `${lane.name}: object ${id}`);
    },
  };
}

const createFile: Maker = (lane, random) => {
  const path = freePath(lane, random);
  if (path === undefined) return undefined;
  const id = lane.world.newObject();
  const mode = random.pick(MODES)!;
  const keeps = lane.opens.length < MAX_OPENS && random.chance(0.6);
  const deny = random.chance(0.3) ? ShareAccess.WRITE : 0;
  const owner = lane.openOwner();
  const create = random.chance(0.5)
    ? ({ mode: CreateMode.GUARDED, attributes: { mode } } as const)
    : ({ mode: CreateMode.EXCLUSIVE_1, verifier: random.bytes(8), attributes: { mode } } as const);
  const claim = { claim: OpenClaim.NULL, name: nameIn(path) } as const;
  const open = ops.open({ access: ShareAccess.BOTH | OpenWant.NO_DELEG, deny, owner, create, claim });
  const tail = made(lane, id);
  const before = to(lane, folderOf(path));
  const close = keeps ? [] : [ops.close(CURRENT_STATEID)];
  return {
    what: `create ${path} as ${id}${keeps ? ', open' : ''}`,
    ops: [...before, open, ...close, ...tail.ops],
    apply: (tree) => tree.add(path, id, 'file', mode),
    ran: (values) => {
      tail.note(values);
      const { stateid } = values[before.length] as { stateid: Stateid };
      if (keeps) lane.opens.push({ id, stateid, owner, deny, lockStateid: undefined, held: new Set() });
    },
  };
};

const makeFolder: Maker = (lane, random) => {
  const path = random.pick(NAMES)!;
  if (lane.tree.names.has(path)) return undefined;
  const id = lane.world.newObject();
  const mode = random.pick(MODES)!;
  const tail = made(lane, id);
  return {
    what: `mkdir ${path} as ${id}`,
    ops: [...to(lane, ''), ops.create({ type: FileType.DIRECTORY }, path, { mode }), ...tail.ops],
    apply: (tree) => tree.add(path, id, 'directory', mode),
    ran: tail.note,
  };
};

/** Two changes in one COMPOUND: both or neither. */
const makeTwo: Maker = (lane, random) => {
  const [first, second] = [random.pick(NAMES)!, random.pick(NAMES)!];
  if (lane.tree.names.has(first)) return undefined;
  const [outer, inner] = [lane.world.newObject(), lane.world.newObject()];
  const mode = random.pick(MODES)!;
  const tail = made(lane, inner);
  const target = `to ${inner}`;
  const symlink = { type: FileType.SYMLINK, target };
  return {
    what: `mkdir ${first} as ${outer}, symlink ${first}/${second} as ${inner}`,
    ops: [
      ...to(lane, ''),
      ops.create({ type: FileType.DIRECTORY }, first, { mode }),
      ops.create(symlink, second, { mode: 0o777 }),
      ...tail.ops,
    ],
    apply: (tree) => {
      tree.add(first, outer, 'directory', mode);
      tree.add(`${first}/${second}`, inner, 'link', 0o777, target);
    },
    ran: tail.note,
  };
};

const removeName: Maker = (lane, random) => {
  const found = existing(lane, random, ({ kind }, path) => kind !== 'directory' || isEmpty(lane, path));
  if (found === undefined) return undefined;
  const [path] = found;
  return {
    what: `remove ${path}`,
    ops: [...to(lane, folderOf(path)), ops.remove(nameIn(path))],
    apply: (tree) => tree.remove(path),
    ran: NOTHING,
  };
};

const renameName: Maker = (lane, random) => {
  const from = existing(lane, random, () => true);
  const target = anyPath(lane, random);
  if (from === undefined || target === from[0] || target.startsWith(`${from[0]}/`)) return undefined;
  const [source, id] = from;
  const { kind } = lane.tree.object(id);
  if (kind === 'directory' && target.includes('/')) return undefined;
  const there = lane.tree.at(target);
  if (there !== undefined && (lane.tree.names.get(target) === id || kind === 'directory')) return undefined;
  if (there?.kind === 'directory') return undefined;
  return {
    what: `rename ${source} to ${target}`,
    ops: [
      ...to(lane, folderOf(source)),
      ops.savefh(),
      ...to(lane, folderOf(target)),
      ops.rename(nameIn(source), nameIn(target)),
    ],
    apply: (tree) => tree.rename(source, target),
    ran: NOTHING,
  };
};

const linkName: Maker = (lane, random) => {
  const from = existing(lane, random, isFile);
  const path = freePath(lane, random);
  if (from === undefined || path === undefined) return undefined;
  return {
    what: `link ${from[0]} as ${path}`,
    ops: [...to(lane, from[0]), ops.savefh(), ...to(lane, folderOf(path)), ops.link(nameIn(path))],
    apply: (tree) => tree.names.set(path, from[1]),
    ran: NOTHING,
  };
};

const makeLink: Maker = (lane, random) => {
  const path = freePath(lane, random);
  if (path === undefined) return undefined;
  const id = lane.world.newObject();
  const target = `target ${id}`;
  const tail = made(lane, id);
  const create = ops.create({ type: FileType.SYMLINK, target }, nameIn(path), { mode: 0o777 });
  return {
    what: `symlink ${path} as ${id}`,
    ops: [...to(lane, folderOf(path)), create, ...tail.ops],
    apply: (tree) => tree.add(path, id, 'link', 0o777, target),
    ran: tail.note,
  };
};

const setMode: Maker = (lane, random) => {
  const found = existing(lane, random, ({ kind }) => kind !== 'link');
  if (found === undefined) return undefined;
  const mode = random.pick(MODES)!;
  return {
    what: `chmod ${found[0]} to ${mode.toString(8)}`,
    ops: [...to(lane, found[0]), ops.setattr(ANONYMOUS_STATEID, { mode })],
    apply: (tree) => {
      tree.object(found[1]).mode = mode;
    },
    ran: NOTHING,
  };
};

/** A file that has a name, and the stateid to write to it with. */
function writable(lane: Lane, random: Random): { id: number; handle: Buffer; stateid: Stateid } | undefined {
  const found = existing(lane, random, isFile);
  if (found === undefined) return undefined;
  const [, id] = found;
  const handle = lane.handles.get(id);
  if (handle === undefined) return undefined;
  const opens = lane.opens.filter((open) => open.id === id);
  // Who denies others to write writes by the open that does.
  const open = opens.find(({ deny }) => deny !== 0) ?? random.pick(opens);
  return { id, handle, stateid: open?.stateid ?? ANONYMOUS_STATEID };
}

const resize: Maker = (lane, random) => {
  const file = writable(lane, random);
  if (file === undefined) return undefined;
  const size = random.below(random.chance(0.5) ? FEW_BLOCKS : MAX_BLOCK);
  return {
    what: `truncate object ${file.id} to ${size} blocks`,
    ops: [ops.putfh(file.handle), ops.setattr(file.stateid, { size: size * BLOCK })],
    apply: (tree) => tree.resize(file.id, size),
    ran: NOTHING,
  };
};

const writeBlocks: Maker = (lane, random) => {
  const file = writable(lane, random);
  if (file === undefined) return undefined;
  const count = random.chance(0.1) ? MANY_BLOCKS : 1 + random.below(FEW_BLOCKS);
  const first = random.below(MAX_BLOCK - count);
  const serial = lane.world.newSerial();
  const { id } = file;
  const tags = Array.from({ length: count }, (_, i) => tagOf(id, serial, first + i));
  const asked = random.chance(0.5) ? Stability.FILE_SYNC : Stability.UNSTABLE;
  let isStable = asked === Stability.FILE_SYNC;
  const data = fillBlocks(id, serial, first, count);
  return {
    what: `${isStable ? '' : 'unstable '}write ${serial} of blocks ${first} to ${first + count - 1} of object ${id}`,
    ops: [ops.putfh(file.handle), ops.write(file.stateid, first * BLOCK, data, asked)],
    apply: (tree) => tree.write(id, first, tags, isStable),
    partly: (tree, claim) => {
      if (claim === 'now') tree.tear(id, first, tags);
      else tree.write(id, first, tags, false);
    },
    ran: (values) => {
      const written = values[1] as { count: number; committed: number; verifier: Buffer };
      lane.world.check(written.count === data.length, `${lane.name}: wrote ${written.count} bytes`);
      lane.world.check(written.committed >= asked, `${lane.name}: less stable than asked for`);
      isStable = written.committed === Stability.FILE_SYNC;
      lane.world.noteVerifier(written.verifier, !isStable);
    },
  };
};

const commitFile: Maker = (lane, random) => {
  const file = writable(lane, random);
  if (file === undefined) return undefined;
  return {
    what: `commit object ${file.id}`,
    ops: [ops.putfh(file.handle), ops.commit()],
    apply: (tree) => tree.commit(file.id),
    ran: (values) => lane.world.noteVerifier(values[1] as Buffer, false),
  };
};

const openFile: Maker = (lane, random) => {
  const found = existing(lane, random, isFile);
  if (found === undefined || lane.opens.length >= MAX_OPENS) return undefined;
  const [path, id] = found;
  if (lane.opens.some((open) => open.id === id)) return undefined;
  const owner = lane.openOwner();
  const claim = { claim: OpenClaim.NULL, name: nameIn(path) } as const;
  const before = to(lane, folderOf(path));
  return {
    what: `open ${path}, object ${id}`,
    ops: [...before, ops.open({ access: ShareAccess.BOTH | OpenWant.NO_DELEG, owner, claim })],
    apply: NOTHING,
    ran: (values) => {
      const { stateid } = values[before.length] as { stateid: Stateid };
      lane.opens.push({ id, stateid, owner, deny: 0, lockStateid: undefined, held: new Set() });
    },
  };
};

const closeFile: Maker = (lane, random) => {
  const open = random.pick(lane.opens.filter(({ held }) => held.size === 0));
  if (open === undefined) return undefined;
  return {
    what: `close object ${open.id}`,
    ops: [ops.putfh(lane.handles.get(open.id)!), ops.close(open.stateid)],
    apply: NOTHING,
    ran: () => {
      lane.opens.splice(lane.opens.indexOf(open), 1);
      lane.closed.push(open.stateid);
    },
  };
};

export function lockOp(open: HeldOpen, lane: Lane, index: number, reclaim: boolean): ClientOp<Stateid> {
  const locker =
    open.lockStateid === undefined
      ? { openStateid: open.stateid, owner: lane.lockOwner() }
      : { lockStateid: open.lockStateid };
  return ops.lock({ type: LockType.WRITE, reclaim, ...lockRange(index), locker });
}

const lockFile: Maker = (lane, random) => {
  const open = random.pick(lane.opens);
  const index = random.below(LOCK_RANGES);
  if (open === undefined || open.held.has(index)) return undefined;
  return {
    what: `lock range ${index} of object ${open.id}`,
    ops: [ops.putfh(lane.handles.get(open.id)!), lockOp(open, lane, index, false)],
    apply: NOTHING,
    ran: (values) => {
      open.lockStateid = values[1] as Stateid;
      open.held.add(index);
    },
  };
};

const unlockFile: Maker = (lane, random) => {
  const open = random.pick(lane.opens.filter(({ held }) => held.size > 0));
  if (open?.lockStateid === undefined) return undefined;
  const index = random.pick([...open.held])!;
  const { offset, length } = lockRange(index);
  return {
    what: `unlock range ${index} of object ${open.id}`,
    ops: [ops.putfh(lane.handles.get(open.id)!), ops.locku(open.lockStateid, LockType.WRITE, offset, length)],
    apply: NOTHING,
    ran: (values) => {
      open.lockStateid = values[1] as Stateid;
      open.held.delete(index);
    },
  };
};

const MAKERS: readonly { readonly weight: number; readonly make: Maker }[] = [
  { weight: 14, make: createFile },
  { weight: 5, make: makeFolder },
  { weight: 4, make: makeTwo },
  { weight: 9, make: removeName },
  { weight: 9, make: renameName },
  { weight: 5, make: linkName },
  { weight: 3, make: makeLink },
  { weight: 5, make: setMode },
  { weight: 7, make: resize },
  { weight: 22, make: writeBlocks },
  { weight: 6, make: commitFile },
  { weight: 5, make: openFile },
  { weight: 6, make: closeFile },
  { weight: 9, make: lockFile },
  { weight: 6, make: unlockFile },
];

/** The next thing that the lane does. */
export function nextStep(lane: Lane, random: Random): Step {
  for (;;) {
    const step = random.weighted(MAKERS).make(lane, random);
    if (step !== undefined) return step;
  }
}
