import { after } from '../after.ts';
import type { Compound } from '../compound.ts';
import { Op, Status } from '../constants/index.ts';
import type { Operation } from '../operation.ts';
import { xattrsOf } from './xattr-key.ts';

/** Cookie, count of names, and the eof behind them. */
const FIXED_BYTES = 8 + 4 + 4;
const EOF_BYTES = 4;

interface Placed {
  readonly name: string;
  readonly place: number;
}

const TWO_32 = 2 ** 32;
const LOW_BITS = 20;
const FNV_START = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const OTHER_START = 0x2545f491;
const OTHER_PRIME = 0x5bd1e995;

/** Where a name stands in a listing of several pages, 1 to 2^52: of itself alone, so that others may come and go between the pages. */
function placeOf(name: string): number {
  let high = FNV_START;
  let low = OTHER_START;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    high = Math.imul(high ^ code, FNV_PRIME);
    low = Math.imul(low ^ code, OTHER_PRIME);
    low ^= low >>> 13;
  }
  return (high >>> 0) * 2 ** LOW_BITS + (low >>> (32 - LOW_BITS)) + 1;
}

/** Those behind `cookie`, the place of the last one before. */
function placed(names: readonly string[], cookie: number): Placed[] {
  return names
    .map((name) => ({ name, place: placeOf(name) }))
    .filter(({ place }) => place > cookie)
    .sort((a, b) => a.place - b.place);
}

/** Writes as many names as `maxCount` bytes hold; those of one place go together, as a cookie cannot tell them apart. */
function writePage(c: Compound, all: readonly Placed[], cookie: number, maxCount: number): Status {
  const { out } = c;
  const start = out.position;
  const end = start + maxCount - EOF_BYTES;
  let last = cookie;
  let written = 0;
  out.u64(0).u32(0);
  while (written < all.length) {
    const at = out.position;
    const { place } = all[written]!;
    let next = written;
    for (; all[next]?.place === place; next++) out.string(all[next]!.name);
    if (out.position > end) {
      out.truncate(at);
      break;
    }
    last = place;
    written = next;
  }
  const eof = written === all.length;
  if (written === 0 && !eof) return Status.TOOSMALL;
  out.bool(eof);
  out.patchU32(start, Math.floor(last / TWO_32));
  out.patchU32(start + 4, last >>> 0);
  out.patchU32(start + 8, written);
  return Status.OK;
}

/** All in one page: in the file system's order, and no place is needed to go on from. */
function writeAll(c: Compound, names: readonly string[], maxCount: number): boolean {
  const { out } = c;
  const start = out.position;
  const end = start + maxCount - EOF_BYTES;
  out.u64(0).u32(names.length);
  for (const name of names) {
    out.string(name);
    if (out.position > end) {
      out.truncate(start);
      return false;
    }
  }
  out.bool(true);
  return true;
}

function write(c: Compound, names: readonly string[], cookie: number, maxCount: number): Status {
  if (cookie === 0 && writeAll(c, names, maxCount)) return Status.OK;
  return writePage(c, placed(names, cookie), cookie, maxCount);
}

/** RFC 8276 §8.4.3. lxa_maxcount bounds the whole of LISTXATTRS4resok. */
export const listxattrs: Operation = {
  op: Op.LISTXATTRS,
  minor: 2,
  needsFh: true,
  modifies: false,
  replyRoom: FIXED_BYTES,
  run(c) {
    const cookie = c.args.u64();
    const maxCount = Math.min(c.args.u32(), c.room);
    if (maxCount < FIXED_BYTES) return Status.TOOSMALL;
    return after(xattrsOf(c).list(c.object, c.cred), (names) => write(c, names, cookie, maxCount));
  },
};
