import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type {
  Abilities,
  AttributeChanges,
  Attributes,
  Awaitable,
  Credentials,
  EntrySink,
  ExtendedAttributes,
  FileSystem,
  NewObject,
  SpaceUsage,
  SparseFiles,
  Stability,
} from '../../src/vfs/index.ts';
import { seededRandom } from './random.ts';

/** A method of the FileSystem contract that may wait or fail. */
export type FsMethod = Exclude<
  | keyof FileSystem
  | 'getXattr'
  | 'setXattr'
  | 'listXattrs'
  | 'removeXattr'
  | 'seek'
  | 'allocate'
  | 'deallocate',
  'abilities' | 'writeVerifier' | 'root' | 'handle' | 'retain' | 'release' | 'xattr' | 'sparse' | 'locks'
>;

export interface Trouble {
  /** Every answer is a promise and comes after a small random delay. */
  readonly asynchronous?: boolean;
  /** Seed of the delays. */
  readonly seed?: number;
  /** Asked before each call: what it returns is thrown in the place of an answer. */
  fault?(method: FsMethod): Error | undefined;
}

const SHORT_WAITS = 0.8;
const MAX_SLEEP_MS = 3;

/** Another file system whose answers come late or not at all: shows that the engine waits where it must, and nowhere else. */
export class TroubledFileSystem<Node extends object> implements FileSystem<Node> {
  readonly inner: FileSystem<Node>;
  trouble: Trouble;
  readonly xattr: ExtendedAttributes<Node>;
  readonly sparse: SparseFiles<Node>;
  readonly #random: () => number;

  constructor(inner: FileSystem<Node>, trouble: Trouble) {
    this.inner = inner;
    this.trouble = trouble;
    this.#random = seededRandom(trouble.seed ?? 1);
    this.xattr = this.#xattr();
    this.sparse = this.#sparse();
  }

