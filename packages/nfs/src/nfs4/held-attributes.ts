import type { Attributes } from '../vfs/index.ts';

/** The size that another client's cache gives a file. */
export interface HeldSize {
  readonly size: number;
}

/** A copy of the attributes as an object of its own, whatever the file system's record is. */
export function plainAttributes(a: Attributes): Attributes {
  const { type, mode, nlink, uid, gid, size, used, fileid, change, rdevMajor, rdevMinor } = a;
  const { atimeSec, atimeNsec, mtimeSec, mtimeNsec, ctimeSec, ctimeNsec, btimeSec, btimeNsec } = a;
  const times = { atimeSec, atimeNsec, mtimeSec, mtimeNsec, ctimeSec, ctimeNsec, btimeSec, btimeNsec };
  return { type, mode, nlink, uid, gid, size, used, fileid, change, rdevMajor, rdevMinor, ...times };
}
