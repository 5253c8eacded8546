import { randomBytes } from 'node:crypto';
import {
  type Abilities,
  type AttributeChanges,
  type Attributes,
  accessRights,
  type Credentials,
  checkSetAttributes,
  type EntrySink,
  type ExtendedAttributes,
  type FileSystem,
  FileType,
  FsError,
  inGroup,
  ModeBit,
  type NewObject,
  Permission,
  requirePermission,
  requireUnlink,
  type SpaceUsage,
  type SparseFiles,
  Stability,
  type TimeSetting,
  XattrMode,
} from '../../src/vfs/index.ts';
import { BLOCK, MemoryNode } from './memory-node.ts';

const FIRST_COOKIE = 3;
const MAX_LINKS = 1000;
const MAX_NODES = 100_000;
const DEFAULT_CAPACITY = 256 * 1024 * 1024;
const MAX_XATTRS = 64;
const MODE_BITS = 0o7777;
const NANOS_PER_MILLI = 1_000_000;

export interface MemoryOptions {
  /** Bytes; one more is ENOSPC. */
  readonly capacity?: number;
  readonly abilities?: Partial<Abilities>;
  /** Mode of the root; everybody may write where absent. */
  readonly rootMode?: number;
}

/** Now, as seconds and nanoseconds: never the same twice. */
function stamp(tick: number): { sec: number; nsec: number } {
  const now = Date.now();
  return { sec: Math.floor(now / 1000), nsec: (now % 1000) * NANOS_PER_MILLI + (tick % NANOS_PER_MILLI) };
}

/** A complete file system in memory, for tests of the engine. What it does is plain POSIX; it answers at once. */
export class MemoryFileSystem implements FileSystem<MemoryNode> {
  readonly abilities: Abilities;
  writeVerifier: Buffer = randomBytes(8);
  readonly #capacity: number;
  readonly #nodes = new Map<number, MemoryNode>();
  readonly #root: MemoryNode;
  #nextId = 2;
  #nextCookie = FIRST_COOKIE;
  #change = 1;
  #blocks = 0;

  constructor(options: MemoryOptions = {}) {
    this.#capacity = options.capacity ?? DEFAULT_CAPACITY;
    this.abilities = {
      symlinks: true,
      hardLinks: true,
      specialFiles: true,
      xattrs: true,
      sparse: true,
      copy: true,
      space: true,
      externalLocks: false,
      caseInsensitive: false,
      maxFileSize: Number.MAX_SAFE_INTEGER,
      maxLinks: MAX_LINKS,
      ...options.abilities,
    };
    this.#root = this.#node(FileType.DIRECTORY, options.rootMode ?? 0o777, 0, 0);
  }

  /** Objects that are there, reachable or held open. */
  get nodeCount(): number {
    return this.#nodes.size;
  }

  #node(type: FileType, mode: number, uid: number, gid: number): MemoryNode {
    if (this.#nodes.size >= MAX_NODES) throw new FsError('ENOSPC');
    const node = new MemoryNode(this.#nextId++, type, mode, uid, gid);
    this.#nodes.set(node.fileid, node);
    this.#touch(node, true);
    node.atimeSec = node.btimeSec = node.mtimeSec;
    node.atimeNsec = node.btimeNsec = node.mtimeNsec;
    return node;
  }

  #touch(node: MemoryNode, data: boolean): void {
    node.change = this.#change++;
    const { sec, nsec } = stamp(node.change);
    node.ctimeSec = sec;
    node.ctimeNsec = nsec;
    if (!data) return;
    node.mtimeSec = sec;
    node.mtimeNsec = nsec;
  }

  root(): MemoryNode {
    return this.#root;
  }

  handle(node: MemoryNode): Uint8Array {
    return node.handle;
  }

