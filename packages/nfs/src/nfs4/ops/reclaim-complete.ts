import { Op, Status } from '../constants/index.ts';
import { clientOf } from '../io-access.ts';
import type { Operation } from '../operation.ts';

/** RFC 8881 §18.51: the client has taken back what it wants to keep; from here on it is on record as one that may hold state. */
export const reclaimComplete: Operation = {
  op: Op.RECLAIM_COMPLETE,
  minor: 1,
  needsFh: false,
  modifies: true,
  changesFiles: false,
  replyRoom: 0,
  run(c) {
    const oneFs = c.args.bool();
    const client = clientOf(c);
    if (oneFs) return c.node === undefined ? Status.NOFILEHANDLE : Status.OK;
    if (client.reclaimComplete) return Status.COMPLETE_ALREADY;
    const { grace } = c.engine.state;
    client.reclaimComplete = true;
    c.engine.state.marks.touch(client);
    grace.record(client);
    grace.completed(client);
    return Status.OK;
  },
};
