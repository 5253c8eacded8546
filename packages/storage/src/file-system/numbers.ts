import type { CommitLog } from '../log/commit-log.ts';
import type { ShareKeys } from './keys.ts';
import { type Superblock, storeSuperblock } from './superblock.ts';

/** How many numbers are reserved at a time: far more than are given out before a reservation is committed. */
const INO_BLOCK = 2 ** 20;
const CHANGE_BLOCK = 2 ** 30;

/**
 * Inode and change numbers, never given out twice, also across a crash: the store always holds a number beyond those in use, from which
 * the next start goes on.
 *
 * A crash also loses change numbers that were shown but not yet committed. So after one every inode shows at least the number
 * that was reserved then (the floor), which is above all that were ever shown.
 */
export class Numbers {
  readonly #log: CommitLog;
  readonly #keys: ShareKeys;
  readonly #superblock: Superblock;
  #ino: number;
  #change: number;

  /** Takes note that the share is open. `superblock` stays this object's. `intact`: nothing that was shown has been lost. */
  constructor(log: CommitLog, keys: ShareKeys, superblock: Superblock, intact: boolean) {
    this.#log = log;
    this.#keys = keys;
    this.#superblock = superblock;
    if (!intact) superblock.changeFloor = superblock.reservedChange;
    this.#ino = superblock.reservedIno;
    this.#change = superblock.reservedChange + 1;
    superblock.clean = false;
    this.#reserve();
  }

  ino(): number {
    const ino = this.#ino++;
    if (ino + INO_BLOCK / 2 > this.#superblock.reservedIno) this.#reserve();
    return ino;
  }

  change(): number {
    const change = this.#change++;
    if (change + CHANGE_BLOCK / 2 > this.#superblock.reservedChange) this.#reserve();
    return change;
  }

  /** The share is closed properly by the next commit: nothing may be taken after. */
  close(): void {
    const superblock = this.#superblock;
    superblock.clean = true;
    superblock.reservedIno = this.#ino;
    superblock.reservedChange = this.#change;
    storeSuperblock(this.#log, this.#keys, superblock);
  }

  #reserve(): void {
    this.#superblock.reservedIno = this.#ino + INO_BLOCK;
    this.#superblock.reservedChange = this.#change + CHANGE_BLOCK;
    storeSuperblock(this.#log, this.#keys, this.#superblock);
  }
}
