import { after } from '../after.ts';
import type { Compound } from '../compound.ts';
import { Op, Status } from '../constants/index.ts';
import type { Operation } from '../operation.ts';
import { xattrsOf } from './xattr-key.ts';

/** Cookie, count of names, and the eof behind them. */
const FIXED_BYTES = 8 + 4 + 4;
const EOF_BYTES = 4;

/** Writes the names behind `cookie`, which is how many came before, as far as `maxCount` bytes go. */
function write(c: Compound, names: readonly string[], cookie: number, maxCount: number): Status {
  const { out } = c;
  const start = out.position;
  const countAt = start + 8;
  const end = start + maxCount - EOF_BYTES;
  let next = Math.min(cookie, names.length);
  const first = next;
  out.u64(0).u32(0);
  while (next < names.length) {
    const at = out.position;
    out.string(names[next]!);
    if (out.position > end) {
      out.truncate(at);
      break;
    }
    next++;
  }
  const eof = next === names.length;
  if (next === first && !eof) return Status.TOOSMALL;
  out.bool(eof);
  out.patchU32(start + 4, next);
  out.patchU32(countAt, next - first);
  return Status.OK;
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
