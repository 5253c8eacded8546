import { createHash } from 'node:crypto';
import {
  type Abilities,
  type Attributes,
  accessRights,
  type Credentials,
  type EntrySink,
  type FileSystem,
  FileType,
  FsError,
} from '../vfs/index.ts';
import type { Export } from './exports.ts';

const FIRST_COOKIE = 3;
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

const ABILITIES: Abilities = {
  symlinks: false,
  hardLinks: false,
  specialFiles: false,
  xattrs: false,
  sparse: false,
  copy: false,
  space: false,
  externalLocks: false,
  caseInsensitive: false,
  maxFileSize: 0,
  maxLinks: 1,
};

const refuse = (): never => {
  throw new FsError('EROFS');
};

/** Read-only directories that join the shares under one root. Crossing into a share is the engine's work, not done here. */
export class PseudoFileSystem implements FileSystem<PseudoDirectory> {
  readonly abilities = ABILITIES;
  readonly writeVerifier = Buffer.alloc(8);
  readonly #root: PseudoDirectory;
  readonly #byHandle = new Map<string, PseudoDirectory>();

  constructor(root: PseudoDirectory) {
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

  access(node: PseudoDirectory, cred: Credentials, rights: number): number {
    // Root's right to write is of no use here: nothing below can change.
    return accessRights(node, cred.uid === 0 ? { ...cred, uid: -1 } : cred, rights);
  }

  lookup(dir: PseudoDirectory, _cred: Credentials, name: string): PseudoDirectory {
    const child = dir.children.get(name);
    if (child === undefined) throw new FsError('ENOENT');
    return child;
  }

  parent(dir: PseudoDirectory): PseudoDirectory {
    if (dir.up === undefined) throw new FsError('ENOENT');
    return dir.up;
  }

  readdir(
    dir: PseudoDirectory,
    _cred: Credentials,
    cookie: number,
    sink: EntrySink<PseudoDirectory>,
  ): boolean {
    let at = FIRST_COOKIE;
    for (const [name, child] of dir.children) {
      if (at > cookie && !sink(name, at, child)) return false;
      at++;
    }
    return true;
  }

  setAttributes(): void {
    refuse();
  }
  createFile(): PseudoDirectory {
    return refuse();
  }
  createObject(): PseudoDirectory {
    return refuse();
  }
  readlink(): Buffer {
    throw new FsError('EINVAL');
  }
  link(): void {
    refuse();
  }
  remove(): void {
    refuse();
  }
  rename(): void {
    refuse();
  }
  mayOpen(): void {
    throw new FsError('EISDIR');
  }
  retain(): void {}
  release(): void {}
  read(): number {
    throw new FsError('EISDIR');
  }
  write(): never {
    throw new FsError('EROFS');
  }
  commit(): void {
    throw new FsError('EISDIR');
  }
}
