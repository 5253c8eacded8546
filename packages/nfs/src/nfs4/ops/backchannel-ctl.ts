import { readCallbackSecurity } from '../callback/security.ts';
import { Op, Status } from '../constants/index.ts';
import type { Operation } from '../operation.ts';

/** RFC 8881 §18.33: the program and the credentials that callbacks are made with from now on. */
export const backchannelCtl: Operation = {
  op: Op.BACKCHANNEL_CTL,
  minor: 1,
  needsFh: false,
  modifies: true,
  changesFiles: false,
  replyRoom: 0,
  run(c) {
    const program = c.args.u32();
    const security = readCallbackSecurity(c.args);
    const { session } = c;
    if (session === undefined) return Status.OP_NOT_IN_SESSION;
    session.callbackProgram = program;
    c.engine.state.marks.touch(session);
    if (security.length > 0) session.callbackSecurity = security;
    return Status.OK;
  },
};
