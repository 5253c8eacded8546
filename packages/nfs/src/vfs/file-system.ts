import type { AttributeChanges, Attributes, FileType, SpaceUsage } from './attributes.ts';
import type { Credentials } from './credentials.ts';
import type { Stretch } from './stretch.ts';

/** Answered at once where nothing waits, by a promise where something does. The engine never awaits a plain value. */
export type Awaitable<T> = T | Promise<T>;

/** What a file system can do. The engine answers for the rest itself, with the RFC's status for a thing not supported. */
export interface Abilities {
  /**
   * While anybody holds the node of an object, no other node stands for it: two nodes are the same object only if they are the same node. Spares the
   * engine to look at handles.
   */
  readonly uniqueNodes?: boolean;
  readonly symlinks: boolean;
  readonly hardLinks: boolean;
  /** Devices, sockets and FIFOs can be made. */
  readonly specialFiles: boolean;
  /** The `xattr` member is there (RFC 8276). */
  readonly xattrs: boolean;
  /** The `sparse` member is there (RFC 7862: SEEK, ALLOCATE, DEALLOCATE). */
  readonly sparse: boolean;
  /** `copyRange` is there (RFC 7862: COPY, CLONE). */
  readonly copy: boolean;
  /** Bytes of the blocks that CLONE shares: its offsets are multiples of them (RFC 7862 §12.2.1). 1 where absent. */
  readonly cloneBlockBytes?: number;
  /** `space` is there. */
  readonly space: boolean;
  /** `locks` is there: byte-range locks are kept by the file system, shared with others who use it. */
  readonly externalLocks: boolean;
  /** Names that differ only in case are one name. */
  readonly caseInsensitive: boolean;
  /** Bytes in the largest file; at most 2^53 - 1. */
  readonly maxFileSize: number;
  /** Hard links to one file, at the most. */
  readonly maxLinks: number;
}

/** One entry as `readdir` hands it to the engine. Return false to stop: the entry was not taken. */
export type EntrySink<Node> = (name: string, cookie: number, node: Node) => boolean;

/** How a write must be kept before its answer (RFC 8881 §18.32, stable_how4). */
export const Stability = { UNSTABLE: 0, DATA_SYNC: 1, FILE_SYNC: 2 } as const;
export type Stability = (typeof Stability)[keyof typeof Stability];

/** What a new object is. */
export type NewObject =
  | { readonly type: typeof FileType.DIRECTORY | typeof FileType.SOCKET | typeof FileType.FIFO }
  | { readonly type: typeof FileType.SYMLINK; readonly target: Buffer }
  | {
      readonly type: typeof FileType.BLOCK | typeof FileType.CHARACTER;
      readonly major: number;
      readonly minor: number;
    };

/** The rights that ACCESS asks about (RFC 8881 §18.1). A bit set. */
export const AccessRight = {
  READ: 0x01,
  LOOKUP: 0x02,
  MODIFY: 0x04,
  EXTEND: 0x08,
  DELETE: 0x10,
  EXECUTE: 0x20,
  XATTR_READ: 0x40,
  XATTR_WRITE: 0x80,
  XATTR_LIST: 0x100,
} as const;

/**
 * What an outsider implements to serve their own data over NFS.
 *
 * `Node` is the file system's own object for a file, directory, link or device: the engine never looks inside, keeps it no longer
 * than the COMPOUND or open that resolved it, and gets it back from `resolve` at any time after.
 *
 * Rules for every method:
 * - a refusal is an {@link FsError}, thrown or as a rejection; anything else thrown is a fault (NFS4ERR_SERVERFAULT, logged);
 * - a refused call has changed nothing;
 * - names are valid UTF-8 without "/" and NUL, not empty, not "." or "..", at most 255 bytes: the engine has checked that;
 * - `cred` is who asks: the file system decides what they may (see `posix.ts` for the usual rules, ready to use);
 * - calls may overlap where answers are promises; the engine orders nothing beyond one COMPOUND's own operations.
 */
export interface FileSystem<Node extends object = object> {
  readonly abilities: Abilities;

  /** The top directory. */
  root(): Node;

  /**
   * The object's handle: the same bytes for as long as the object lives, across rename and restart. 1 to 64 bytes.
   * The engine copies them at once.
   */
  handle(node: Node): Uint8Array;

  /** The object of a handle. ESTALE where it is gone, EBADHANDLE where it never was one. `handle` is valid for the call only. */
  resolve(handle: Buffer): Awaitable<Node>;

