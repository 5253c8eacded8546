import { type Awaitable, FsError } from '../../vfs/index.ts';
import { after } from '../after.ts';
import { requireReadableFile } from '../checks.ts';
import type { Compound } from '../compound.ts';
import { Op, Status } from '../constants/index.ts';
import { requireIo } from '../io-access.ts';
import type { Operation, OpResult } from '../operation.ts';
import { readStateid } from '../stateid.ts';

export const ContentType = { DATA: 0, HOLE: 1 } as const;

/**
 * Where data (or a hole) begins at or behind `offset`, which lies within the file; undefined where there is no more data. A file system
 * without holes is all data, and a hole at its end.
 */
export function seekFrom(
  c: Compound,
  offset: number,
  what: 'data' | 'hole',
  size: number,
): Awaitable<number | undefined> {
  const { sparse } = c.fs;
  if (sparse === undefined) return what === 'data' ? offset : size;
  const noMore = (error: unknown): undefined => {
    if (error instanceof FsError && error.code === 'ENXIO') return undefined;
    throw error;
  };
  try {
    const found = sparse.seek(c.object, offset, what);
    return found instanceof Promise ? found.catch(noMore) : found;
  } catch (error) {
    return noMore(error);
  }
}

function answer(c: Compound, eof: boolean, offset: number): Status {
  c.out.bool(eof).u64(offset);
  return Status.OK;
}

/** RFC 7862 §15.11. */
export const seek: Operation = {
  op: Op.SEEK,
  minor: 2,
  needsFh: true,
  modifies: false,
  replyRoom: 12,
  run(c) {
    const id = readStateid(c.args);
    const offset = c.args.u64();
    const what = c.args.u32();
    if (what !== ContentType.DATA && what !== ContentType.HOLE) return Status.UNION_NOTSUPP;
    return after(c.attributes(), (attributes): OpResult => {
      requireReadableFile(attributes);
      return after(requireIo(c, id, false), () =>
        after(c.glance(), ({ size }): OpResult => {
          if (offset >= size) return Status.NXIO;
          const found = seekFrom(c, offset, what === ContentType.DATA ? 'data' : 'hole', size);
          return after(found, (at) => answer(c, at === undefined || at >= size, Math.min(at ?? size, size)));
        }),
      );
    });
  },
};
