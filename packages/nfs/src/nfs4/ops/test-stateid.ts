import type { Compound } from '../compound.ts';
import { Op, OTHER_SIZE, Status } from '../constants/index.ts';
import { clientOf } from '../io-access.ts';
import type { Operation } from '../operation.ts';
import { StateKind } from '../state/stateids.ts';
import { isSpecialOther, readStateid, type Stateid } from '../stateid.ts';

const STATEID_BYTES = 4 + OTHER_SIZE;
const MAX_STATEIDS = 65_536;

/** RFC 8881 §18.48: how each of some stateids stands. */
export const testStateid: Operation = {
  op: Op.TEST_STATEID,
  minor: 1,
  needsFh: false,
  modifies: false,
  replyRoom: 4,
  run(c) {
    const count = c.args.count(MAX_STATEIDS, STATEID_BYTES);
    c.out.u32(count);
    for (let i = 0; i < count; i++) c.out.u32(standing(c, readStateid(c.args)));
    return Status.OK;
  },
};

function standing(c: Compound, id: Stateid): Status {
  if (isSpecialOther(id)) return Status.BAD_STATEID;
  const entry = c.engine.state.stateids.find(id);
  if (entry === undefined || entry.client !== clientOf(c)) return Status.BAD_STATEID;
  if (entry.kind === StateKind.DELEGATION && entry.revoked) return Status.DELEG_REVOKED;
  if (id.seqid === 0 || id.seqid === entry.seqid) return Status.OK;
  return id.seqid > entry.seqid ? Status.BAD_STATEID : Status.OLD_STATEID;
}
