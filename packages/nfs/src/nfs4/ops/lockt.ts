import { after } from '../after.ts';
import { Op, Status } from '../constants/index.ts';
import { clientOf } from '../io-access.ts';
import type { Operation } from '../operation.ts';
import { isExclusive } from '../state/locks.ts';
import { readLockType, requireLockable, toRange, writeDenied } from './lock-range.ts';

/** RFC 8881 §18.11: would a lock be granted? Nothing is taken, and no open is needed. */
export const lockt: Operation = {
  op: Op.LOCKT,
  minor: 1,
  needsFh: true,
  modifies: false,
  replyRoom: 0,
  run(c) {
    const type = readLockType(c.args);
    const offset = c.args.bigU64();
    const length = c.args.bigU64();
    c.args.u64(); // the session tells the client
    const owner = c.args.opaque(c.engine.limits.maxOpaque).toString('latin1');
    const { start, end } = toRange(offset, length);
    return after(requireLockable(c), () => {
      const { state } = c.engine;
      const client = clientOf(c);
      if (state.grace.active) return Status.GRACE;
      for (;;) {
        const file = state.files.find(c.here, c.object);
        const conflict = state.locks.conflict(file, client, owner, isExclusive(type), start, end);
        if (conflict === undefined) return Status.OK;
        if (state.yields(conflict.state.client)) continue;
        writeDenied(c.out, conflict);
        c.keepBody = true;
        return Status.DENIED;
      }
    });
  },
};