  /** The same of a handle that lies from `start` to `end` of a larger buffer: for who need not have a Buffer made of it, millions of times. */
  resolveIn?(buffer: Buffer, start: number, end: number): Awaitable<Node>;

  attributes(node: Node): Awaitable<Attributes>;

  /** The same, but `used` may be out of date: for who looks at type, size and change alone, where to know the space used takes longer. */
  glance?(node: Node): Awaitable<Attributes>;

  /** Sets all of `changes` or none. Ownership, mode and times are the owner's to change; size needs write permission. */
  setAttributes(node: Node, cred: Credentials, changes: AttributeChanges): Awaitable<void>;

  /** Those of the rights asked for that `cred` has: a subset of `rights` ({@link AccessRight}). Never refuses. */
  access(node: Node, cred: Credentials, rights: number): Awaitable<number>;

  /** The entry's object. Needs search permission. ENOENT, ENOTDIR, EACCES. */
  lookup(dir: Node, cred: Credentials, name: string): Awaitable<Node>;

  /** The same, undefined where there is no such entry: for who looks before making one, to whom that is no error. */
  find?(dir: Node, cred: Credentials, name: string): Awaitable<Node | undefined>;

  /** The directory that holds this directory. Never called on the root. */
  parent(dir: Node, cred: Credentials): Awaitable<Node>;

  /**
   * Hands entries to `sink` in a fixed order, from the first (cookie 0) or from behind `cookie`, until `sink` returns false or
   * the directory ends. "." and ".." are not among them. Cookies are 3 to 2^53 - 1 and stay good while entries come and go: an entry
   * that was there all the time is handed out exactly once. Resolves to true at the end of the directory. Needs read permission.
   */
  readdir(dir: Node, cred: Credentials, cookie: number, sink: EntrySink<Node>): Awaitable<boolean>;

  /** The same for who asks the nodes for nothing but `attributes` and `handle`, at once: they may be copies, so that a listing of very many takes no memory. */
  readdirGlance?(dir: Node, cred: Credentials, cookie: number, sink: EntrySink<Node>): Awaitable<boolean>;

  /** Makes a regular file; EEXIST where the name is taken (the engine decides what an OPEN does then). */
  createFile(dir: Node, cred: Credentials, name: string, attributes: AttributeChanges): Awaitable<Node>;

  /** Makes anything else. ENOTSUP by abilities. */
  createObject(
    dir: Node,
    cred: Credentials,
    name: string,
    object: NewObject,
    attributes: AttributeChanges,
  ): Awaitable<Node>;

  /** The target of a symbolic link, 1 to 4,096 bytes. EINVAL for any other object. */
  readlink(node: Node, cred: Credentials): Awaitable<Buffer>;

  /** Another name for a file. EISDIR for a directory. */
  link(node: Node, dir: Node, cred: Credentials, name: string): Awaitable<void>;

  /** Removes a name, of a directory only when that is empty (ENOTEMPTY). The object lives while it is retained. */
  remove(dir: Node, cred: Credentials, name: string): Awaitable<void>;

  /** Atomic, replacing what has the new name where POSIX allows that. Moving a directory below itself is EINVAL. */
  rename(fromDir: Node, fromName: string, toDir: Node, toName: string, cred: Credentials): Awaitable<void>;

  /**
   * May `cred` open the file so? Asked once at OPEN; `read` and `write` ask no more, so that the one who opened a file may go on after a chmod.
   * EACCES, EROFS.
   */
  mayOpen(node: Node, cred: Credentials, read: boolean, write: boolean): Awaitable<void>;

  /** Keeps a file's content though its last name goes, until `release`d as often: one pair for each OPEN. Neither refuses. */
  retain(node: Node): void;
  release(node: Node): void;

  /**
   * Reads at `offset` into `target`, as many bytes as it holds or as there are. Resolves to the count, 0 behind the end.
   * `target` is the engine's until the answer and lies in the reply: nothing else may be written to it.
   */
  read(node: Node, offset: number, target: Buffer): Awaitable<number>;

  /**
   * The same from `start` to `end` of larger memory, where it can be answered at once: undefined where not, and `read` is to be asked. For who need
   * not have a Buffer made of it, millions of times.
   */
  readIn?(node: Node, offset: number, memory: Buffer, start: number, end: number): number | undefined;

