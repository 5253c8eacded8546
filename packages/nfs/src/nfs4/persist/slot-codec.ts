import type { XdrReader, XdrWriter } from '../../xdr/index.ts';
import type { Slot } from '../state/slots.ts';

const MAX_REPLY = 64 * 1024 * 1024;

/** The last request of a slot that changed something, and its reply where that is cached. */
export interface SlotRecord {
  readonly sequenceId: number;
  readonly digest: number;
  readonly reply: Buffer | undefined;
}

/** The reply is what `reply` has from `start` on, if it is cached. */
export function encodeSlot(
  out: XdrWriter,
  slot: { readonly sequenceId: number; readonly digest: number },
  reply: XdrWriter | undefined,
  start: number,
): void {
  out
    .u32(slot.sequenceId)
    .u32(slot.digest)
    .bool(reply !== undefined);
  if (reply === undefined) out.u32(0);
  else {
    out.u32(reply.position - start);
    out.copyFrom(reply.buffer, reply.start + start, reply.start + reply.position);
  }
}

/**
 * The same of a slot as it is at any time. Of a request that changed nothing, or runs, there is no record: it may come again, and whatever came
 * before it is known to its client.
 */
export function encodeIdleSlot(out: XdrWriter, slot: Slot): void {
  if (!slot.recorded) {
    out
      .u32((slot.sequenceId - 1) >>> 0)
      .u32(0)
      .bool(false)
      .u32(0);
    return;
  }
  const { sequenceId, digest, replyBytes } = slot;
  out
    .u32(sequenceId)
    .u32(digest)
    .bool(replyBytes > 0)
    .u32(replyBytes);
  slot.writeReply(out);
}

export function decodeSlot(reader: XdrReader): SlotRecord {
  const sequenceId = reader.u32();
  const digest = reader.u32();
  const kept = reader.bool();
  const reply = Buffer.from(reader.opaque(MAX_REPLY));
  return { sequenceId, digest, reply: kept ? reply : undefined };
}
