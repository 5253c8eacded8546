import type { XdrReader, XdrWriter } from '../../xdr/index.ts';
import { type LockRange, type LockState, RANGE_END } from '../state/locks.ts';

const MAX_OWNER = 64 * 1024;
const MAX_RANGES = 1_000_000;
const RANGE_BYTES = 4 + 8 + 8;

/** The locks of one lock-owner on one file as the journal keeps them. */
export interface LockRecord {
  readonly number: number;
  readonly seqid: number;
  /** The number of the open that it locks through. */
  readonly open: number;
  readonly owner: Buffer;
  readonly ranges: readonly { readonly exclusive: boolean; readonly start: bigint; readonly end: bigint }[];
}

export function encodeLock(out: XdrWriter, lock: LockState): void {
  out.u32(lock.number).u32(lock.seqid).u32(lock.open.number).opaque(lock.owner.bytes);
  const { own } = lock;
  out.u32(own.size);
  const { only } = own;
  // Most have one.
  if (only !== undefined) encodeRange(out, only);
  else if (own.size > 0) for (const range of own) encodeRange(out, range);
}

function encodeRange(out: XdrWriter, { exclusive, start, end }: LockRange): void {
  // 2^64 does not fit: 0, which is no range's end, stands for it.
  out
    .bool(exclusive)
    .bigU64(start)
    .bigU64(end === RANGE_END ? 0n : end);
}

export function decodeLock(reader: XdrReader): LockRecord {
  const number = reader.u32();
  const seqid = reader.u32();
  const open = reader.u32();
  const owner = Buffer.from(reader.opaque(MAX_OWNER));
  const ranges = Array.from({ length: reader.count(MAX_RANGES, RANGE_BYTES) }, () => {
    const exclusive = reader.bool();
    const start = reader.bigU64();
    const end = reader.bigU64();
    return { exclusive, start, end: end === 0n ? RANGE_END : end };
  });
  return { number, seqid, open, owner, ranges };
}
