/** Kinds of file system objects, by their NFSv4 numbers (RFC 8881 §3.2, nfs_ftype4). */
export const FileType = {
  REGULAR: 1,
  DIRECTORY: 2,
  BLOCK: 3,
  CHARACTER: 4,
  SYMLINK: 5,
  SOCKET: 6,
  FIFO: 7,
} as const;
export type FileType = (typeof FileType)[keyof typeof FileType];

/**
 * The metadata of one object. The engine only reads it, and only until its next call into the file system: a file system may
 * hand out its own live record, so that GETATTR costs no allocation.
 *
 * Integers are exact up to 2^53 - 1. Times are seconds since 1970 (negative before) plus nanoseconds, 0 to 999,999,999.
 */
export interface Attributes {
  readonly type: FileType;
  /** Permission bits with set-uid, set-gid and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  /** Length in bytes; for a symbolic link that of its target. */
  readonly size: number;
  /** Bytes of storage in use, holes not counted. */
  readonly used: number;
  /** Unique in the file system, never reused while anybody may hold a handle of the old object. Not 0. */
  readonly fileid: number;
  /** Grows with every change of data or metadata, never repeats, survives restart (RFC 8881 §5.8.1.4). */
  readonly change: number;
  readonly atimeSec: number;
  readonly atimeNsec: number;
  readonly mtimeSec: number;
  readonly mtimeNsec: number;
  readonly ctimeSec: number;
  readonly ctimeNsec: number;
  /** Creation time. */
  readonly btimeSec: number;
  readonly btimeNsec: number;
  /** Major and minor number of a device, else 0. */
  readonly rdevMajor: number;
  readonly rdevMinor: number;
  /**
   * For the engine, to keep there what it has made of the attributes. Worth having where they are the same record each time; `change` must
   * then be another one whenever anything but `size`, `used` and the access time is.
   */
  memo?: unknown;
}

/** A point in time, or the server's own clock. */
export type TimeSetting = 'now' | { readonly sec: number; readonly nsec: number };

/** What SETATTR, OPEN and CREATE may set. A field that is absent is left as it is. */
export interface AttributeChanges {
  /** Truncates or extends with a hole. */
  size?: number;
  /** The caller holds the file open for writing: `size` asks for no permission (an O_CREAT of mode 0444, then ftruncate). */
  sizeGranted?: boolean;
  mode?: number;
  uid?: number;
  gid?: number;
  atime?: TimeSetting;
  mtime?: TimeSetting;
  /** Creation time. */
  btime?: TimeSetting;
}

/** Space and inodes of a file system, in bytes and counts (RFC 8881 §5.8.2.10 ff.). */
export interface SpaceUsage {
  readonly bytesTotal: number;
  readonly bytesFree: number;
  /** Free to this caller: after reservations and quota. */
  readonly bytesAvailable: number;
  readonly filesTotal: number;
  readonly filesFree: number;
  readonly filesAvailable: number;
}
