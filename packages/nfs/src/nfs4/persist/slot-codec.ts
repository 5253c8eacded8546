import type { XdrReader } from '../../xdr/index.ts';

const MAX_REPLY = 64 * 1024 * 1024;
const HEADER = 4 * 4;

/** The last request of a slot that changed something, and its reply where that is cached. */
export interface SlotRecord {
  readonly sequenceId: number;
  readonly digest: number;
  readonly reply: Buffer | undefined;
}

/** In one piece, for it is written with every request that changes anything. */
export function encodeSlot(sequenceId: number, digest: number, reply: Uint8Array | undefined): Buffer {
  const length = reply?.length ?? 0;
  const record = Buffer.allocUnsafe(HEADER + ((length + 3) & ~3));
  record.writeUInt32BE(sequenceId, 0);
  record.writeUInt32BE(digest, 4);
  record.writeUInt32BE(reply === undefined ? 0 : 1, 8);
  record.writeUInt32BE(length, 12);
  if (reply !== undefined) {
    record.set(reply, HEADER);
    record.fill(0, HEADER + length);
  }
  return record;
}

export function decodeSlot(reader: XdrReader): SlotRecord {
  const sequenceId = reader.u32();
  const digest = reader.u32();
  const kept = reader.bool();
  const reply = Buffer.from(reader.opaque(MAX_REPLY));
  return { sequenceId, digest, reply: kept ? reply : undefined };
}
