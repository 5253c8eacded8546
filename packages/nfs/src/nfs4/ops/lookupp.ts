import type { Awaitable } from '../../vfs/index.ts';
import { after } from '../after.ts';
import { requireDirectoryOrLink } from '../checks.ts';
import type { Compound } from '../compound.ts';
import { Op, Status } from '../constants/index.ts';
import { NfsError } from '../errors.ts';
import { aboveShare, crossInto, isPseudo, isRoot, type Place } from '../junction.ts';
import type { Operation } from '../operation.ts';
import type { PseudoDirectory } from '../pseudo.ts';

/** The directory above the current one, across the edge of a share. NOENT at the top; NOTDIR, SYMLINK. */
export function parentOf(c: Compound): Awaitable<Place> {
  const target = c.here;
  const node = c.object;
  if (isPseudo(target)) {
    const { up } = node as PseudoDirectory;
    if (up === undefined) throw new NfsError(Status.NOENT);
    return crossInto(c, up);
  }
  return after(c.attributes(), (attributes): Awaitable<Place> => {
    requireDirectoryOrLink(attributes);
    if (isRoot(target, node)) {
      const above = aboveShare(c, target);
      if (above === undefined) throw new NfsError(Status.NOENT);
      return above;
    }
    return after(c.fs.parent(node, c.cred), (parent) => ({ target, node: parent }));
  });
}

/** RFC 8881 §18.14. */
export const lookupp: Operation = {
  op: Op.LOOKUPP,
  minor: 1,
  needsFh: true,
  modifies: false,
  replyRoom: 0,
  run(c) {
    return after(parentOf(c), ({ target, node }) => {
      c.setCurrent(target, node);
      return Status.OK;
    });
  },
};
