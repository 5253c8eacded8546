import { after } from '../after.ts';
import { Op, Status } from '../constants/index.ts';
import { admitted, isPseudo } from '../junction.ts';
import type { Operation } from '../operation.ts';

/** RFC 8881 §18.19. A share that does not admit the caller has no handles for it: STALE, as ACCESS is not among the operation's errors. */
export const putfh: Operation = {
  op: Op.PUTFH,
  minor: 1,
  needsFh: false,
  modifies: false,
  replyRoom: 0,
  run(c) {
    const { target, inner } = c.engine.namespace.readHandle(c.args);
    if (!isPseudo(target) && !admitted(c, target)) return Status.STALE;
    return after(c.engine.namespace.resolve(target, inner), (node) => {
      c.setCurrent(target, node);
      return Status.OK;
    });
  },
};
