import { FsError, wordAt } from '@dfs/nfs';
import type { Inode } from './inode.ts';
import type { InodeCache } from './inode-cache.ts';
import { writeNumber } from './keys.ts';

const GENERATION_AT = 8;
const SALT_AT = 16;
const BYTES = 20;
const TWO_32 = 2 ** 32;
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
    const high = wordAt(buffer, start);
    const generationHigh = wordAt(buffer, start + GENERATION_AT);
    if (high >= HIGH_LIMIT || generationHigh >= HIGH_LIMIT) throw new FsError('EBADHANDLE');
    if (wordAt(buffer, start + SALT_AT) !== this.#salt) throw new FsError('ESTALE');
    const inode = this.#inodes.get(high * TWO_32 + wordAt(buffer, start + 4));
    const generation = generationHigh * TWO_32 + wordAt(buffer, start + GENERATION_AT + 4);
    if (inode === undefined || inode.generation !== generation) throw new FsError('ESTALE');
    return inode;
  }
}