  resolve(handle: Buffer): MemoryNode {
    if (handle.length !== this.#root.handle.length) throw new FsError('EBADHANDLE');
    const node = this.#nodes.get(Number(handle.readBigUInt64BE()));
    if (node === undefined) throw new FsError('ESTALE');
    return node;
  }

  attributes(node: MemoryNode): Attributes {
    return node;
  }

  setAttributes(node: MemoryNode, cred: Credentials, changes: AttributeChanges): void {
    const mode = checkSetAttributes(node, cred, changes);
    if (changes.size !== undefined) this.#checkSize(node, changes.size);
    this.#apply(node, changes, mode);
  }

  #checkSize(node: MemoryNode, size: number): void {
    if (node.type === FileType.DIRECTORY) throw new FsError('EISDIR');
    if (node.type !== FileType.REGULAR) throw new FsError('EINVAL');
    if (size > this.abilities.maxFileSize) throw new FsError('EFBIG');
  }

  #apply(node: MemoryNode, changes: AttributeChanges, mode: number | undefined): void {
    const resized = changes.size !== undefined && changes.size !== node.size;
    this.#touch(node, resized);
    const { size } = changes;
    if (size !== undefined) this.#counted(node, () => node.resize(size));
    if (mode !== undefined) node.mode = mode & MODE_BITS;
    node.uid = changes.uid ?? node.uid;
    node.gid = changes.gid ?? node.gid;
    const time = (setting: TimeSetting) => (setting === 'now' ? stamp(node.change) : setting);
    if (changes.atime !== undefined) ({ sec: node.atimeSec, nsec: node.atimeNsec } = time(changes.atime));
    if (changes.mtime !== undefined) ({ sec: node.mtimeSec, nsec: node.mtimeNsec } = time(changes.mtime));
    if (changes.btime !== undefined) ({ sec: node.btimeSec, nsec: node.btimeNsec } = time(changes.btime));
  }

  access(node: MemoryNode, cred: Credentials, rights: number): number {
    return accessRights(node, cred, rights);
  }

  #search(dir: MemoryNode, cred: Credentials): void {
    if (dir.type !== FileType.DIRECTORY) throw new FsError('ENOTDIR');
    requirePermission(dir, cred, Permission.EXECUTE);
  }

  #entry(dir: MemoryNode, name: string): MemoryNode {
    const entry = dir.entries.get(name);
    if (entry === undefined) throw new FsError('ENOENT');
    return entry.node;
  }

  lookup(dir: MemoryNode, cred: Credentials, name: string): MemoryNode {
    this.#search(dir, cred);
    return this.#entry(dir, name);
  }

  parent(dir: MemoryNode, cred: Credentials): MemoryNode {
    this.#search(dir, cred);
    if (dir.parent === undefined) throw new FsError('ENOENT');
    return dir.parent;
  }

  readdir(dir: MemoryNode, cred: Credentials, cookie: number, sink: EntrySink<MemoryNode>): boolean {
    if (dir.type !== FileType.DIRECTORY) throw new FsError('ENOTDIR');
    requirePermission(dir, cred, Permission.READ);
    for (const [name, entry] of dir.entries) {
      if (entry.cookie > cookie && !sink(name, entry.cookie, entry.node)) return false;
    }
    return true;
  }

  #requireFree(dir: MemoryNode, cred: Credentials, name: string): void {
    this.#search(dir, cred);
    if (dir.entries.has(name)) throw new FsError('EEXIST');
    requirePermission(dir, cred, Permission.WRITE);
    // A directory that was removed while somebody still has its handle.
    if (dir.nlink === 0) throw new FsError('ENOENT');
  }

  #make(
    dir: MemoryNode,
    cred: Credentials,
    name: string,
    type: FileType,
    attributes: AttributeChanges,
  ): MemoryNode {
    this.#requireFree(dir, cred, name);
    const inherits = (dir.mode & ModeBit.SET_GID) !== 0;
    const gid = inherits ? dir.gid : cred.gid;
    const node = this.#node(type, 0, cred.uid, gid);
    try {
      this.setAttributes(node, cred, { ...attributes, sizeGranted: true });
    } catch (error) {
      this.#nodes.delete(node.fileid);
      throw error;
    }
    if (!inGroup(cred, node.gid) && cred.uid !== 0) node.mode &= ~ModeBit.SET_GID;
    if (inherits && type === FileType.DIRECTORY) node.mode |= ModeBit.SET_GID;
    this.#insert(dir, name, node);
    return node;
  }

  #insert(dir: MemoryNode, name: string, node: MemoryNode): void {
    dir.entries.delete(name);
    dir.entries.set(name, { cookie: this.#nextCookie++, node });
    if (node.type === FileType.DIRECTORY) {
      node.parent = dir;
      dir.nlink++;
    }
    this.#touch(dir, true);
  }

  createFile(dir: MemoryNode, cred: Credentials, name: string, attributes: AttributeChanges): MemoryNode {
    return this.#make(dir, cred, name, FileType.REGULAR, attributes);
  }

  createObject(
    dir: MemoryNode,
    cred: Credentials,
    name: string,
    object: NewObject,
    attributes: AttributeChanges,
  ): MemoryNode {
    const node = this.#make(dir, cred, name, object.type, attributes);
    if (object.type === FileType.SYMLINK) {
      node.target = Buffer.from(object.target);
      node.size = object.target.length;
    }
    if (object.type === FileType.BLOCK || object.type === FileType.CHARACTER) {
      node.rdevMajor = object.major;
      node.rdevMinor = object.minor;
    }
    return node;
  }

  readlink(node: MemoryNode): Buffer {
    if (node.target === undefined) throw new FsError('EINVAL');
    return node.target;
  }

  link(node: MemoryNode, dir: MemoryNode, cred: Credentials, name: string): void {
    if (node.type === FileType.DIRECTORY) throw new FsError('EISDIR');
    this.#requireFree(dir, cred, name);
    if (node.nlink >= this.abilities.maxLinks) throw new FsError('EMLINK');
    if (node.nlink === 0) throw new FsError('ESTALE');
    node.nlink++;
    this.#touch(node, false);
    this.#insert(dir, name, node);
  }

  remove(dir: MemoryNode, cred: Credentials, name: string): void {
    this.#search(dir, cred);
    const node = this.#entry(dir, name);
    requireUnlink(dir, node, cred);
    if (node.entries.size > 0) throw new FsError('ENOTEMPTY');
    this.#unlink(dir, name, node);
  }

  #unlink(dir: MemoryNode, name: string, node: MemoryNode): void {
    dir.entries.delete(name);
    if (node.type === FileType.DIRECTORY) {
      dir.nlink--;
      node.nlink = 0;
    } else {
      node.nlink--;
    }
    this.#touch(dir, true);
    this.#touch(node, false);
    this.#forget(node);
  }

  #forget(node: MemoryNode): void {
    if (node.nlink > 0 || node.retained > 0) return;
    if (this.#nodes.delete(node.fileid)) this.#blocks -= node.blocks.size;
  }

  rename(fromDir: MemoryNode, fromName: string, toDir: MemoryNode, toName: string, cred: Credentials): void {
    this.#search(fromDir, cred);
    this.#search(toDir, cred);
    const node = this.#entry(fromDir, fromName);
    requireUnlink(fromDir, node, cred);
    requirePermission(toDir, cred, Permission.WRITE);
    const old = toDir.entries.get(toName)?.node;
    if (old === node) return;
    for (let up: MemoryNode | undefined = toDir; up !== undefined; up = up.parent) {
      if (up === node) throw new FsError('EINVAL');
    }
    if (old !== undefined) this.#checkReplace(node, old, toDir, cred);
    else if (toDir.nlink === 0) throw new FsError('ENOENT');
    if (old !== undefined) this.#unlink(toDir, toName, old);
    fromDir.entries.delete(fromName);
    if (node.type === FileType.DIRECTORY) fromDir.nlink--;
    this.#touch(fromDir, true);
    this.#touch(node, false);
    this.#insert(toDir, toName, node);
  }

  #checkReplace(node: MemoryNode, old: MemoryNode, dir: MemoryNode, cred: Credentials): void {
    requireUnlink(dir, old, cred);
    const directory = node.type === FileType.DIRECTORY;
    if (directory && old.type !== FileType.DIRECTORY) throw new FsError('ENOTDIR');
    if (!directory && old.type === FileType.DIRECTORY) throw new FsError('EISDIR');
    if (old.entries.size > 0) throw new FsError('ENOTEMPTY');
  }

  mayOpen(node: MemoryNode, cred: Credentials, read: boolean, write: boolean): void {
    requirePermission(node, cred, (read ? Permission.READ : 0) | (write ? Permission.WRITE : 0));
  }

  retain(node: MemoryNode): void {
    node.retained++;
  }

  release(node: MemoryNode): void {
    node.retained--;
    if (node.retained < 0) throw new RangeError('released more often than retained');
    this.#forget(node);
  }

  read(node: MemoryNode, offset: number, target: Buffer): number {
    return node.read(offset, target);
  }

  write(node: MemoryNode, offset: number, data: Buffer): Stability {
    if (offset + data.length > this.abilities.maxFileSize) throw new FsError('EFBIG');
    if (this.#used() + data.length > this.#capacity) throw new FsError('ENOSPC');
    this.#counted(node, () => node.write(offset, data));
    this.#touch(node, true);
    return Stability.FILE_SYNC;
  }

  /** Runs something that changes the content of `node`, and keeps count of the blocks in use. */
  #counted(node: MemoryNode, change: () => void): void {
    const before = node.blocks.size;
    change();
    this.#blocks += node.blocks.size - before;
  }

  #used(): number {
    return this.#blocks * BLOCK;
  }

  commit(): void {}

  space(): SpaceUsage {
    const free = Math.max(0, this.#capacity - this.#used());
    const filesFree = MAX_NODES - this.#nodes.size;
    return {
      bytesTotal: this.#capacity,
      bytesFree: free,
      bytesAvailable: free,
      filesTotal: MAX_NODES,
      filesFree,
      filesAvailable: filesFree,
    };
  }

  copyRange(from: MemoryNode, fromOffset: number, to: MemoryNode, toOffset: number, count: number): number {
    const data = Buffer.alloc(Math.min(count, Math.max(0, from.size - fromOffset)));
    from.read(fromOffset, data);
    this.write(to, toOffset, data);
    return data.length;
  }

  readonly xattr: ExtendedAttributes<MemoryNode> = {
    get: (node, cred, name, limit) => {
      requirePermission(node, cred, Permission.READ);
      const value = node.xattrs.get(name);
      if (value === undefined) throw new FsError('ENODATA');
      if (value.length > limit) throw new FsError('E2BIG');
      return value;
    },
    set: (node, cred, name, value, mode) => {
      requirePermission(node, cred, Permission.WRITE);
      const there = node.xattrs.has(name);
      if (there && mode === XattrMode.CREATE) throw new FsError('EEXIST');
      if (!there && mode === XattrMode.REPLACE) throw new FsError('ENODATA');
      if (!there && node.xattrs.size >= MAX_XATTRS) throw new FsError('ENOSPC');
      node.xattrs.set(name, Buffer.from(value));
      this.#touch(node, false);
    },
    list: (node, cred) => {
      requirePermission(node, cred, Permission.READ);
      return [...node.xattrs.keys()];
    },
    remove: (node, cred, name) => {
      requirePermission(node, cred, Permission.WRITE);
      if (!node.xattrs.delete(name)) throw new FsError('ENODATA');
      this.#touch(node, false);
    },
  };

  readonly sparse: SparseFiles<MemoryNode> = {
    seek: (node, offset, what) => {
      if (offset >= node.size) throw new FsError('ENXIO');
      const found = seekBlocks(node, offset, what === 'data');
      if (found === undefined) throw new FsError('ENXIO');
      return found;
    },
    allocate: (node, offset, length) => {
      if (offset + length > this.#capacity) throw new FsError('ENOSPC');
      node.size = Math.max(node.size, offset + length);
      this.#touch(node, true);
    },
    deallocate: (node, offset, length) => {
      this.#counted(node, () => node.punch(offset, Math.min(node.size, offset + length)));
      this.#touch(node, true);
    },
  };
}

/** The first byte at or behind `offset` that is in a block (`data`), or in none; the end of the file counts as a hole. */
function seekBlocks(node: MemoryNode, offset: number, data: boolean): number | undefined {
  const indexes = [...node.blocks.keys()].sort((a, b) => a - b);
  let at = offset;
  for (const index of indexes) {
    const start = index * BLOCK;
    const end = start + BLOCK;
    if (end <= at) continue;
    if (data) return Math.max(at, start);
    if (start > at) break;
    at = end;
  }
  return data ? undefined : Math.min(at, node.size);
}
