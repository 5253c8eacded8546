import { after } from '../after.ts';
import { encodePlan } from '../attributes/encode.ts';
import { tableOf } from '../attributes/table.ts';
import { Op, Status } from '../constants/index.ts';
import { heldAttributes } from '../holder-attributes.ts';
import type { Operation } from '../operation.ts';

/** RFC 8881 §18.7. */
export const getattr: Operation = {
  op: Op.GETATTR,
  minor: 1,
  needsFh: true,
  modifies: false,
  replyRoom: 8,
  run(c) {
    const plan = tableOf(c.here, c.minor).readPlan(c.args);
    if (plan.asksWriteOnly) return Status.INVAL;
    const held = heldAttributes(c, plan.asked);
    if (held instanceof Promise) {
      return held.then((known) =>
        after(encodePlan(c, c.here, c.object, plan, c.out, known), () => Status.OK),
      );
    }
    const written = encodePlan(c, c.here, c.object, plan, c.out);
    return written instanceof Promise ? after(written, () => Status.OK) : Status.OK;
  },
};
