import type { Awaitable } from '../../vfs/index.ts';
import { FsError } from '../../vfs/index.ts';
import { after } from '../after.ts';
import { requireDirectoryOrLink } from '../checks.ts';
import type { Compound } from '../compound.ts';
import { Op, Status } from '../constants/index.ts';
import { crossInto, junctionsBelow } from '../junction.ts';
import { readName } from '../names.ts';
import type { Operation } from '../operation.ts';

/** The type of what is no directory decides the status: only asked for when the file system has refused. */
function refused(c: Compound, error: unknown): Awaitable<never> {
  if (!(error instanceof FsError) || error.code !== 'ENOTDIR') throw error;
  return after(c.attributes(), (attributes): never => {
    requireDirectoryOrLink(attributes);
    throw error;
  });
}

function find(c: Compound, name: string): Awaitable<object> {
  try {
    const found = c.fs.lookup(c.object, c.cred, name);
    return found instanceof Promise ? found.catch((error) => refused(c, error)) : found;
  } catch (error) {
    return refused(c, error);
  }
}

/** RFC 8881 §18.13. Enters the share that covers a directory of that name. */
export const lookup: Operation = {
  op: Op.LOOKUP,
  minor: 1,
  needsFh: true,
  modifies: false,
  replyRoom: 0,
  run(c) {
    const name = readName(c.args, c.engine.limits.maxName);
    const junction = junctionsBelow(c.here, c.object)?.get(name);
    if (junction !== undefined) {
      const { target, node } = crossInto(c, junction);
      c.setCurrent(target, node);
      return Status.OK;
    }
    return after(find(c, name), (node) => {
      c.setCurrent(c.here, node);
      return Status.OK;
    });
  },
};
