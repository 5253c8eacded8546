import { after } from '../after.ts';
import { Op, Status } from '../constants/index.ts';
import type { Operation, OpResult } from '../operation.ts';
import { prepareCopy, readRange, requireRange } from './copy-range.ts';

/** RFC 7862 §15.13: all at once and with shared storage, so only the file system can. */
export const clone: Operation = {
  op: Op.CLONE,
  minor: 2,
  needsFh: true,
  modifies: true,
  replyRoom: 0,
  run(c): OpResult {
    const asked = readRange(c.args);
    if (c.savedExport !== undefined && c.savedExport !== c.here) return Status.XDEV;
    return after(prepareCopy(c, asked), (range): OpResult => {
      requireRange(c, range);
      const { from, to, fromOffset, toOffset, count } = range;
      const apart = fromOffset + count <= toOffset || toOffset + count <= fromOffset;
      if (range.sameFile && !apart) return Status.INVAL;
      if (!c.fs.abilities.copy) return Status.NOTSUPP;
      if (count === 0) return Status.OK;
      const cloned = c.fs.copyRange?.(from.node, fromOffset, to.node, toOffset, count, true, c.cred);
      return after(cloned, (done) => (done === count ? Status.OK : Status.IO));
    });
  },
};
