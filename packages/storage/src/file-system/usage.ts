import { FileType, FsError, type SpaceUsage } from '@dfs/nfs';
import type { ContentStore } from '../content/store.ts';
import type { Batch, DirtyRecord } from '../log/batch.ts';
import type { CommitLog } from '../log/commit-log.ts';
import type { Key } from '../metadata/store.ts';
import type { Inode } from './inode.ts';
import { readNumber, type ShareKeys, writeNumber } from './keys.ts';

/** The most that a share may hold; undefined where nothing but the host bounds it. */
export interface Quota {
  /** Storage of files' content (holes cost nothing), of extended attributes and of symbolic links' targets. */
  readonly bytes: number | undefined;
  /** Files, directories, links and devices, each once however many names it has; the top directory does not count. */
  readonly files: number | undefined;
}

/** What a share holds, in the measures of its {@link Quota}. */
export interface Held {
  readonly bytes: number;
  readonly files: number;
}

/** A reservation for a write that changes nothing of what is used: all of it is there. */
const NO_CHANGE = -1;
const FORMAT = 1;
const BYTES = 24;

/**
 * What the share holds, against what it may: always the sum over its inodes, and kept in the same batches as those, so that it is right
 * after a crash as it is.
 *
 * What a write adds to a file without holes is known by its size alone, so that the usual write asks nobody. To a file with holes, and
 * from a thread, it is known only when the content store is asked: before, where a quota bounds it, and after.
 */
export class ShareUsage implements DirtyRecord {
  readonly key: Key;
  batch: Batch | undefined;
  unwritten = 0;
  isUnflushed = false;
  isStored = true;
  place = 0;
  readonly #log: CommitLog;
  readonly #content: ContentStore;
  #bytes: number;
  #files: number;
  /** The most that writes under way may add. */
  #underWay = 0;
  #maxBytes = Number.POSITIVE_INFINITY;
  #maxFiles = Number.POSITIVE_INFINITY;

  constructor(log: CommitLog, content: ContentStore, keys: ShareKeys, held: Held) {
    this.key = keys.usage;
    this.#log = log;
    this.#content = content;
    this.#bytes = held.bytes;
    this.#files = held.files;
  }

  encode(): Buffer {
    return encodeHeld(this.held);
  }

