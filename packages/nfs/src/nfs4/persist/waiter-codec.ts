import type { XdrReader, XdrWriter } from '../../xdr/index.ts';
import { type LockWaiter, RANGE_END } from '../state/locks.ts';

const MAX_OWNER = 64 * 1024;

/** Somebody who waits for a byte range as the journal keeps it. Whether it could be told already is not kept: it is told again. */
export interface WaiterRecord {
  readonly number: number;
  /** The number of the open that it would lock through. */
  readonly open: number;
  readonly owner: Buffer;
  readonly exclusive: boolean;
  readonly start: bigint;
  readonly end: bigint;
}

export function encodeWaiter(out: XdrWriter, waiter: LockWaiter): void {
  const { number, open, owner, exclusive, start, end } = waiter;
  out.u64(number).u32(open.number).opaque(owner);
  // As in a lock's record, 0 stands for 2^64.
  out
    .bool(exclusive)
    .bigU64(start)
    .bigU64(end === RANGE_END ? 0n : end);
}

export function decodeWaiter(reader: XdrReader): WaiterRecord {
  const number = reader.u64();
  const open = reader.u32();
  const owner = Buffer.from(reader.opaque(MAX_OWNER));
  const exclusive = reader.bool();
  const start = reader.bigU64();
  const end = reader.bigU64();
  return { number, open, owner, exclusive, start, end: end === 0n ? RANGE_END : end };
}
