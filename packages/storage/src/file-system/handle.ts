import { FsError, LastView } from '@dfs/nfs';
import type { Inode } from './inode.ts';
import type { InodeCache } from './inode-cache.ts';

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
  readonly #view = new LastView();

  constructor(salt: number, inodes: InodeCache) {
    this.#salt = salt;
    this.#inodes = inodes;
    this.#scratch.writeUInt32BE(salt, SALT_AT);
  }

  /** The same buffer every time: good until the next call. */
  of(inode: Inode): Buffer {
    put(this.#scratch, inode.fileid, 0);
    put(this.#scratch, inode.generation, GENERATION_AT);
    return this.#scratch;
  }

  /** The object of the handle from `start` to `end` of `buffer`. EBADHANDLE, ESTALE. */
  resolve(buffer: Buffer, start: number, end: number): Inode {
    if (end - start !== BYTES) throw new FsError('EBADHANDLE');
    const view = this.#view.of(buffer);
    const high = view.getUint32(start);
    const generationHigh = view.getUint32(start + GENERATION_AT);
    if (high >= HIGH_LIMIT || generationHigh >= HIGH_LIMIT) throw new FsError('EBADHANDLE');
    if (view.getUint32(start + SALT_AT) !== this.#salt) throw new FsError('ESTALE');
    const inode = this.#inodes.get(high * TWO_32 + view.getUint32(start + 4));
    const generation = generationHigh * TWO_32 + view.getUint32(start + GENERATION_AT + 4);
    if (inode === undefined || inode.generation !== generation) throw new FsError('ESTALE');
    return inode;
  }
}

/** As `writeNumber`, without its checks: it is done for every handle that is asked for. */
function put(b: Buffer, n: number, at: number): void {
  const high = Math.floor(n / TWO_32);
  const low = n >>> 0;
  b[at] = high >>> 24;
  b[at + 1] = high >>> 16;
  b[at + 2] = high >>> 8;
  b[at + 3] = high;
  b[at + 4] = low >>> 24;
  b[at + 5] = low >>> 16;
  b[at + 6] = low >>> 8;
  b[at + 7] = low;
}
