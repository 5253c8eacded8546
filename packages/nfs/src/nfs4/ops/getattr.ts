import { after } from '../after.ts';
import { encodePlan } from '../attributes/encode.ts';
import { type Plan, tableOf } from '../attributes/table.ts';
import type { Compound } from '../compound.ts';
import { Op, Status } from '../constants/index.ts';
import type { HeldSize } from '../held-attributes.ts';
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
    if (held instanceof Promise) return encodeLater(c, plan, held);
    const written = encodePlan(c, c.here, c.object, plan, c.out);
    return written instanceof Promise ? written.then(ok) : Status.OK;
  },
};

/** Apart, as whatever makes closures: see Execution. */
function encodeLater(c: Compound, plan: Plan, held: Promise<HeldSize | undefined>): Promise<Status> {
  return held.then((known) => after(encodePlan(c, c.here, c.object, plan, c.out, known), ok));
}

function ok(): Status {
  return Status.OK;
}
