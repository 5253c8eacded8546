import { Op, Status } from '../constants/index.ts';
import { findState, requireSameFile, resolveStateid } from '../io-access.ts';
import type { Operation } from '../operation.ts';
import { StateKind } from '../state/stateids.ts';
import { readStateid } from '../stateid.ts';

/** RFC 8881 §18.6. */
export const delegreturn: Operation = {
  op: Op.DELEGRETURN,
  minor: 1,
  needsFh: true,
  modifies: true,
  changesFiles: false,
  replyRoom: 0,
  run(c) {
    const delegation = findState(c, resolveStateid(c, readStateid(c.args)));
    if (delegation.kind !== StateKind.DELEGATION) return Status.BAD_STATEID;
    requireSameFile(c, delegation.file);
    c.engine.state.delegations.giveBack(delegation);
    return Status.OK;
  },
};
