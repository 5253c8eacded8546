import { randomBytes } from 'node:crypto';
import {
  type Abilities,
  type AttributeChanges,
  type Attributes,
  type Awaitable,
  accessRights,
  type Credentials,
  type EntrySink,
  type FileSystem,
  FileType,
  FsError,
  type NewObject,
  requireOpen,
  type SpaceUsage,
  type Stability,
  type Stretch,
} from '@dfs/nfs';
import type { ContentStore } from '../content/store.ts';
import { ShareGuard } from '../faults/share-guard.ts';
import type { Stop, StorageEvent } from '../faults/stop.ts';
import { writeLeft } from '../journal/restore-content.ts';
import type { StorageLimits } from '../limits.ts';
import type { CommitLog } from '../log/commit-log.ts';
import type { KeptContent } from '../log/kept-content.ts';
import { Moves } from './ancestry.ts';
import { attributes, setAttributes } from './attributes.ts';
import { copyRange } from './copy.ts';
import { accessed, type Core, requireAlive } from './core.ts';
import { createObject, newInode } from './create.ts';
import { commit, read, readIn, stretch, write } from './data.ts';
import { EntryCache } from './entry-cache.ts';
import { Handles } from './handle.ts';
import type { Inode } from './inode.ts';
import { InodeCache } from './inode-cache.ts';
import { ShareKeys } from './keys.ts';
import { ListingCache } from './listing-cache.ts';
import { find, link, lookup, parent, readdir, remove, rename } from './namespace.ts';
import { Numbers } from './numbers.ts';
import { bury, removeOrphans, removeUncommittedContent } from './orphans.ts';
import { loadHeld } from './recount.ts';
import { Removals } from './removals.ts';
import { SparseShare } from './sparse.ts';
import { loadSuperblock, type Superblock, storeSuperblock } from './superblock.ts';
import { type Held, type Quota, ShareUsage } from './usage.ts';
import { XattrShare } from './xattr.ts';

const FIRST_INO = 2;
const VERIFIER_BYTES = 8;
const SALT_BYTES = 4;
const NOTHING: Held = { bytes: 0, files: 0 };

/** The top directory of a share that is made; the share keeps what it has where it is there. */
export interface RootAttributes {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

export interface ShareOptions {
  /** 1 to 2^32 - 1. */
  readonly id: number;
  readonly log: CommitLog;
  readonly content: ContentStore;
  readonly limits: StorageLimits;
  readonly root: RootAttributes;
  readonly now: () => number;
  /** Of the server, this time: for the share's next start. */
  readonly run?: Buffer;
  /** The run whose state is whole, to the last that it has shown to anybody; undefined where none is. */
  readonly exactRun?: Buffer | undefined;
  readonly onEvent?: ((event: StorageEvent) => void) | undefined;
}

/** A file system on a metadata and a content store; all but the transfer of large or uncached data is answered on the spot. */
export class ShareFileSystem implements FileSystem<Inode> {
  readonly abilities: Abilities;
  readonly xattr: XattrShare;
  readonly sparse?: SparseShare;
  readonly #core: Core;
  readonly #superblock: Superblock;
  readonly #handles: Handles;
  readonly #root: Inode;
  readonly #closed: () => void;
  #isSettled = false;
  #starting: Promise<void> | undefined;

  private constructor(core: Core, superblock: Superblock, root: Inode, closed: () => void) {
    this.#core = core;
    this.#superblock = superblock;
    this.#handles = new Handles(superblock.salt, core.inodes);
    this.#root = root;
    this.#closed = closed;
    this.xattr = new XattrShare(core);
    if (core.content.sparse) this.sparse = new SparseShare(core);
    this.abilities = Object.freeze({
      uniqueNodes: true,
      symlinks: true,
      hardLinks: true,
      specialFiles: true,
      xattrs: true,
      sparse: core.content.sparse,
      copy: true,
      cloneBlockBytes: core.content.sharedBytes,
      space: true,
      externalLocks: false,
      caseInsensitive: false,
      maxFileSize: core.content.maxFileSize,
      maxLinks: core.limits.maxLinks,
    });
  }

