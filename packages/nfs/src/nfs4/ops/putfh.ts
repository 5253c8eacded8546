import { Op, Status } from '../constants/index.ts';
import { admitted, isPseudo } from '../junction.ts';
import type { Operation } from '../operation.ts';

/** RFC 8881 §18.19. A share that does not admit the caller has no handles for it: STALE, as ACCESS is not among the operation's errors. */
export const putfh: Operation = {
  op: Op.PUTFH,
  minor: 1,
  needsFh: false,
  modifies: false,
  isBrief: true,
  replyRoom: 0,
  run(c) {
    const { namespace } = c.engine;
    const target = namespace.readHandle(c.args);
    if (!isPseudo(target) && !admitted(c, target)) return Status.STALE;
    const found = namespace.resolve(target, c.args);
    if (!(found instanceof Promise)) {
      c.setCurrent(target, found);
      return Status.OK;
    }
    return found.then((node) => {
      c.setCurrent(target, node);
      return Status.OK;
    });
  },
};
