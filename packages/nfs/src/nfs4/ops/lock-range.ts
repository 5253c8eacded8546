import type { Awaitable } from '../../vfs/index.ts';
import { FileType } from '../../vfs/index.ts';
import type { XdrReader, XdrWriter } from '../../xdr/index.ts';
import { after } from '../after.ts';
import type { Compound } from '../compound.ts';
import { LockType, Status, UINT64_MAX } from '../constants/index.ts';
import { NfsError } from '../errors.ts';
import { type LockRange, RANGE_END } from '../state/locks.ts';

/** A range as LOCK, LOCKT and LOCKU give it: the end exclusive. */
export interface Range {
  readonly start: bigint;
  readonly end: bigint;
}

/** Offset and length, where a length of all ones reaches to the end of the file, however far that is (RFC 8881 §18.10.3). INVAL. */
export function toRange(offset: bigint, length: bigint): Range {
  if (length === 0n) throw new NfsError(Status.INVAL);
  if (length === UINT64_MAX) return { start: offset, end: RANGE_END };
  const end = offset + length;
  if (end > UINT64_MAX) throw new NfsError(Status.INVAL);
  return { start: offset, end };
}

export function readLockType(args: XdrReader): number {
  const type = args.u32();
  if (type < LockType.READ || type > LockType.WRITEW) throw new NfsError(Status.BADXDR);
  return type;
}

/** LOCK4denied: who holds what is in the way. */
export function writeDenied(out: XdrWriter, range: LockRange): void {
  const length = range.end === RANGE_END ? UINT64_MAX : range.end - range.start;
  out.bigU64(range.start).bigU64(length);
  out.u32(range.exclusive ? LockType.WRITE : LockType.READ);
  const { client, owner } = range.state;
  out.u32(client.instance).u32(client.number).opaque(owner.bytes);
}

/** Only regular files have locks: ISDIR, SYMLINK, or WRONG_TYPE for the rest. */
export function requireLockable(c: Compound): Awaitable<void> {
  return after(c.glance(), ({ type }) => {
    if (type === FileType.REGULAR) return;
    if (type === FileType.DIRECTORY) throw new NfsError(Status.ISDIR);
    throw new NfsError(type === FileType.SYMLINK ? Status.SYMLINK : Status.WRONG_TYPE);
  });
}
