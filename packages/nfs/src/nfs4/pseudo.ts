import { createHash } from 'node:crypto';
import { type Attributes, FileType, FsError, ReadOnlyFileSystem } from '../vfs/index.ts';
import type { Export } from './exports.ts';

const HANDLE_BYTES = 8;
/** A fileid is 48 bits of the path's hash: the same after a restart, and exact as a number. */
const FILEID_BYTES = 6;

/** A directory of the pseudo file system: one on the way to a share, or the one that a share covers. */
export class PseudoDirectory implements Attributes {
  readonly path: string;
  readonly handle: Buffer;
  readonly up: PseudoDirectory | undefined;
  readonly children = new Map<string, PseudoDirectory>();
  /** The share mounted here. */
  share: Export | undefined;

  readonly type = FileType.DIRECTORY;
  readonly mode = 0o555;
  readonly uid = 0;
  readonly gid = 0;
  readonly size = 4096;
  readonly used = 0;
  readonly fileid: number;
  readonly change: number;
  readonly rdevMajor = 0;
  readonly rdevMinor = 0;
  readonly atimeSec: number;
  readonly atimeNsec = 0;
  readonly mtimeSec: number;
  readonly mtimeNsec = 0;
  readonly ctimeSec: number;
  readonly ctimeNsec = 0;
  readonly btimeSec: number;
  readonly btimeNsec = 0;

  constructor(path: string, up: PseudoDirectory | undefined, now: number) {
    this.path = path;
    this.up = up;
    const digest = createHash('sha256').update(path).digest();
    this.handle = digest.subarray(0, HANDLE_BYTES);
    this.fileid = Math.max(1, digest.readUIntBE(HANDLE_BYTES, FILEID_BYTES));
    const sec = Math.floor(now / 1000);
    this.atimeSec = this.mtimeSec = this.ctimeSec = this.btimeSec = sec;
    this.change = Math.max(1, Math.floor(now));
  }

  get nlink(): number {
    return 2 + this.children.size;
  }
}

/** The tree of directories that leads to every export's path. */
export function buildPseudo(exports: readonly Export[], now: number): PseudoDirectory {
  const root = new PseudoDirectory('/', undefined, now);
  for (const target of exports) {
    let at = root;
    for (const name of target.path.split('/')) {
      if (name === '') continue;
      let next = at.children.get(name);
      if (next === undefined) {
        next = new PseudoDirectory(`${at.path === '/' ? '' : at.path}/${name}`, at, now);
        at.children.set(name, next);
      }
      at = next;
    }
    if (at.share !== undefined) throw new RangeError(`two shares at ${target.path}`);
    at.share = target;
    target.junction = at;
  }
  return root;
}

/** Read-only directories that join the shares under one root. Crossing into a share is the engine's work, not done here. */
export class PseudoFileSystem extends ReadOnlyFileSystem<PseudoDirectory> {
  readonly #root: PseudoDirectory;
  readonly #byHandle = new Map<string, PseudoDirectory>();

  constructor(root: PseudoDirectory) {
    super();
    this.#root = root;
    this.#index(root);
  }

  #index(directory: PseudoDirectory): void {
    this.#byHandle.set(directory.handle.toString('latin1'), directory);
    for (const child of directory.children.values()) this.#index(child);
  }

  root(): PseudoDirectory {
    return this.#root;
  }

  handle(node: PseudoDirectory): Uint8Array {
    return node.handle;
  }

  resolve(handle: Buffer): PseudoDirectory {
    const node = this.#byHandle.get(handle.toString('latin1'));
    if (node === undefined) throw new FsError('ESTALE');
    return node;
  }

  attributes(node: PseudoDirectory): Attributes {
    return node;
  }

  children(dir: PseudoDirectory): ReadonlyMap<string, PseudoDirectory> {
    return dir.children;
  }

  parent(dir: PseudoDirectory): PseudoDirectory {
    if (dir.up === undefined) throw new FsError('ENOENT');
    return dir.up;
  }

  read(): number {
    throw new FsError('EISDIR');
  }
}
