import { after } from '../after.ts';
import { CHANGE_INFO_BYTES, type ChangeInfo, changing, writeChangeInfo } from '../change-info.ts';
import { requireDirectory } from '../checks.ts';
import type { Compound } from '../compound.ts';
import { Op, Status } from '../constants/index.ts';
import { withoutDelegationsOn } from '../delegation-conflict.ts';
import { NfsError } from '../errors.ts';
import { junctionsBelow } from '../junction.ts';
import { readName } from '../names.ts';
import type { Operation, OpResult } from '../operation.ts';

interface Move {
  readonly from: object;
  readonly oldName: string;
  readonly to: object;
  readonly newName: string;
}

function requireMovable(c: Compound, oldName: string, newName: string): Move {
  const { savedNode: from, savedExport } = c;
  if (from === undefined || savedExport === undefined) throw new NfsError(Status.NOFILEHANDLE);
  if (savedExport !== c.here) throw new NfsError(Status.XDEV);
  c.requireWritable();
  const to = c.object;
  // Another share is mounted there.
  if (junctionsBelow(c.here, from)?.has(oldName) || junctionsBelow(c.here, to)?.has(newName)) {
    throw new NfsError(Status.FILE_OPEN);
  }
  return { from, oldName, to, newName };
}

function write(c: Compound, source: ChangeInfo, target: ChangeInfo): Status {
  writeChangeInfo(c.out, source);
  writeChangeInfo(c.out, target);
  return Status.OK;
}

function move(c: Compound, m: Move, fromBefore: number, toBefore: number): OpResult {
  const { here } = c;
  return changing(
    here,
    m.to,
    toBefore,
    () => c.fs.rename(m.from, m.oldName, m.to, m.newName, c.cred),
    (_, target) =>
      after(here.fileSystem.attributes(m.from), (source) => {
        // What had to wait for one directory had to wait for both.
        const info = { atomic: target.atomic, before: fromBefore, after: source.change };
        return write(c, info, target);
      }),
  );
}

/** RFC 8881 §18.26: from the saved directory to the current one. */
export const rename: Operation = {
  op: Op.RENAME,
  minor: 1,
  needsFh: true,
  modifies: true,
  replyRoom: 2 * CHANGE_INFO_BYTES,
  run(c) {
    const oldName = readName(c.args, c.engine.limits.maxName);
    const newName = readName(c.args, c.engine.limits.maxName);
    const m = requireMovable(c, oldName, newName);
    const free = after(withoutDelegationsOn(c, c.here, m.from, oldName), () =>
      withoutDelegationsOn(c, c.here, m.to, newName),
    );
    return after(
      after(free, () => c.fs.attributes(m.from)),
      (from) => {
        requireDirectory(from);
        const fromBefore = from.change;
        return after(c.fs.attributes(m.to), (to) => {
          requireDirectory(to);
          return move(c, m, fromBefore, to.change);
        });
      },
    );
  },
};
