import { type Awaitable, Stability } from '../../vfs/index.ts';
import { after } from '../after.ts';
import type { Compound } from '../compound.ts';
import { Op, Status } from '../constants/index.ts';
import type { Operation, OpResult } from '../operation.ts';
import { type CopyRange, prepareCopy, readRange, requireRange } from './copy-range.ts';

/** No callback id, count, stability, verifier, two requirements. */
const RESULT_BYTES = 4 + 8 + 4 + 8 + 2 * 4;

/** One file system copies by itself where it can; all else is read and written here, one piece after the other. */
function transfer(c: Compound, range: CopyRange): Awaitable<number> {
  const { from, to, fromOffset, toOffset } = range;
  const count = Math.min(range.count, c.engine.limits.maxCopySize);
  const { fileSystem } = to.target;
  if (from.target === to.target && fileSystem.copyRange !== undefined) {
    return fileSystem.copyRange(from.node, fromOffset, to.node, toOffset, count, false, c.cred);
  }
  const piece = Buffer.allocUnsafe(Math.min(count, c.engine.limits.maxReadSize));
  const next = (done: number): Awaitable<number> => {
    if (done >= count) return done;
    const part = piece.subarray(0, Math.min(piece.length, count - done));
    return after(from.target.fileSystem.read(from.node, fromOffset + done, part), (got) => {
      if (got === 0) return done;
      const taken = part.subarray(0, got);
      const written = fileSystem.write(to.node, toOffset + done, taken, Stability.UNSTABLE, c.cred);
      return after(written, () => next(done + got));
    });
  };
  return next(0);
}

/** Written in order, at once, and to be committed like an unstable WRITE. */
function answer(c: Compound, count: number): Status {
  c.out.u32(0).u64(count).u32(Stability.UNSTABLE).fixed(c.fs.writeVerifier);
  c.out.bool(true).bool(true);
  return Status.OK;
}

/** RFC 7862 §15.2, inside this server and synchronous. A count short of what was asked sends the client for the rest. */
export const copy: Operation = {
  op: Op.COPY,
  minor: 2,
  needsFh: true,
  modifies: true,
  replyRoom: RESULT_BYTES,
  run(c): OpResult {
    const asked = readRange(c.args);
    c.args.bool();
    c.args.bool();
    if (c.args.count(c.args.remaining) > 0) return Status.OFFLOAD_DENIED;
    return after(prepareCopy(c, asked), (range) => {
      requireRange(c, range);
      // The two must be different files (§15.2.3).
      if (range.sameFile) return Status.INVAL;
      return after(transfer(c, range), (count) => answer(c, count));
    });
  },
};
