import { Op, SESSION_ID_SIZE, Status } from '../constants/index.ts';
import type { Operation } from '../operation.ts';

/** RFC 8881 §18.37. On a connection of the session that it names, whatever else that connection carries. */
export const destroySession: Operation = {
  op: Op.DESTROY_SESSION,
  minor: 1,
  needsFh: false,
  modifies: true,
  changesFiles: false,
  replyRoom: 0,
  run(c) {
    const id = c.args.fixed(SESSION_ID_SIZE);
    const { state } = c.engine;
    const session = state.sessions.find(id);
    if (session === undefined) return Status.BADSESSION;
    // In the session that it destroys it must be the last, for nothing can follow (§18.37.3).
    if (c.session === session && c.index < c.count - 1) return Status.NOT_ONLY_OP;
    const running = session.busySlots - (c.session === session ? 1 : 0);
    if (running > 0) return Status.DELAY;
    const carries = c.connection.bindings.has(session) || c.connection.guestOf.has(session);
    if (c.session !== session && !carries) return Status.CONN_NOT_BOUND_TO_SESSION;
    state.sessions.destroy(session, 'destroyed');
    return Status.OK;
  },
};
