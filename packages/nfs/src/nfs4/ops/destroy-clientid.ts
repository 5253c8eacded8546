import { Op, Status } from '../constants/index.ts';
import type { Operation } from '../operation.ts';

/** RFC 8881 §18.50. */
export const destroyClientid: Operation = {
  op: Op.DESTROY_CLIENTID,
  minor: 1,
  needsFh: false,
  modifies: true,
  changesFiles: false,
  replyRoom: 0,
  run(c) {
    const instance = c.args.u32();
    const number = c.args.u32();
    const { state } = c.engine;
    const client = state.clients.find(instance, number);
    if (client === undefined) return Status.STALE_CLIENTID;
    if (client.sessions.size > 0 || client.hasState) return Status.CLIENTID_BUSY;
    state.removeClient(client, 'destroyed');
    return Status.OK;
  },
};
