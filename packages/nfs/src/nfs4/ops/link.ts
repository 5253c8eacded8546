import { type Attributes, FileType } from '../../vfs/index.ts';
import { after } from '../after.ts';
import { CHANGE_INFO_BYTES, changing, writeChangeInfo } from '../change-info.ts';
import { requireDirectoryOrLink } from '../checks.ts';
import type { Compound } from '../compound.ts';
import { Op, Status } from '../constants/index.ts';
import { withoutDelegations } from '../delegation-conflict.ts';
import { NfsError } from '../errors.ts';
import { readName } from '../names.ts';
import type { Operation, OpResult } from '../operation.ts';

/** What can be said before either object is looked at. */
function requireLinkable(c: Compound): object {
  if (c.savedNode === undefined) throw new NfsError(Status.NOFILEHANDLE);
  if (c.savedExport !== c.here) throw new NfsError(Status.XDEV);
  c.requireWritable();
  if (!c.fs.abilities.hardLinks) throw new NfsError(Status.NOTSUPP);
  return c.savedNode;
}

function linkInto(c: Compound, file: object, name: string, directory: Attributes): OpResult {
  requireDirectoryOrLink(directory);
  return changing(
    c.here,
    c.object,
    directory.change,
    () => c.fs.link(file, c.object, c.cred, name),
    (_, info) => {
      writeChangeInfo(c.out, info);
      return Status.OK;
    },
  );
}

/** RFC 8881 §18.9: the saved filehandle is the file, the current one the directory of the new name. */
export const link: Operation = {
  op: Op.LINK,
  minor: 1,
  needsFh: true,
  modifies: true,
  replyRoom: CHANGE_INFO_BYTES,
  run(c) {
    const name = readName(c.args, c.engine.limits.maxName);
    const file = requireLinkable(c);
    return after(c.fs.attributes(file), ({ type }): OpResult => {
      if (type === FileType.DIRECTORY) return Status.ISDIR;
      const free = withoutDelegations(c, c.here, file, true);
      return after(
        after(free, () => c.attributes()),
        (directory) => linkInto(c, file, name, directory),
      );
    });
  },
};
