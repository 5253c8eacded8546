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

  /** The object of the handle from `start` to `end` of `buffer`. EBADHANDLE, ESTALE. */
  resolve(buffer: Buffer, start: number, end: number): Inode {
    if (end - start !== BYTES) throw new FsError('EBADHANDLE');
    const high = buffer.readUInt32BE(start);
    const generationHigh = buffer.readUInt32BE(start + GENERATION_AT);
    if (high >= HIGH_LIMIT || generationHigh >= HIGH_LIMIT) throw new FsError('EBADHANDLE');
    if (buffer.readUInt32BE(start + SALT_AT) !== this.#salt) throw new FsError('ESTALE');
    const inode = this.#inodes.get(readNumber(buffer, start));
    if (inode === undefined || inode.generation !== readNumber(buffer, start + GENERATION_AT))
      throw new FsError('ESTALE');
    return inode;
  }
}