  static exists(log: CommitLog, id: number): boolean {
    return loadSuperblock(log, new ShareKeys(id)) !== undefined;
  }

  /**
   * Opens a share, made where it is missing, and clears away what the last run left half done. Files without a name stay until
   * {@link settled}.
   */
  static async open(options: ShareOptions, closed: () => void): Promise<ShareFileSystem> {
    const { log, content, limits, root, now } = options;
    const keys = new ShareKeys(options.id);
    const stored = loadSuperblock(log, keys);
    const superblock = stored ?? newSuperblock();
    const wasClean = superblock.clean;
    const intact = wasClean || isExact(superblock, options.exactRun);
    // Content that a process wrote outlives it in the host's memory, but that it is on the disk is not known any more.
    const keepsWrites = wasClean || (intact && content.distrust());
    if (!keepsWrites || superblock.verifier.length === 0) superblock.verifier = randomBytes(VERIFIER_BYTES);
    superblock.run = options.run ?? Buffer.alloc(0);
    const numbers = new Numbers(log, keys, superblock, intact);
    const names = new EntryCache(limits.cachedEntries);
    const listings = new ListingCache(limits.listedEntries);
    const inodes = new InodeCache(limits.cachedInodes, log, keys, superblock.changeFloor, (inode) => {
      names.drop(inode);
      listings.drop(inode);
    });
    const guard = new ShareGuard(log, now, {
      stopped: (stop) => {
        // Written down before anybody can ask: also who restarts the server instead must not be told that unstable writes are there.
        superblock.verifier = randomBytes(VERIFIER_BYTES);
        storeSuperblock(log, keys, superblock);
        kept.doubt();
        options.onEvent?.({ type: 'stopped', share: options.id, stop });
      },
      readFailed: (reason, count) =>
        options.onEvent?.({ type: 'read_failed', share: options.id, reason, count }),
    });
    const kept: KeptContent = log.keptContent(options.id, {
      // Not by the guard: it has to go on while nothing else does.
      sync: async (ino) => {
        try {
          await content.sync(ino);
        } catch (error) {
          guard.fail(error);
          kept.doubt();
          throw error;
        }
      },
      recover: async () => content.recover?.(),
      restore: async (left) => {
        if (inodes.get(left.ino) !== undefined) await writeLeft(content, left);
      },
    });
    const unreadable = (error: FsError) => guard.readFailed(error);
    const held = stored === undefined ? NOTHING : await loadHeld(log, content, keys, superblock, unreadable);
    const usage = new ShareUsage(log, content, keys, held);
    log.touch(usage);
    const core: Core = {
      keys,
      log,
      guard,
      content,
      kept,
      inodes,
      names,
      listings,
      numbers,
      usage,
      limits,
      now,
      removals: new Removals(log, content),
      moves: new Moves(),
    };
    if (stored === undefined) makeRoot(core, superblock, root);
    log.urge();
    // Numbers are given out and shown from here on: that they are reserved must outlast a loss of power with either grade.
    await log.flush();
    if (!wasClean) await removeUncommittedContent(core);
    if (!kept.isEmpty) {
      // It was closed while it had stopped.
      await kept.restore();
      await kept.allSafe();
    }
    return new ShareFileSystem(core, superblock, inodes.must(superblock.rootIno), closed);
  }

  get writeVerifier(): Uint8Array {
    return this.#superblock.verifier;
  }

  /** Why it has stopped; undefined while it serves. */
  get stopped(): Stop | undefined {
    return this.#core.guard.stop;
  }

  /** Reads that the disk has failed. */
  get readErrors(): number {
    return this.#core.guard.readErrors;
  }

