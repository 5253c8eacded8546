import {
  ANONYMOUS_STATEID,
  CreateMode,
  CURRENT_STATEID,
  OpenClaim,
  OpenWant,
  ops,
  ShareAccess,
  type Stateid,
} from '../../../packages/nfs/src/client/index.ts';
import { FileType } from '../../../packages/nfs/src/vfs/index.ts';
import {
  anyPath,
  existing,
  folderOf,
  freePath,
  isEmpty,
  isFile,
  MAX_OPENS,
  type Maker,
  made,
  NAMES,
  NOTHING,
  nameIn,
  to,
} from './step.ts';

const MODES = [0o600, 0o640, 0o644, 0o755, 0o700];

export const createFile: Maker = (lane, random) => {
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

export const makeFolder: Maker = (lane, random) => {
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
export const makeTwo: Maker = (lane, random) => {
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

export const removeName: Maker = (lane, random) => {
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

export const renameName: Maker = (lane, random) => {
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

export const linkName: Maker = (lane, random) => {
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

export const makeLink: Maker = (lane, random) => {
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

export const setMode: Maker = (lane, random) => {
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
