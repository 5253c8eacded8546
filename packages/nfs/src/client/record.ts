import type { RecordLimits } from '../rpc/record.ts';

const HEADER_BYTES = 4;
const LAST_FRAGMENT = 0x80000000;

/** What the client takes from a server. */
export const CLIENT_RECORD_LIMITS: RecordLimits = { maxRecord: 32 * 1024 * 1024, maxFragments: 65_536 };

/** The header of one fragment (RFC 5531 §11). */
export function fragmentHeader(length: number, last: boolean): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE((last ? LAST_FRAGMENT | length : length) >>> 0);
  return header;
}

/** A record as bytes on the wire: in fragments of the sizes given, the rest in a last one; in one where none are given. */
export function toFragments(record: Buffer, sizes: readonly number[] = []): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    if (at + size >= record.length) break;
    parts.push(fragmentHeader(size, false), record.subarray(at, at + size));
    at += size;
  }
  parts.push(fragmentHeader(record.length - at, true), record.subarray(at));
  return Buffer.concat(parts);
}
