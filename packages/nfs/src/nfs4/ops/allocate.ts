import { after } from '../after.ts';
import { requireRegularFile } from '../checks.ts';
import type { Compound } from '../compound.ts';
import { Op, Status } from '../constants/index.ts';
import { requireIo } from '../io-access.ts';
import type { Operation, OpResult } from '../operation.ts';
import { readStateid } from '../stateid.ts';

type Change = (c: Compound, offset: number, length: number, size: number) => OpResult;

/** What ALLOCATE and DEALLOCATE share: a range of a regular file, and a stateid that may write it. */
function onRange(c: Compound, change: Change): OpResult {
  const id = readStateid(c.args);
  const offset = c.args.u64();
  const length = c.args.u64();
  if (!c.fs.abilities.sparse) return Status.NOTSUPP;
  c.requireWritable();
  return after(c.attributes(), (attributes): OpResult => {
    requireRegularFile(attributes);
    const { size } = attributes;
    return after(requireIo(c, id, true), (): OpResult => {
      if (length === 0) return Status.INVAL;
      return change(c, offset, length, size);
    });
  });
}

/** RFC 7862 §15.1. */
export const allocate: Operation = {
  op: Op.ALLOCATE,
  minor: 2,
  needsFh: true,
  modifies: true,
  replyRoom: 0,
  run: (c) =>
    onRange(c, (_, offset, length) => {
      if (offset + length > c.fs.abilities.maxFileSize) return Status.FBIG;
      return after(c.fs.sparse?.allocate(c.object, offset, length, c.cred), () => Status.OK);
    }),
};

/** RFC 7862 §15.4. What lies behind the end of the file is a hole already. */
export const deallocate: Operation = {
  op: Op.DEALLOCATE,
  minor: 2,
  needsFh: true,
  modifies: true,
  replyRoom: 0,
  run: (c) =>
    onRange(c, (_, offset, length, size) => {
      if (offset >= size) return Status.OK;
      const within = Math.min(length, size - offset);
      return after(c.fs.sparse?.deallocate(c.object, offset, within, c.cred), () => Status.OK);
    }),
};
