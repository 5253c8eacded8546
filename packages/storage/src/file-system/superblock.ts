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
}

const FORMAT = 1;
const BYTES = 48;

export function loadSuperblock(log: CommitLog, keys: ShareKeys): Superblock | undefined {
  const b = log.get(keys.superblock);
  return b === undefined ? undefined : decodeSuperblock(b);
}

/** Throws on bytes that this version did not write. */
export function decodeSuperblock(b: Buffer): Superblock {
  if (b.length !== BYTES || b[0] !== FORMAT) throw new Error('share: unknown form of its superblock');
  return {
    clean: b[1] === 1,
    salt: b.readUInt32BE(4),
    rootIno: readNumber(b, 8),
    reservedIno: readNumber(b, 16),
    reservedChange: readNumber(b, 24),
    changeFloor: readNumber(b, 32),
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
  return b;
}