  get held(): Held {
    return { bytes: this.#bytes, files: this.#files };
  }

  get quota(): Quota {
    return { bytes: finite(this.#maxBytes), files: finite(this.#maxFiles) };
  }

  /** From now on. One below what is held refuses what would add to it, and nothing else. */
  set quota({ bytes, files }: Quota) {
    this.#maxBytes = bytes ?? Number.POSITIVE_INFINITY;
    this.#maxFiles = files ?? Number.POSITIVE_INFINITY;
  }

  /** EDQUOT unless there is room for one more object that brings so many bytes. */
  requireFile(bytes: number): void {
    if (this.#files >= this.#maxFiles) throw new FsError('EDQUOT', 'the quota of files is used up');
    this.requireBytes(bytes);
  }

  /** EDQUOT unless there is room for so many bytes more. What adds nothing is no excess. */
  requireBytes(bytes: number): void {
    if (bytes > 0 && this.#bytes + this.#underWay + bytes > this.#maxBytes) {
      throw new FsError('EDQUOT', 'the quota of bytes is used up');
    }
  }

  /** The object is in the share from now on. */
  added(inode: Inode): void {
    this.#files++;
    this.add(chargeOf(inode));
  }

  /** The object is no more in the share; its content goes soon. */
  removed(inode: Inode): void {
    this.#files--;
    this.add(-chargeOf(inode));
  }

  /** So many bytes more (or less) that are known exactly. */
  add(bytes: number): void {
    this.#bytes += bytes;
    this.#log.touch(this);
  }

  /** True where a write from `offset` on adds exactly what {@link reserve} says. */
  foresees(inode: Inode, offset: number): boolean {
    return !inode.usedIsStale && inode.used >= inode.size && offset <= inode.used;
  }

  /**
   * A write of the range is about to begin: EDQUOT where the share may not hold what that adds. `atMost` says how many bytes it stores at
   * the most, where that may be less than the range. What it answers is to be given back to {@link landed} or {@link grew}, once.
   */
  reserve(inode: Inode, offset: number, length: number, atMost?: () => number): number {
    const isBounded = this.#maxBytes < Number.POSITIVE_INFINITY;
    let most = 0;
    if (this.foresees(inode, offset)) {
      most = blocksOf(offset + length, this.#content) - inode.used;
      if (most <= 0) return NO_CHANGE;
    } else if (isBounded) most = this.#content.missing(inode.fileid, offset, length);
    else most = blocksOf(offset + length, this.#content) - blocksWithin(offset, this.#content);
    if (isBounded && atMost !== undefined) most = Math.min(most, atMost());
    this.requireBytes(most);
    this.#underWay += most;
    return most;
  }

  /** A write that was {@link foresees foreseen} has ended well, before anything else was done to the file. */
  grew(inode: Inode, reserved: number): void {
    if (reserved === NO_CHANGE) return;
    this.#underWay -= reserved;
    inode.used += reserved;
    this.add(reserved);
  }

  /** Any other has ended, well or not. */
  landed(inode: Inode, reserved: number): void {
    if (reserved === NO_CHANGE) return;
    this.#underWay -= reserved;
    this.#settleQuietly(inode, inode.used + reserved);
  }

  /** Some of what it used was given back. */
  shrank(inode: Inode): void {
    this.#settleQuietly(inode, inode.used);
  }

  /** The file has its new size; what lies beyond that is cut from its content soon. */
  cut(inode: Inode): void {
    this.#uses(inode, Math.min(inode.used, blocksOf(inode.size, this.#content)));
  }

  /**
   * Brings `used` up to date, up to what it can be: a host may count blocks in which it notes where the parts of a file lie. Throws what
   * the content store does.
   */
  settle(inode: Inode, atMost = Number.POSITIVE_INFINITY): void {
    if (inode.gone) return;
    const used = Math.min(usedBy(inode, this.#content), atMost);
    inode.usedIsStale = false;
    this.#uses(inode, used);
  }

  /** The host's space as this share has it: all that it holds plus all that it may still take is its total. */
  space(host: SpaceUsage): SpaceUsage {
    const bytesRoom = Math.max(0, this.#maxBytes - this.#bytes);
    const filesRoom = Math.max(0, this.#maxFiles - this.#files);
    // A host that bounds no files says 0 of them.
    const hostFiles = host.filesTotal > 0 ? host.filesFree : Number.POSITIVE_INFINITY;
    const bytesFree = Math.min(bytesRoom, host.bytesFree);
    const filesFree = Math.min(filesRoom, hostFiles);
    const bytes = {
      bytesTotal: this.#bytes + bytesFree,
      bytesFree,
      bytesAvailable: Math.min(bytesRoom, host.bytesAvailable),
    };
    const files = { filesTotal: this.#files + filesFree, filesFree, filesAvailable: filesFree };
    return {
      ...host,
      ...(this.#maxBytes < Number.POSITIVE_INFINITY && bytes),
      ...(this.#maxFiles < Number.POSITIVE_INFINITY && files),
    };
  }

  /** Where nobody can be told: a file that cannot be looked at counts as before. */
  #settleQuietly(inode: Inode, atMost: number): void {
    const bound = inode.usedIsStale ? Number.POSITIVE_INFINITY : atMost;
    inode.usedIsStale = true;
    try {
      this.settle(inode, bound);
    } catch {
      // The next look at its attributes tells.
    }
  }

  #uses(inode: Inode, used: number): void {
    if (used === inode.used) return;
    const more = used - inode.used;
    inode.used = used;
    this.#log.touch(inode);
    this.add(more);
  }
}

/** What the content of a file takes, up to its end: what lies beyond is about to be cut. */
export function usedBy({ fileid, size }: Inode, content: ContentStore): number {
  return Math.min(content.usage(fileid), blocksOf(size, content));
}

function blocksWithin(bytes: number, { blockBytes }: ContentStore): number {
  return Math.floor(bytes / blockBytes) * blockBytes;
}

/** Bytes of the blocks that hold so many. */
function blocksOf(bytes: number, { blockBytes }: ContentStore): number {
  return Math.ceil(bytes / blockBytes) * blockBytes;
}

/** Bytes of the quota that an object takes. */
export function chargeOf({ type, used, size, xattrBytes }: Inode): number {
  return used + xattrBytes + (type === FileType.SYMLINK ? size : 0);
}

export function encodeHeld({ bytes, files }: Held): Buffer {
  const b = Buffer.alloc(BYTES);
  b[0] = FORMAT;
  writeNumber(b, Math.max(0, bytes), 8);
  writeNumber(b, Math.max(0, files), 16);
  return b;
}

/** Undefined on bytes that this version did not write. */
export function decodeHeld(b: Buffer): Held | undefined {
  if (b.length !== BYTES || b[0] !== FORMAT) return undefined;
  return { bytes: readNumber(b, 8), files: readNumber(b, 16) };
}

function finite(value: number): number | undefined {
  return value === Number.POSITIVE_INFINITY ? undefined : value;
}