  /** Serves again after its content could not be kept. Rejects with the host's reason where that is not over. Asked again, it joins in. */
  start(): Promise<void> {
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #start(): Promise<void> {
    const { log, keys, guard, kept } = this.#core;
    // What the host had of this it may have let go of, and the journal has it still.
    await kept.restore();
    this.#superblock.verifier = randomBytes(VERIFIER_BYTES);
    storeSuperblock(log, keys, this.#superblock);
    log.urge();
    await Promise.all([log.stable(), kept.allSafe()]);
    if (kept.isDoubted) throw new FsError('EIO', 'content could not be synced');
    guard.start();
  }

  /** Writes everything out. No other call may be under way or come after. */
  async close(): Promise<void> {
    const { log, content, numbers, removals, guard, kept } = this.#core;
    try {
      if (log.stopped !== undefined) return;
      if (guard.stop !== undefined) {
        // Not closed properly: the next start looks after what is left.
        await log.flush();
        return;
      }
      try {
        await content.syncAll();
      } catch (error) {
        guard.fail(error);
        throw error;
      }
      await kept.allSafe();
      await log.flush();
      await removals.settle();
      // Content of what that has buried goes after this.
      await log.flush();
      await removals.settle();
      numbers.close();
      await log.flush();
    } finally {
      await content.close();
      this.#closed();
    }
  }

  /** The most that it may hold. Set anew at each start: it is not kept with the share. */
  get quota(): Quota {
    return this.#core.usage.quota;
  }

  set quota(quota: Quota) {
    this.#core.usage.quota = quota;
  }

  /** What it holds now, in the quota's measures. */
  get held(): Held {
    return this.#core.usage.held;
  }

  root(): Inode {
    return this.#root;
  }

  handle(inode: Inode): Uint8Array {
    return this.#handles.of(inode);
  }

  /** Also where the share has stopped: what is asked of the object is refused then, with a status that PUTFH does not have. */
  resolve(handle: Buffer): Inode {
    this.#core.guard.checkReadable();
    return this.#handles.resolve(handle, 0, handle.length);
  }

  resolveIn(buffer: Buffer, start: number, end: number): Inode {
    this.#core.guard.checkReadable();
    return this.#handles.resolve(buffer, start, end);
  }

  attributes(inode: Inode): Attributes {
    return attributes(this.#core, inode);
  }

  glance(inode: Inode): Attributes {
    this.#core.guard.check();
    requireAlive(inode);
    return inode;
  }

  setAttributes(inode: Inode, cred: Credentials, changes: AttributeChanges): Awaitable<void> {
    return setAttributes(this.#core, inode, cred, changes);
  }

  access(inode: Inode, cred: Credentials, rights: number): number {
    this.#core.guard.check();
    return accessRights(inode, cred, rights);
  }

  lookup(dir: Inode, cred: Credentials, name: string): Inode {
    return lookup(this.#core, dir, cred, name);
  }

  find(dir: Inode, cred: Credentials, name: string): Inode | undefined {
    return find(this.#core, dir, cred, name);
  }

  parent(dir: Inode, cred: Credentials): Inode {
    return parent(this.#core, dir, cred);
  }

  readdir(dir: Inode, cred: Credentials, cookie: number, sink: EntrySink<Inode>): boolean {
    return readdir(this.#core, dir, cred, cookie, sink, false);
  }

  readdirGlance(dir: Inode, cred: Credentials, cookie: number, sink: EntrySink<Inode>): boolean {
    return readdir(this.#core, dir, cred, cookie, sink, true);
  }

  createFile(dir: Inode, cred: Credentials, name: string, changes: AttributeChanges): Inode {
    return createObject(this.#core, dir, cred, name, { type: FileType.REGULAR }, changes);
  }

  createObject(
    dir: Inode,
    cred: Credentials,
    name: string,
    object: NewObject,
    changes: AttributeChanges,
  ): Inode {
    return createObject(this.#core, dir, cred, name, object, changes);
  }

  readlink(inode: Inode, _cred: Credentials): Buffer {
    const { log, keys, guard } = this.#core;
    guard.check();
    if (inode.type !== FileType.SYMLINK) throw new FsError('EINVAL');
    const target = log.get(keys.link(inode.numberKey));
    if (target === undefined) throw new FsError(inode.gone ? 'ESTALE' : 'EIO');
    const copy = Buffer.from(target);
    accessed(this.#core, inode);
    return copy;
  }

  link(inode: Inode, dir: Inode, cred: Credentials, name: string): void {
    link(this.#core, inode, dir, cred, name);
  }

  remove(dir: Inode, cred: Credentials, name: string): void {
    remove(this.#core, dir, cred, name);
  }

  rename(fromDir: Inode, fromName: string, toDir: Inode, toName: string, cred: Credentials): Awaitable<void> {
    return rename(this.#core, { fromDir, fromName, toDir, toName, cred });
  }

  mayOpen(inode: Inode, cred: Credentials, forRead: boolean, forWrite: boolean): void {
    this.#core.guard.check();
    requireOpen(inode, cred, forRead, forWrite);
  }

  retain(inode: Inode): void {
    inode.retained++;
  }

  release(inode: Inode): void {
    inode.retained--;
    if (inode.retained > 0 || inode.nlink > 0 || inode.gone) return;
    bury(this.#core, inode);
  }

  read(inode: Inode, offset: number, target: Buffer): Awaitable<number> {
    return read(this.#core, inode, offset, target);
  }

  readIn(inode: Inode, offset: number, memory: Buffer, start: number, end: number): number | undefined {
    return readIn(this.#core, inode, offset, memory, start, end);
  }

  stretch(inode: Inode, offset: number, count: number): Stretch | undefined {
    return stretch(this.#core, inode, offset, count);
  }

  write(
    inode: Inode,
    offset: number,
    data: Buffer,
    stability: Stability,
    cred?: Credentials,
  ): Awaitable<Stability> {
    return write(this.#core, inode, offset, data, stability, cred);
  }

  commit(inode: Inode, _offset: number, _count: number): Awaitable<void> {
    return commit(this.#core, inode);
  }

  stable(): Awaitable<void> {
    this.#core.guard.check();
    return this.#core.log.stable();
  }

  hold(): () => void {
    return this.#core.log.hold();
  }

  settled(): void {
    const { guard, removals } = this.#core;
    if (this.#isSettled || guard.stop !== undefined) return;
    this.#isSettled = true;
    // What it does not come to is left to the next start.
    const removal = removeOrphans(this.#core).catch(() => {});
    removals.under(removal);
  }

  space(_cred: Credentials): SpaceUsage {
    this.#core.guard.check();
    const { usage, content } = this.#core;
    return usage.space(content.space());
  }

  copyRange(
    from: Inode,
    fromOffset: number,
    to: Inode,
    toOffset: number,
    count: number,
    share: boolean,
    cred?: Credentials,
  ): Promise<number> {
    return copyRange(this.#core, from, fromOffset, to, toOffset, count, share, cred);
  }
}

function isExact({ run }: Superblock, exactRun: Buffer | undefined): boolean {
  return exactRun !== undefined && run.equals(exactRun);
}

function newSuperblock(): Superblock {
  const salt = randomBytes(SALT_BYTES).readUInt32BE();
  return {
    salt,
    rootIno: FIRST_INO,
    reservedIno: FIRST_INO,
    reservedChange: 0,
    changeFloor: 0,
    clean: true,
    verifier: Buffer.alloc(0),
    run: Buffer.alloc(0),
  };
}

function makeRoot(core: Core, superblock: Superblock, attributes: RootAttributes): void {
  const root = newInode(core, { type: FileType.DIRECTORY, ...attributes }, core.now());
  if (root.fileid !== superblock.rootIno) throw new Error('share: the root is not the first inode');
  root.parent = root.fileid;
  core.inodes.add(root);
  core.log.touch(root);
}
