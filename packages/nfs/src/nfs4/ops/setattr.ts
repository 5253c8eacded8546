import { type Attributes, type Awaitable, FileType } from '../../vfs/index.ts';
import { after } from '../after.ts';
import { isEmpty, writeBitmap } from '../attributes/bitmap.ts';
import { type DecodedChanges, readAttributeChanges } from '../attributes/decode.ts';
import type { Compound } from '../compound.ts';
import { Op, Status } from '../constants/index.ts';
import { withoutDelegations } from '../delegation-conflict.ts';
import { NfsError } from '../errors.ts';
import { requireIo, resolveStateid } from '../io-access.ts';
import type { Operation, OpResult } from '../operation.ts';
import { isSpecialOther, readStateid, type Stateid } from '../stateid.ts';

/** A bitmap4 of three words. */
const BITMAP_BYTES = 16;

/** A change of size is a write: it needs a regular file and a stateid that may write (RFC 8881 §18.30.3). */
function requireResizable(c: Compound, id: Stateid, attributes: Attributes): Awaitable<void> {
  if (attributes.type !== FileType.REGULAR) throw new NfsError(Status.INVAL);
  return requireIo(c, id, true);
}

/** Completes what the fattr4 says by what is known of the object, and sets it. */
function apply(c: Compound, id: Stateid, wanted: DecodedChanges): Awaitable<void> {
  const { changes, maskedMode } = wanted;
  if (changes.size === undefined && maskedMode === undefined) {
    return c.fs.setAttributes(c.object, c.cred, changes);
  }
  return applyTo(c, id, wanted);
}

/** The same where the object has to be looked at first. */
function applyTo(c: Compound, id: Stateid, { changes, maskedMode }: DecodedChanges): Awaitable<void> {
  return after(c.attributes(), (attributes) => {
    if (maskedMode !== undefined) {
      changes.mode = (attributes.mode & ~maskedMode.mask) | (maskedMode.value & maskedMode.mask);
    }
    if (changes.size === undefined) return c.fs.setAttributes(c.object, c.cred, changes);
    changes.sizeGranted = !isSpecialOther(resolveStateid(c, id));
    return after(requireResizable(c, id, attributes), () => c.fs.setAttributes(c.object, c.cred, changes));
  });
}

/** RFC 8881 §18.30. Its result has a bitmap of what was set, on failure too: then of nothing, for all or none is set. */
export const setattr: Operation = {
  op: Op.SETATTR,
  minor: 1,
  needsFh: false,
  modifies: true,
  replyRoom: BITMAP_BYTES,
  run(c): OpResult {
    const resultAt = c.out.position;
    c.out.u32(0);
    c.keepBody = true;
    const target = c.here;
    const id = readStateid(c.args);
    const wanted = readAttributeChanges(c, target, 'set');
    c.requireWritable();
    if (!isEmpty(wanted.mask)) {
      const free = withoutDelegations(c, target, c.object, true);
      if (free instanceof Promise) return applyLater(c, id, wanted, resultAt, free);
      const applied = apply(c, id, wanted);
      if (applied instanceof Promise) return succeedLater(c, resultAt, wanted, applied);
    }
    return succeed(c, resultAt, wanted);
  },
};

// What follows a promise stands apart: a function that makes closures takes memory for what they share each time it is called.

function applyLater(
  c: Compound,
  id: Stateid,
  wanted: DecodedChanges,
  resultAt: number,
  free: Promise<void>,
): Promise<Status> {
  return succeedLater(
    c,
    resultAt,
    wanted,
    free.then(() => apply(c, id, wanted)),
  );
}

function succeedLater(
  c: Compound,
  resultAt: number,
  wanted: DecodedChanges,
  applied: Promise<void>,
): Promise<Status> {
  return applied.then(() => succeed(c, resultAt, wanted));
}

function succeed(c: Compound, resultAt: number, wanted: DecodedChanges): Status {
  c.keepBody = false;
  c.out.truncate(resultAt);
  writeBitmap(c.out, wanted.mask);
  return Status.OK;
}
