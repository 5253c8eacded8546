import { Op, VERIFIER_SIZE } from '../../nfs4/constants/index.ts';
import { type Stateid, writeStateid } from '../../nfs4/stateid.ts';
import { Stability } from '../../vfs/file-system.ts';
import { type Hyper, MAX_FIELD, writeHyper } from '../codec.ts';
import { query } from '../compound.ts';

export const read = (stateid: Stateid, offset: Hyper, count: number) =>
  query(
    Op.READ,
    (out) => {
      writeStateid(out, stateid);
      writeHyper(out, offset);
      out.u32(count);
    },
    (r) => ({ eof: r.bool(), data: r.opaque(MAX_FIELD) }),
  );

export const write = (
  stateid: Stateid,
  offset: Hyper,
  data: Uint8Array,
  stability: number = Stability.FILE_SYNC,
) =>
  query(
    Op.WRITE,
    (out) => {
      writeStateid(out, stateid);
      writeHyper(out, offset);
      out.u32(stability).opaque(data);
    },
    (r) => ({ count: r.u32(), committed: r.u32(), verifier: Buffer.from(r.fixed(VERIFIER_SIZE)) }),
  );

/** Yields the write verifier. */
export const commit = (offset: Hyper = 0, count = 0) =>
  query(
    Op.COMMIT,
    (out) => {
      writeHyper(out, offset);
      out.u32(count);
    },
    (r) => Buffer.from(r.fixed(VERIFIER_SIZE)),
  );
