import { Attr, type ClientOp, ops } from '../../../packages/nfs/src/client/index.ts';
import type { Random } from '../../trunking/random.ts';
import type { Lane } from '../lane.ts';
import type { Claim, KnownObject, Tree } from '../model.ts';

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

export type Maker = (lane: Lane, random: Random) => Step | undefined;

export const NAMES = ['a', 'b', 'c', 'd', 'e'];
/** Of one lane at a time. */
export const MAX_OPENS = 4;
export const NOTHING = () => {};

export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

export function nameIn(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function to(lane: Lane, path: string): ClientOp[] {
  const names = path === '' ? [] : path.split('/');
  return [ops.putfh(lane.root), ...names.map((name) => ops.lookup(name))];
}

/** Any path that could be: in the lane's folder, or in one of those in it. */
export function anyPath(lane: Lane, random: Random): string {
  const folders = [...lane.tree.names.keys()].filter(
    (path) => !path.includes('/') && lane.tree.at(path)?.kind === 'directory',
  );
  const folder = random.chance(0.5) ? random.pick(folders) : undefined;
  const name = random.pick(NAMES)!;
  return folder === undefined ? name : `${folder}/${name}`;
}

export function freePath(lane: Lane, random: Random): string | undefined {
  const path = anyPath(lane, random);
  return lane.tree.names.has(path) ? undefined : path;
}

export function existing(
  lane: Lane,
  random: Random,
  fits: (object: KnownObject, path: string) => boolean,
): readonly [path: string, id: number] | undefined {
  return random.pick([...lane.tree.names].filter(([path, id]) => fits(lane.tree.object(id), path)));
}

export const isFile = ({ kind }: KnownObject) => kind === 'file';

export function isEmpty(lane: Lane, path: string): boolean {
  return ![...lane.tree.names.keys()].some((each) => each.startsWith(`${path}/`));
}

/** Behind a change of one name in `path`'s folder: the new object's handle and number. */
export function made(
  lane: Lane,
  id: number,
): { ops: readonly ClientOp[]; note(values: readonly unknown[]): void } {
  return {
    ops: [ops.getfh(), ops.getattr([Attr.FILEID])],
    note: (values) => {
      lane.handles.set(id, values.at(-2) as Buffer);
      lane.world.noteFileid((values.at(-1) as { fileid: bigint }).fileid, `${lane.name}: object ${id}`);
    },
  };
}