  /**
   * Exactly `count` bytes from `offset` on, all before the end, to be sent straight from where the host has them: undefined where that cannot be done at once
   * or does not pay, and `readIn` and `read` are to be asked. Not needed to serve a file system: it spares the copies of large reads to who has
   * files of the host and a way to call sendfile(2). Never asked where something in the same COMPOUND could change the file before the reply leaves.
   */
  stretch?(node: Node, offset: number, count: number): Stretch | undefined;

  /**
   * Writes all of `data` at `offset`, as stable as asked or more; resolves to how stable it is. `data` is valid until the answer.
   * Who may write has been asked before: `cred` is for what a write takes from the mode ({@link withoutSetIds}). ENOSPC, EDQUOT, EFBIG, EIO.
   */
  write(
    node: Node,
    offset: number,
    data: Buffer,
    stability: Stability,
    cred: Credentials,
  ): Awaitable<Stability>;

  /** Everything written to the file so far is stable when this answers. */
  commit(node: Node, offset: number, count: number): Awaitable<void>;

  /** 8 bytes that change when unstable writes may have been lost, as at a restart (RFC 8881 §18.32.3). */
  readonly writeVerifier: Uint8Array;

  /**
   * Called once before the reply to a COMPOUND that changed something. Its answer means that every change made so far is as stable as
   * promised. A file system whose methods answer only then needs none. A refusal here becomes the COMPOUND's error.
   */
  stable?(): Awaitable<void>;

  /**
   * Changes made so far do not become stable until the returned function has been called: a COMPOUND that has changed something has to
   * wait before it can go on, and must survive a crash as a whole or not at all.
   */
  hold?(): () => void;

  /** Nobody who held a file before this start will come for it any more: what has no name and is not retained may go. */
  settled?(): void;

  space?(cred: Credentials): Awaitable<SpaceUsage>;

  readonly xattr?: ExtendedAttributes<Node>;
  readonly sparse?: SparseFiles<Node>;

  /** Copies bytes between two files (or within one) as if by read and write; `share` asks for shared storage (CLONE). Resolves to the count. */
  copyRange?(
    from: Node,
    fromOffset: number,
    to: Node,
    toOffset: number,
    count: number,
    share: boolean,
    cred: Credentials,
  ): Awaitable<number>;

  readonly locks?: ExternalLocks<Node>;
}

/** How SETXATTR treats what is there (RFC 8276 §8.4.2). */
export const XattrMode = { EITHER: 0, CREATE: 1, REPLACE: 2 } as const;
export type XattrMode = (typeof XattrMode)[keyof typeof XattrMode];

/** User extended attributes. Names come without the "user." prefix. */
export interface ExtendedAttributes<Node> {
  /** ENODATA where there is none; E2BIG where it has more than `limit` bytes. */
  get(node: Node, cred: Credentials, name: string, limit: number): Awaitable<Buffer>;
  /** EEXIST, ENODATA by `mode`; ENOSPC, E2BIG by the file system's own limits. */
  set(node: Node, cred: Credentials, name: string, value: Buffer, mode: XattrMode): Awaitable<void>;
  /** All names, in a fixed order. */
  list(node: Node, cred: Credentials): Awaitable<readonly string[]>;
  remove(node: Node, cred: Credentials, name: string): Awaitable<void>;
}

/** Holes and reservations (RFC 7862 §15.1, §15.4, §15.11). */
export interface SparseFiles<Node> {
  /** The first byte of data (or of a hole; the end counts as one) at or behind `offset`. ENXIO at or behind the end, or with no data left. */
  seek(node: Node, offset: number, what: 'data' | 'hole'): Awaitable<number>;
  /** Sees to it that writes to the range will not fail for want of space; extends the file to its end. */
  allocate(node: Node, offset: number, length: number, cred: Credentials): Awaitable<void>;
  /** The range reads as zeros; the size stays. */
  deallocate(node: Node, offset: number, length: number, cred: Credentials): Awaitable<void>;
}

/** Byte-range locks kept outside the engine, which asks before it grants one of its own. */
export interface ExternalLocks<Node> {
  /** Takes or converts; resolves to false where somebody outside holds a conflicting lock. `owner` is opaque and stable. */
  lock(node: Node, owner: string, exclusive: boolean, offset: bigint, length: bigint): Awaitable<boolean>;
  unlock(node: Node, owner: string, offset: bigint, length: bigint): Awaitable<void>;
}
