import { Op } from '../../nfs4/constants/index.ts';
import {
  type Hyper,
  MAX_FIELD,
  readChangeInfo,
  readList,
  readText,
  type Text,
  writeHyper,
  writeText,
} from '../codec.ts';
import { query } from '../compound.ts';

const NAME_BYTES = 4;

export const getxattr = (name: Text) =>
  query(
    Op.GETXATTR,
    (out) => writeText(out, name),
    (r) => Buffer.from(r.opaque(MAX_FIELD)),
  );

/** `mode`: XattrMode. */
export const setxattr = (name: Text, value: Uint8Array, mode = 0) =>
  query(
    Op.SETXATTR,
    (out) => {
      writeText(out.u32(mode), name);
      out.opaque(value);
    },
    readChangeInfo,
  );

export const listxattrs = (cookie: Hyper = 0, maxCount = 65_536) =>
  query(
    Op.LISTXATTRS,
    (out) => {
      writeHyper(out, cookie);
      out.u32(maxCount);
    },
    (r) => ({ cookie: r.bigU64(), names: readList(r, NAME_BYTES, () => readText(r)), eof: r.bool() }),
  );

export const removexattr = (name: Text) =>
  query(Op.REMOVEXATTR, (out) => writeText(out, name), readChangeInfo);
