import { Op, Status } from '../../nfs4/constants/index.ts';
import { readStateid, type Stateid, writeStateid } from '../../nfs4/stateid.ts';
import type { XdrReader } from '../../xdr/index.ts';
import {
  type Hyper,
  readList,
  readStateOwner,
  type StateOwner,
  writeHyper,
  writeStateOwner,
} from '../codec.ts';
import { type ClientOp, command, query } from '../compound.ts';

/** The lock in the way: the body of NFS4ERR_DENIED. */
export interface LockDenied {
  readonly offset: bigint;
  readonly length: bigint;
  readonly type: number;
  readonly owner: StateOwner;
}

function readDenied(r: XdrReader, status: Status): LockDenied | undefined {
  if (status !== Status.DENIED) return undefined;
  return { offset: r.bigU64(), length: r.bigU64(), type: r.u32(), owner: readStateOwner(r) };
}

/** locker4: the first lock of an owner comes with the open's stateid, later ones with the lock's. */
export type Locker =
  | {
      readonly openStateid: Stateid;
      readonly owner: StateOwner;
      readonly openSeqid?: number;
      readonly lockSeqid?: number;
    }
  | { readonly lockStateid: Stateid; readonly lockSeqid?: number };

export interface LockArgs {
  readonly type: number;
  readonly reclaim?: boolean;
  readonly offset: Hyper;
  readonly length: Hyper;
  readonly locker: Locker;
}

export const lock = (args: LockArgs): ClientOp<Stateid> => ({
  op: Op.LOCK,
  args: (out) => {
    out.u32(args.type).bool(args.reclaim ?? false);
    writeHyper(out, args.offset);
    writeHyper(out, args.length);
    const locker = args.locker;
    if ('lockStateid' in locker) {
      writeStateid(out.bool(false), locker.lockStateid);
      out.u32(locker.lockSeqid ?? 0);
      return;
    }
    writeStateid(out.bool(true).u32(locker.openSeqid ?? 0), locker.openStateid);
    writeStateOwner(out.u32(locker.lockSeqid ?? 0), locker.owner);
  },
  ok: readStateid,
  failed: readDenied,
});

export const lockt = (type: number, offset: Hyper, length: Hyper, owner: StateOwner): ClientOp<void> => ({
  op: Op.LOCKT,
  args: (out) => {
    out.u32(type);
    writeHyper(out, offset);
    writeHyper(out, length);
    writeStateOwner(out, owner);
  },
  ok: () => undefined,
  failed: readDenied,
});

export const locku = (stateid: Stateid, type: number, offset: Hyper, length: Hyper, seqid = 0) =>
  query(
    Op.LOCKU,
    (out) => {
      writeStateid(out.u32(type).u32(seqid), stateid);
      writeHyper(out, offset);
      writeHyper(out, length);
    },
    readStateid,
  );

/** Yields a status for each. */
export const testStateid = (stateids: readonly Stateid[]) =>
  query(
    Op.TEST_STATEID,
    (out) => {
      out.u32(stateids.length);
      for (const stateid of stateids) writeStateid(out, stateid);
    },
    (r) => readList(r, Uint32Array.BYTES_PER_ELEMENT, () => r.u32() as Status),
  );

export const freeStateid = (stateid: Stateid) =>
  command(Op.FREE_STATEID, (out) => writeStateid(out, stateid));
