import { Op, Status } from '../constants/index.ts';
import type { Operation } from '../operation.ts';

/** RFC 8881 §18.28. The current stateid goes with the filehandle (§16.2.3.1.2). */
export const savefh: Operation = {
  op: Op.SAVEFH,
  minor: 1,
  needsFh: true,
  modifies: false,
  replyRoom: 0,
  run(c) {
    c.savedExport = c.export;
    c.savedNode = c.node;
    c.savedStateid = c.stateid;
    return Status.OK;
  },
};

/** RFC 8881 §18.27. */
export const restorefh: Operation = {
  op: Op.RESTOREFH,
  minor: 1,
  needsFh: false,
  modifies: false,
  replyRoom: 0,
  run(c) {
    if (c.savedExport === undefined || c.savedNode === undefined) return Status.NOFILEHANDLE;
    c.setCurrent(c.savedExport, c.savedNode);
    c.stateid = c.savedStateid;
    return Status.OK;
  },
};
