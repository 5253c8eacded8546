import type { Attributes } from '../../vfs/index.ts';
import { after } from '../after.ts';
import { requireReadableFile } from '../checks.ts';
import type { Compound } from '../compound.ts';
import { Op, Status } from '../constants/index.ts';
import { requireIo } from '../io-access.ts';
import type { Operation, OpResult } from '../operation.ts';
import { readStateid, type Stateid } from '../stateid.ts';

const RESULT_HEADER = 8;

/** RFC 8881 §18.22. The file system reads straight into the reply, or a stretch of the file is the reply's end. */
export const read: Operation = {
  op: Op.READ,
  minor: 1,
  needsFh: true,
  modifies: false,
  replyRoom: RESULT_HEADER,
  run(c) {
    const id = readStateid(c.args);
    const offset = c.args.u64();
    const asked = c.args.u32();
    const attributes = c.glance();
    if (attributes instanceof Promise) return permittedLater(c, id, offset, asked, attributes);
    return permitted(c, id, offset, asked, attributes);
  },
};

// What follows a promise stands apart: a function that makes closures takes memory for what they share each time it is called.

function permittedLater(
  c: Compound,
  id: Stateid,
  offset: number,
  asked: number,
  attributes: Promise<Attributes>,
): Promise<Status> {
  return attributes.then((known) => permitted(c, id, offset, asked, known));
}

function readLater(c: Compound, offset: number, asked: number, waiting: Promise<void>): Promise<Status> {
  // Whoever gave a delegation back has written first what it had: the file is as long as it is now.
  return waiting.then(() => after(c.glance(), ({ size }) => readInto(c, offset, asked, size)));
}

function completeLater(
  c: Compound,
  at: number,
  offset: number,
  size: number,
  coming: Promise<number>,
): Promise<Status> {
  return coming.then((got) => complete(c, at, got, offset + got >= size));
}

function permitted(
  c: Compound,
  id: Stateid,
  offset: number,
  asked: number,
  attributes: Attributes,
): OpResult {
  requireReadableFile(attributes);
  const { size } = attributes;
  const waiting = requireIo(c, id, false);
  if (waiting instanceof Promise) return readLater(c, offset, asked, waiting);
  return readInto(c, offset, asked, size);
}

function readInto(c: Compound, offset: number, asked: number, size: number): OpResult {
  const { out } = c;
  const wanted = Math.min(asked, c.engine.limits.maxReadSize, c.room - RESULT_HEADER - 8);
  const count = Math.max(0, Math.min(wanted, size - offset));
  const { fs } = c;
  if (count > 0 && fs.stretch !== undefined && c.mayHaveTail) {
    c.tail = fs.stretch(c.object, offset, count);
    if (c.tail !== undefined) {
      out.bool(offset + count >= size).u32(count);
      return Status.OK;
    }
  }
  const at = out.position;
  out.u32(0).u32(0);
  if (count === 0) {
    out.patchU32(at, offset >= size ? 1 : 0);
    return Status.OK;
  }
  const roomAt = out.roomAt(count);
  const end = roomAt + count;
  const got =
    fs.readIn?.(c.object, offset, out.buffer, roomAt, end) ??
    fs.read(c.object, offset, out.buffer.subarray(roomAt, end));
  if (got instanceof Promise) return completeLater(c, at, offset, size, got);
  return complete(c, at, got, offset + got >= size);
}

function complete(c: Compound, at: number, got: number, eof: boolean): Status {
  const { out } = c;
  out.truncate(at + RESULT_HEADER + got);
  out.pad(got);
  out.patchU32(at, eof ? 1 : 0);
  out.patchU32(at + 4, got);
  return Status.OK;
}