  #do<T>(method: FsMethod, run: () => Awaitable<T>): Awaitable<T> {
    if (this.trouble.asynchronous) return this.#later(method, run);
    const fault = this.trouble.fault?.(method);
    if (fault !== undefined) throw fault;
    return run();
  }

  async #later<T>(method: FsMethod, run: () => Awaitable<T>): Promise<T> {
    await this.#wait();
    const fault = this.trouble.fault?.(method);
    if (fault !== undefined) throw fault;
    const value = await run();
    await this.#wait();
    return value;
  }

  #wait(): Promise<unknown> {
    const random = this.#random();
    return random < SHORT_WAITS ? nextTurn() : sleep(random * MAX_SLEEP_MS);
  }

  get abilities(): Abilities {
    return this.inner.abilities;
  }
  get writeVerifier(): Uint8Array {
    return this.inner.writeVerifier;
  }
  root(): Node {
    return this.inner.root();
  }
  handle(node: Node): Uint8Array {
    return this.inner.handle(node);
  }
  retain(node: Node): void {
    this.inner.retain(node);
  }
  release(node: Node): void {
    this.inner.release(node);
  }
  resolve(handle: Buffer): Awaitable<Node> {
    // The contract lends the bytes for the call alone.
    const copy = Buffer.from(handle);
    return this.#do('resolve', () => this.inner.resolve(copy));
  }
  attributes(node: Node): Awaitable<Attributes> {
    return this.#do('attributes', () => this.inner.attributes(node));
  }
  setAttributes(node: Node, cred: Credentials, changes: AttributeChanges): Awaitable<void> {
    return this.#do('setAttributes', () => this.inner.setAttributes(node, cred, changes));
  }
  access(node: Node, cred: Credentials, rights: number): Awaitable<number> {
    return this.#do('access', () => this.inner.access(node, cred, rights));
  }
  lookup(dir: Node, cred: Credentials, name: string): Awaitable<Node> {
    return this.#do('lookup', () => this.inner.lookup(dir, cred, name));
  }
  parent(dir: Node, cred: Credentials): Awaitable<Node> {
    return this.#do('parent', () => this.inner.parent(dir, cred));
  }
  readdir(dir: Node, cred: Credentials, cookie: number, sink: EntrySink<Node>): Awaitable<boolean> {
    return this.#do('readdir', () => this.inner.readdir(dir, cred, cookie, sink));
  }
  createFile(dir: Node, cred: Credentials, name: string, attributes: AttributeChanges): Awaitable<Node> {
    return this.#do('createFile', () => this.inner.createFile(dir, cred, name, attributes));
  }
  createObject(
    dir: Node,
    cred: Credentials,
    name: string,
    object: NewObject,
    attributes: AttributeChanges,
  ): Awaitable<Node> {
    return this.#do('createObject', () => this.inner.createObject(dir, cred, name, object, attributes));
  }
  readlink(node: Node, cred: Credentials): Awaitable<Buffer> {
    return this.#do('readlink', () => this.inner.readlink(node, cred));
  }
  link(node: Node, dir: Node, cred: Credentials, name: string): Awaitable<void> {
    return this.#do('link', () => this.inner.link(node, dir, cred, name));
  }
  remove(dir: Node, cred: Credentials, name: string): Awaitable<void> {
    return this.#do('remove', () => this.inner.remove(dir, cred, name));
  }
  rename(fromDir: Node, fromName: string, toDir: Node, toName: string, cred: Credentials): Awaitable<void> {
    return this.#do('rename', () => this.inner.rename(fromDir, fromName, toDir, toName, cred));
  }
  mayOpen(node: Node, cred: Credentials, read: boolean, write: boolean): Awaitable<void> {
    return this.#do('mayOpen', () => this.inner.mayOpen(node, cred, read, write));
  }
  read(node: Node, offset: number, target: Buffer): Awaitable<number> {
    return this.#do('read', () => this.inner.read(node, offset, target));
  }
  write(
    node: Node,
    offset: number,
    data: Buffer,
    stability: Stability,
    cred: Credentials,
  ): Awaitable<Stability> {
    return this.#do('write', () => this.inner.write(node, offset, data, stability, cred));
  }
  commit(node: Node, offset: number, count: number): Awaitable<void> {
    return this.#do('commit', () => this.inner.commit(node, offset, count));
  }
  stable(): Awaitable<void> {
    return this.#do('stable', () => this.inner.stable?.());
  }
  space(cred: Credentials): Awaitable<SpaceUsage> {
    return this.#do('space', () => this.inner.space!(cred));
  }
  copyRange(
    from: Node,
    fromOffset: number,
    to: Node,
    toOffset: number,
    count: number,
    share: boolean,
    cred: Credentials,
  ): Awaitable<number> {
    return this.#do('copyRange', () =>
      this.inner.copyRange!(from, fromOffset, to, toOffset, count, share, cred),
    );
  }

  #xattr(): ExtendedAttributes<Node> {
    const inner = this.inner.xattr!;
    return {
      get: (node, cred, name, limit) => this.#do('getXattr', () => inner.get(node, cred, name, limit)),
      set: (node, cred, name, value, mode) =>
        this.#do('setXattr', () => inner.set(node, cred, name, value, mode)),
      list: (node, cred) => this.#do('listXattrs', () => inner.list(node, cred)),
      remove: (node, cred, name) => this.#do('removeXattr', () => inner.remove(node, cred, name)),
    };
  }

  #sparse(): SparseFiles<Node> {
    const inner = this.inner.sparse!;
    return {
      seek: (node, offset, what) => this.#do('seek', () => inner.seek(node, offset, what)),
      allocate: (node, offset, length, cred) =>
        this.#do('allocate', () => inner.allocate(node, offset, length, cred)),
      deallocate: (node, offset, length, cred) =>
        this.#do('deallocate', () => inner.deallocate(node, offset, length, cred)),
    };
  }
}
