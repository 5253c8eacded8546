import { crc32 } from 'node:zlib';
import type { Frames } from './frame.ts';

/** Who wrote a journal file, and when. */
export interface JournalHeader {
  /** Of the machine's start: {@link hostBootId}. */
  readonly bootId: string;
  /** Of the journal, for as long as it goes on from run to run: {@link ID_BYTES}. */
  readonly id: Buffer;
  /** Of the run of the server. */
  readonly run: Buffer;
  /** What was acknowledged is on the disk, in whole frames from the first on: it counts after a loss of power, too. */
  readonly isSynced: boolean;
}

/** The salt of the frames in a file, see {@link Frames}. */
export interface SaltedHeader extends JournalHeader {
  readonly salt: number;
}

/** Names the format as well: of one that only the process survives, and of one that is synced. */
const MAGIC = Buffer.from('dfsjrnl1', 'latin1');
const SYNCED_MAGIC = Buffer.from('dfsjrnl2', 'latin1');
export const ID_BYTES = 16;
export const RUN_BYTES = 8;
const BOOT_ID_BYTES = 64;
const ID_AT = MAGIC.length;
const RUN_AT = ID_AT + ID_BYTES;
const BOOT_ID_AT = RUN_AT + RUN_BYTES;
const SALT_BYTES = 4;
/** The end of what is kept for the boot id: in files of older servers it is 0. */
const SALT_AT = BOOT_ID_AT + BOOT_ID_BYTES - SALT_BYTES;
const CRC_AT = BOOT_ID_AT + BOOT_ID_BYTES;
export const HEADER_BYTES = CRC_AT + 4;

export function encodeHeader({ bootId, id, run, isSynced, salt }: SaltedHeader): Buffer {
  const b = Buffer.alloc(HEADER_BYTES);
  (isSynced ? SYNCED_MAGIC : MAGIC).copy(b);
  id.copy(b, ID_AT);
  run.copy(b, RUN_AT);
  b.write(bootId, BOOT_ID_AT, BOOT_ID_BYTES - SALT_BYTES - 1, 'latin1');
  b.writeUInt32BE(salt, SALT_AT);
  b.writeUInt32BE(crc32(b.subarray(0, CRC_AT)), CRC_AT);
  return b;
}

/** Undefined where the file does not begin with one. */
export function decodeHeader(file: Buffer): SaltedHeader | undefined {
  if (file.length < HEADER_BYTES) return undefined;
  const magic = file.subarray(0, MAGIC.length);
  const isSynced = magic.equals(SYNCED_MAGIC);
  if (!isSynced && !magic.equals(MAGIC)) return undefined;
  if (crc32(file.subarray(0, CRC_AT)) !== file.readUInt32BE(CRC_AT)) return undefined;
  const bootId = file.toString('latin1', BOOT_ID_AT, SALT_AT);
  return {
    bootId: bootId.slice(0, bootId.indexOf('\0')),
    id: Buffer.from(file.subarray(ID_AT, RUN_AT)),
    run: Buffer.from(file.subarray(RUN_AT, BOOT_ID_AT)),
    isSynced,
    salt: file.readUInt32BE(SALT_AT),
  };
}

/** Where its frames are. */
export function framesOf({ salt }: SaltedHeader): Frames {
  return { at: HEADER_BYTES, salt };
}
