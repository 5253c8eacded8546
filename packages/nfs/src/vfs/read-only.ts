import { type Attributes, FileType } from './attributes.ts';
import type { Credentials } from './credentials.ts';
import { FsError } from './errors.ts';
import type { Abilities, Awaitable, EntrySink, FileSystem } from './file-system.ts';
import { accessRights, Permission, requirePermission } from './posix.ts';

const FIRST_COOKIE = 3;
const READ_ONLY: Abilities = {
  symlinks: false,
  hardLinks: false,
  specialFiles: false,
  xattrs: false,
  sparse: false,
  copy: false,
  space: false,
  externalLocks: false,
  caseInsensitive: false,
  maxFileSize: Number.MAX_SAFE_INTEGER,
  maxLinks: 1,
};

function refuse(): never {
  throw new FsError('EROFS');
}

/**
 * A base for file systems of directories and files that only show something: every change is refused with EROFS, permission is by mode.
 * What is left to say is which nodes there are, what they look like and what is in them.
 */
export abstract class ReadOnlyFileSystem<Node extends object> implements FileSystem<Node> {
  readonly abilities: Abilities = READ_ONLY;
  readonly writeVerifier: Uint8Array = new Uint8Array(8);
  readonly #startedMs = Date.now();

  abstract root(): Node;
  abstract handle(node: Node): Uint8Array;
  abstract resolve(handle: Buffer): Awaitable<Node>;
  abstract attributes(node: Node): Attributes;
  abstract parent(dir: Node, cred: Credentials): Awaitable<Node>;
  abstract read(node: Node, offset: number, target: Buffer): Awaitable<number>;
  /** A directory's entries by name, without "." and "..". They stay in the same order; new ones come last. */
  abstract children(dir: Node): ReadonlyMap<string, Node>;

  /**
   * Attributes of a node that belongs to root and that all may read, as it is since this process started. Any of them may be given
   * otherwise.
   */
  protected describe(init: Pick<Attributes, 'type' | 'fileid'> & Partial<Attributes>): Attributes {
    const isDirectory = init.type === FileType.DIRECTORY;
    const sec = Math.floor(this.#startedMs / 1000);
    return {
      mode: isDirectory ? 0o555 : 0o444,
      nlink: isDirectory ? 2 : 1,
      uid: 0,
      gid: 0,
      size: 0,
      used: init.size ?? 0,
      change: this.#startedMs,
      atimeSec: sec,
      atimeNsec: 0,
      mtimeSec: sec,
      mtimeNsec: 0,
      ctimeSec: sec,
      ctimeNsec: 0,
      btimeSec: sec,
      btimeNsec: 0,
      rdevMajor: 0,
      rdevMinor: 0,
      ...init,
    };
  }

  access(node: Node, cred: Credentials, rights: number): number {
    return accessRights(this.attributes(node), cred, rights);
  }

  lookup(dir: Node, cred: Credentials, name: string): Node {
    this.#requireDirectory(dir, cred, Permission.EXECUTE);
    const found = this.children(dir).get(name);
    if (found === undefined) throw new FsError('ENOENT');
    return found;
  }

  readdir(dir: Node, cred: Credentials, cookie: number, sink: EntrySink<Node>): boolean {
    this.#requireDirectory(dir, cred, Permission.READ);
    let at = FIRST_COOKIE;
    for (const [name, node] of this.children(dir)) {
      if (at > cookie && !sink(name, at, node)) return false;
      at++;
    }
    return true;
  }

  #requireDirectory(node: Node, cred: Credentials, wanted: number): void {
    const attributes = this.attributes(node);
    if (attributes.type !== FileType.DIRECTORY) throw new FsError('ENOTDIR');
    requirePermission(attributes, cred, wanted);
  }

  mayOpen(node: Node, cred: Credentials, read: boolean, write: boolean): void {
    if (write) refuse();
    if (read) requirePermission(this.attributes(node), cred, Permission.READ);
  }

  readlink(): Buffer {
    throw new FsError('EINVAL');
  }

  retain(): void {}
  release(): void {}
  commit(): void {}

  setAttributes(): void {
    refuse();
  }
  createFile(): Node {
    return refuse();
  }
  createObject(): Node {
    return refuse();
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
  write(): never {
    return refuse();
  }
}
