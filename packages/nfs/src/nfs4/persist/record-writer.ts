import { XdrWriter } from '../../xdr/index.ts';

const MEMORY = 8 * 1024;
/** Most records are smaller. */
const ROOM = 512;

/** Encodes records one behind the other into memory that they share: memory of its own for each costs more than to encode it. */
export class RecordWriter {
  readonly #out = new XdrWriter(0);
  #memory = Buffer.alloc(0);
  #at = 0;

  /** Where the next record is to be written. */
  begin(): XdrWriter {
    if (this.#memory.length - this.#at < ROOM) {
      this.#memory = Buffer.allocUnsafeSlow(MEMORY);
      this.#at = 0;
    }
    return this.#out.lend(this.#memory, this.#at, MEMORY);
  }

  /** What was written since: nobody writes there again. */
  end(): Buffer {
    const bytes = this.#out.bytes();
    // A large one has moved to memory that is larger than it.
    if (this.#out.buffer !== this.#memory) return Buffer.from(bytes);
    this.#at += bytes.length;
    return bytes;
  }
}
