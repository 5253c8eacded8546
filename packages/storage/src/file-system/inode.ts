import { type Attributes, FileType } from '@dfs/nfs';
import type { Cached } from '../clock-cache.ts';
import type { Batch, DirtyRecord } from '../log/batch.ts';
import type { Key } from '../metadata/store.ts';
import type { ContentGate } from './content-gate.ts';
import { key64, readNumber, write32, writeNumber } from './keys.ts';
import type { Pages } from './listing-cache.ts';

/** An entry of a directory as the cache keeps it. */
export interface Entry {
  readonly ino: number;
  readonly cookie: number;
  /** The batch in which its records are new; 0 where the store may have them. */
  readonly newIn: number;
}

/** What the cache knows of names in one directory: null is known to be absent. */
export type Names = Map<string, Entry | null>;

export const FIRST_COOKIE = 3;
const FORMAT = 1;
/** Bytes of an inode's record. */
export const ENCODED_BYTES = 144;
const PARENT_AT = 96;
const USED_AT = 128;

/**
 * A file, directory, link or device: the record that the store keeps, and what is known of it while it is in memory. There is never
 * more than one of these for an inode number.
 */
export class Inode implements Attributes, DirtyRecord, Cached {
  readonly fileid: number;
  /** Set apart those that ever had this inode number: the change number at its making. */
  readonly generation: number;
  readonly type: FileType;
  mode = 0;
  nlink = 0;
  uid = 0;
  gid = 0;
  size = 0;
  used = 0;
  change = 0;
  atimeSec = 0;
  atimeNsec = 0;
  mtimeSec = 0;
  mtimeNsec = 0;
  ctimeSec = 0;
  ctimeNsec = 0;
  btimeSec = 0;
  btimeNsec = 0;
  rdevMajor = 0;
  rdevMinor = 0;
  /** Of a directory: the one that holds it, the cookie of its next entry, and the count of entries. */
  parent = 0;
  nextCookie = FIRST_COOKIE;
  entries = 0;
  /** Not kept: no entry has a lower cookie, nor ever will, since an entry comes at the end or takes the place of another. */
  firstCookie = FIRST_COOKIE;
  /** Bytes of names and values of its extended attributes. */
  xattrBytes = 0;

  readonly key: Key;
  readonly numberKey: Key;
  batch: Batch | undefined;
  unwritten = 0;
  isUnflushed = false;
  isStored = false;
  place = 0;
  referenced = true;
  /** Opens and the like that keep it though it has no name. */
  retained = 0;
  /** Deleted: what is left is somebody's reference. */
  gone = false;
  /** `used`, as it counts in the share, may not be what the content store says. */
  usedIsStale = false;
  /** The store has it on the list of those to remove. */
  isMarkedOrphan = false;
  /** The content store has never been asked to keep anything of it. */
  neverWritten = false;
  /** The content store holds nothing beyond `size`. */
  contentIsTrimmed = false;
  gate: ContentGate | undefined;
  youngNames: Names | undefined;
  oldNames: Names | undefined;
  /** What neither of those has is not there. */
  namesAreAll = false;
  youngPages: Pages | undefined;
  oldPages: Pages | undefined;
  /** The engine's; null where it may keep nothing. */
  memo: unknown;

  constructor(key: Key, fileid: number, generation: number, type: FileType) {
    this.key = key;
    this.numberKey = key64(fileid);
    this.fileid = fileid;
    this.generation = generation;
    this.type = type;
  }

  get isDirectory(): boolean {
    return this.type === FileType.DIRECTORY;
  }

  get isFile(): boolean {
    return this.type === FileType.REGULAR;
  }

  encode(target?: Buffer): Buffer | undefined {
    if (this.gone) return undefined;
    const b = target?.length === ENCODED_BYTES ? target : Buffer.allocUnsafe(ENCODED_BYTES);
    write32(b, FORMAT * 2 ** 24 + this.type * 2 ** 16 + this.mode, 0);
    write32(b, this.nlink, 4);
    write32(b, this.uid, 8);
    write32(b, this.gid, 12);
    writeNumber(b, this.size, 16);
    writeNumber(b, this.change, 24);
    writeNumber(b, this.generation, 32);
    writeTime(b, this.atimeSec, this.atimeNsec, 40);
    writeTime(b, this.mtimeSec, this.mtimeNsec, 52);
    writeTime(b, this.ctimeSec, this.ctimeNsec, 64);
    writeTime(b, this.btimeSec, this.btimeNsec, 76);
    write32(b, this.rdevMajor, 88);
    write32(b, this.rdevMinor, 92);
    writeNumber(b, this.parent, PARENT_AT);
    writeNumber(b, this.nextCookie, 104);
    writeNumber(b, this.entries, 112);
    writeNumber(b, this.xattrBytes, 120);
    writeNumber(b, this.used, USED_AT);
    writeNumber(b, 0, USED_AT + 8);
    return b;
  }

  /** Only the parent of what {@link decode} would make. */
  static parentIn(bytes: Buffer): number {
    return readNumber(bytes, PARENT_AT);
  }

  /** The inode that `bytes` keep. Throws on bytes that this version did not write. */
  static decode(key: Key, fileid: number, bytes: Buffer): Inode {
    if (bytes.length !== ENCODED_BYTES || bytes[0] !== FORMAT)
      throw new Error(`inode ${fileid}: unknown form`);
    const inode = new Inode(key, fileid, readNumber(bytes, 32), bytes[1] as FileType);
    inode.isStored = true;
    inode.mode = bytes.readUInt16BE(2);
    inode.nlink = bytes.readUInt32BE(4);
    // Stored without a name, it was marked in the same batch.
    inode.isMarkedOrphan = inode.nlink === 0;
    inode.uid = bytes.readUInt32BE(8);
    inode.gid = bytes.readUInt32BE(12);
    inode.size = readNumber(bytes, 16);
    inode.used = readNumber(bytes, USED_AT);
    // A crash may have lost what was written into its holes, or the count of it.
    inode.usedIsStale = inode.isFile && inode.used < inode.size;
    inode.change = readNumber(bytes, 24);
    inode.atimeSec = bytes.readDoubleBE(40);
    inode.atimeNsec = bytes.readUInt32BE(48);
    inode.mtimeSec = bytes.readDoubleBE(52);
    inode.mtimeNsec = bytes.readUInt32BE(60);
    inode.ctimeSec = bytes.readDoubleBE(64);
    inode.ctimeNsec = bytes.readUInt32BE(72);
    inode.btimeSec = bytes.readDoubleBE(76);
    inode.btimeNsec = bytes.readUInt32BE(84);
    inode.rdevMajor = bytes.readUInt32BE(88);
    inode.rdevMinor = bytes.readUInt32BE(92);
    inode.parent = Inode.parentIn(bytes);
    inode.nextCookie = readNumber(bytes, 104);
    inode.entries = readNumber(bytes, 112);
    inode.xattrBytes = readNumber(bytes, 120);
    return inode;
  }
}

/** The record of an inode with another such number. */
export function withUsed(record: Buffer, used: number): Buffer {
  const copy = Buffer.from(record);
  writeNumber(copy, used, USED_AT);
  return copy;
}

/** To take a double apart: much quicker than Buffer's own method. */
const words = new DataView(new ArrayBuffer(8));

function writeTime(b: Buffer, sec: number, nsec: number, at: number): void {
  words.setFloat64(0, sec);
  write32(b, words.getUint32(0), at);
  write32(b, words.getUint32(4), at + 4);
  write32(b, nsec, at + 8);
}
