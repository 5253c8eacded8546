import { Attr } from '../packages/nfs/src/client/index.ts';

/** What is asked of each object where sizes are compared: a few attributes, none that costs more than another. */
export const FEW_ATTRIBUTES: readonly number[] = [
  Attr.TYPE,
  Attr.CHANGE,
  Attr.SIZE,
  Attr.FILEID,
  Attr.MODE,
  Attr.NUMLINKS,
  Attr.TIME_MODIFY,
];
