import type { Compound } from '../compound.ts';
import { Op, Status } from '../constants/index.ts';
import { clientOf, findState, resolveStateid } from '../io-access.ts';
import type { Operation } from '../operation.ts';
import type { DelegationState } from '../state/delegations.ts';
import { StateKind } from '../state/stateids.ts';
import { readStateid, type Stateid } from '../stateid.ts';

/** RFC 8881 §18.38: a lock stateid that locks nothing any more, or a delegation that was revoked. */
export const freeStateid: Operation = {
  op: Op.FREE_STATEID,
  minor: 1,
  needsFh: false,
  modifies: true,
  changesFiles: false,
  replyRoom: 0,
  run(c) {
    const id = resolveStateid(c, readStateid(c.args));
    const { state } = c.engine;
    const revoked = findRevoked(c, id);
    if (revoked !== undefined) {
      state.delegations.free(revoked);
      return Status.OK;
    }
    const entry = findState(c, id);
    if (entry.kind !== StateKind.LOCK || state.locks.holdsAny(entry)) return Status.LOCKS_HELD;
    state.locks.free(entry);
    return Status.OK;
  },
};

function findRevoked(c: Compound, id: Stateid): DelegationState | undefined {
  const entry = c.engine.state.stateids.find(id);
  if (entry?.kind !== StateKind.DELEGATION || !entry.revoked || entry.client !== clientOf(c))
    return undefined;
  return entry;
}
