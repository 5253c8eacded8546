import type { Awaitable } from '../../vfs/index.ts';
import { after } from '../after.ts';
import { requireReadableFile } from '../checks.ts';
import type { Compound } from '../compound.ts';
import { Op, Status } from '../constants/index.ts';
import { NfsError } from '../errors.ts';
import { requireIo } from '../io-access.ts';
import type { Operation } from '../operation.ts';
import { readStateid } from '../stateid.ts';
import { ContentType, seekFrom } from './seek.ts';

/** Segments of one answer: a file with more of them is read on from where the answer ends. */
const MAX_SEGMENTS = 32;
const FIXED_BYTES = 8;
const DATA_HEADER = 16;
const HOLE_BYTES = 20;
const PADDING = 3;

/** One READ_PLUS while it is answered: segments follow one another without a gap (RFC 7862 §15.10.3). */
class Answer {
  readonly #c: Compound;
  readonly #start: number;
  readonly #size: number;
  #at: number;
  readonly #end: number;
  #segments = 0;
  /** The file turned out shorter than its size was. */
  #shrunk = false;

  constructor(c: Compound, offset: number, count: number, size: number) {
    this.#c = c;
    this.#start = c.out.position;
    this.#size = size;
    this.#at = offset;
    this.#end = Math.min(offset + count, size);
    c.out.u32(0).u32(0);
  }

  /** Goes on until the range ends, or the answer is full. */
  fill(): Awaitable<Status> {
    if (this.#done()) return this.#finish();
    return after(seekFrom(this.#c, this.#at, 'data', this.#size), (data = this.#size) => {
      if (data > this.#at) this.#hole(Math.min(data, this.#end));
      if (this.#done()) return this.#finish();
      return after(seekFrom(this.#c, this.#at, 'hole', this.#size), (hole = this.#size) =>
        after(this.#data(Math.min(hole, this.#end)), () => this.fill()),
      );
    });
  }

  #done(): boolean {
    if (this.#shrunk || this.#at >= this.#end || this.#segments >= MAX_SEGMENTS) return true;
    return this.#segments > 0 && this.#c.room <= HOLE_BYTES + DATA_HEADER;
  }

  #hole(end: number): void {
    this.#c.out
      .u32(ContentType.HOLE)
      .u64(this.#at)
      .u64(end - this.#at);
    this.#segments++;
    this.#at = end;
  }

  #data(end: number): Awaitable<void> {
    const { out, fs, object, room } = this.#c;
    const count = Math.min(end - this.#at, room - DATA_HEADER - PADDING);
    if (count <= 0) throw new NfsError(this.#c.tooBig);
    const headerAt = out.position;
    out.u32(ContentType.DATA).u64(this.#at).u32(count);
    const dataAt = out.position;
    return after(fs.read(object, this.#at, out.room(count)), (got) => {
      this.#shrunk = got < count;
      this.#at += got;
      if (got === 0) {
        out.truncate(headerAt);
        return;
      }
      this.#segments++;
      out.truncate(dataAt + got);
      out.pad(got);
      out.patchU32(dataAt - 4, got);
    });
  }

  #finish(): Status {
    const { out } = this.#c;
    out.patchU32(this.#start, this.#shrunk || this.#at >= this.#size ? 1 : 0);
    out.patchU32(this.#start + 4, this.#segments);
    return Status.OK;
  }
}

/** RFC 7862 §15.10. Holes are told as such and end with the range asked for; an answer without data has no segment at all. */
export const readPlus: Operation = {
  op: Op.READ_PLUS,
  minor: 2,
  needsFh: true,
  modifies: false,
  replyRoom: FIXED_BYTES,
  run(c) {
    const id = readStateid(c.args);
    const offset = c.args.u64();
    const count = Math.min(c.args.u32(), c.engine.limits.maxReadSize);
    return after(c.attributes(), (attributes) => {
      requireReadableFile(attributes);
      // Looked at only then: whoever gave a delegation back has written first what it had.
      return after(requireIo(c, id, false), () =>
        after(c.glance(), ({ size }) => new Answer(c, offset, count, size).fill()),
      );
    });
  },
};
