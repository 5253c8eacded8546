import { FsError } from '@dfs/nfs';
import type { Inode } from './inode.ts';
import type { InodeCache } from './inode-cache.ts';
import { readNumber, writeNumber } from './keys.ts';

const GENERATION_AT = 8;
const SALT_AT = 16;
const BYTES = 20;
/** The high half of a number that is exact. */
const HIGH_LIMIT = 2 ** 21;

/** Inode number, generation, and the salt of the share: 20 bytes. */
export class Handles {
  readonly #salt: number;
  readonly #inodes: InodeCache;
  readonly #scratch = Buffer.alloc(BYTES);

  constructor(salt: number, inodes: InodeCache) {
    this.#salt = salt;
    this.#inodes = inodes;
    this.#scratch.writeUInt32BE(salt, SALT_AT);
  }

  /** The same buffer every time: good until the next call. */
  of(inode: Inode): Buffer {
    writeNumber(this.#scratch, inode.fileid, 0);
    writeNumber(this.#scratch, inode.generation, GENERATION_AT);
    return this.#scratch;
  }

  resolve(handle: Buffer): Inode {
    if (handle.length !== BYTES) throw new FsError('EBADHANDLE');
    if (handle.readUInt32BE(0) >= HIGH_LIMIT || handle.readUInt32BE(GENERATION_AT) >= HIGH_LIMIT) {
      throw new FsError('EBADHANDLE');
    }
    if (handle.readUInt32BE(SALT_AT) !== this.#salt) throw new FsError('ESTALE');
    const inode = this.#inodes.get(readNumber(handle, 0));
    if (inode === undefined || inode.generation !== readNumber(handle, GENERATION_AT))
      throw new FsError('ESTALE');
    return inode;
  }
}
