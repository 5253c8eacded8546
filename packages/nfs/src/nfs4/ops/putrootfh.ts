import type { Compound } from '../compound.ts';
import { Op, Status } from '../constants/index.ts';
import { crossIfAdmitted } from '../junction.ts';
import type { Operation } from '../operation.ts';
import type { PseudoDirectory } from '../pseudo.ts';

/** The top of the namespace; a share may cover it. */
function toTop(c: Compound): Status {
  const top = c.engine.namespace.pseudo.fileSystem.root() as PseudoDirectory;
  const { target, node } = crossIfAdmitted(c, top);
  c.setCurrent(target, node);
  return Status.OK;
}

/** RFC 8881 §18.21. */
export const putrootfh: Operation = {
  op: Op.PUTROOTFH,
  minor: 1,
  needsFh: false,
  modifies: false,
  replyRoom: 0,
  run: toTop,
};

/** RFC 8881 §18.20: the public filehandle is the root's. */
export const putpubfh: Operation = { ...putrootfh, op: Op.PUTPUBFH };
