import type { CommitLog } from '../log/commit-log.ts';
import { readNumber, type ShareKeys, writeNumber } from './keys.ts';

/** What a share keeps of itself. Numbers from the reserved one on have never been given out. */
export interface Superblock {
  /** 32 random bits, part of every handle, so that one of a share made anew is not taken for one of its own. */
  readonly salt: number;
  readonly rootIno: number;
  reservedIno: number;
  reservedChange: number;
  /** See numbers.ts. */
  changeFloor: number;
  /** Closed properly: the reserved numbers are exact, and nothing is left over. */
  clean: boolean;
  /** {@link FileSystem.writeVerifier}; empty in a superblock of the first format. */
  verifier: Buffer;
  /** The run of the server that had it open last: what that has left in its journal is true of this share. */
  run: Buffer;
}

const FORMAT = 2;
const BYTES = 56;
const FIRST_FORMAT = 1;
const FIRST_FORMAT_BYTES = 48;
const VERIFIER_AT = 40;
const RUN_AT = 48;
const NONE = Buffer.alloc(0);

export function loadSuperblock(log: CommitLog, keys: ShareKeys): Superblock | undefined {
  const b = log.get(keys.superblock);
  return b === undefined ? undefined : decodeSuperblock(b);
}

/** Throws on bytes that this version did not write. */
export function decodeSuperblock(b: Buffer): Superblock {
  const isFirst = b.length === FIRST_FORMAT_BYTES && b[0] === FIRST_FORMAT;
  if (!isFirst && (b.length !== BYTES || b[0] !== FORMAT)) {
    throw new Error('share: unknown form of its superblock');
  }
  return {
    clean: b[1] === 1,
    salt: b.readUInt32BE(4),
    rootIno: readNumber(b, 8),
    reservedIno: readNumber(b, 16),
    reservedChange: readNumber(b, 24),
    changeFloor: readNumber(b, 32),
    verifier: isFirst ? NONE : Buffer.from(b.subarray(VERIFIER_AT, RUN_AT)),
    run: isFirst ? NONE : Buffer.from(b.subarray(RUN_AT, BYTES)),
  };
}

export function storeSuperblock(log: CommitLog, keys: ShareKeys, superblock: Superblock): void {
  log.put(keys.superblock, encodeSuperblock(superblock));
}

export function encodeSuperblock(superblock: Superblock): Buffer {
  const b = Buffer.alloc(BYTES);
  b[0] = FORMAT;
  b[1] = superblock.clean ? 1 : 0;
  b.writeUInt32BE(superblock.salt, 4);
  writeNumber(b, superblock.rootIno, 8);
  writeNumber(b, superblock.reservedIno, 16);
  writeNumber(b, superblock.reservedChange, 24);
  writeNumber(b, superblock.changeFloor, 32);
  superblock.verifier.copy(b, VERIFIER_AT);
  superblock.run.copy(b, RUN_AT);
  return b;
}
