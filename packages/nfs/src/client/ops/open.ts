import {
  CreateMode,
  DelegationType,
  Op,
  OpenClaim,
  OpenType,
  VERIFIER_SIZE,
  WhyNoDelegation,
} from '../../nfs4/constants/index.ts';
import { readStateid, type Stateid, writeStateid } from '../../nfs4/stateid.ts';
import type { XdrReader, XdrWriter } from '../../xdr/index.ts';
import { type Ace, type AttributeArgs, writeAttributes } from '../attributes.ts';
import {
  readBitmap,
  readChangeInfo,
  readText,
  type StateOwner,
  type Text,
  type Time,
  writeBitmap,
  writeStateOwner,
  writeText,
  writeTime,
} from '../codec.ts';
import { command, query } from '../compound.ts';

/** createhow4. */
export type CreateHow =
  | {
      readonly mode: typeof CreateMode.UNCHECKED | typeof CreateMode.GUARDED;
      readonly attributes?: AttributeArgs;
    }
  | { readonly mode: typeof CreateMode.EXCLUSIVE; readonly verifier: Uint8Array }
  | {
      readonly mode: typeof CreateMode.EXCLUSIVE_1;
      readonly verifier: Uint8Array;
      readonly attributes?: AttributeArgs;
    };

/** open_claim4. */
export type Claim =
  | { readonly claim: typeof OpenClaim.NULL | typeof OpenClaim.DELEGATE_PREV; readonly name: Text }
  | { readonly claim: typeof OpenClaim.PREVIOUS; readonly delegation: number }
  | { readonly claim: typeof OpenClaim.DELEGATE_CUR; readonly stateid: Stateid; readonly name: Text }
  | { readonly claim: typeof OpenClaim.FH | typeof OpenClaim.DELEG_PREV_FH }
  | { readonly claim: typeof OpenClaim.DELEG_CUR_FH; readonly stateid: Stateid };

export interface OpenArgs {
  /** With the bits of OpenWant. */
  readonly access: number;
  readonly deny?: number;
  readonly owner: StateOwner;
  /** OPEN4_NOCREATE where absent. */
  readonly create?: CreateHow;
  readonly claim: Claim;
  readonly seqid?: number;
}

function writeHow(out: XdrWriter, how: CreateHow): void {
  out.u32(how.mode);
  switch (how.mode) {
    case CreateMode.UNCHECKED:
    case CreateMode.GUARDED:
      writeAttributes(out, how.attributes ?? {});
      return;
    case CreateMode.EXCLUSIVE:
      out.fixed(how.verifier);
      return;
    case CreateMode.EXCLUSIVE_1:
      out.fixed(how.verifier);
      writeAttributes(out, how.attributes ?? {});
  }
}

function writeClaim(out: XdrWriter, claim: Claim): void {
  out.u32(claim.claim);
  switch (claim.claim) {
    case OpenClaim.NULL:
    case OpenClaim.DELEGATE_PREV:
      writeText(out, claim.name);
      return;
    case OpenClaim.PREVIOUS:
      out.u32(claim.delegation);
      return;
    case OpenClaim.DELEGATE_CUR:
      writeStateid(out, claim.stateid);
      writeText(out, claim.name);
      return;
    case OpenClaim.DELEG_CUR_FH:
      writeStateid(out, claim.stateid);
      return;
    case OpenClaim.FH:
    case OpenClaim.DELEG_PREV_FH:
  }
}

/** open_delegation4. */
export type Delegation =
  | { readonly type: typeof DelegationType.NONE }
  | {
      readonly type: typeof DelegationType.READ;
      readonly stateid: Stateid;
      readonly recall: boolean;
      readonly permissions: Ace;
    }
  | {
      readonly type: typeof DelegationType.WRITE;
      readonly stateid: Stateid;
      readonly recall: boolean;
      readonly spaceLimit: bigint;
      readonly permissions: Ace;
    }
  | { readonly type: typeof DelegationType.NONE_EXT; readonly why: number; readonly promise?: boolean };

const LIMIT_BY_SIZE = 1;

function readAce(r: XdrReader): Ace {
  return { type: r.u32(), flag: r.u32(), mask: r.u32(), who: readText(r) };
}

function readSpaceLimit(r: XdrReader): bigint {
  if (r.u32() === LIMIT_BY_SIZE) return r.bigU64();
  return BigInt(r.u32()) * BigInt(r.u32());
}

export function readDelegation(r: XdrReader): Delegation {
  const type = r.u32();
  switch (type) {
    case DelegationType.NONE:
      return { type };
    case DelegationType.READ:
      return { type, stateid: readStateid(r), recall: r.bool(), permissions: readAce(r) };
    case DelegationType.WRITE:
      return {
        type,
        stateid: readStateid(r),
        recall: r.bool(),
        spaceLimit: readSpaceLimit(r),
        permissions: readAce(r),
      };
    case DelegationType.NONE_EXT: {
      const why = r.u32();
      const promises = why === WhyNoDelegation.CONTENTION || why === WhyNoDelegation.RESOURCE;
      return promises ? { type, why, promise: r.bool() } : { type, why };
    }
    default:
      throw new RangeError(`open_delegation_type4 ${type}`);
  }
}

export const open = (args: OpenArgs) =>
  query(
    Op.OPEN,
    (out) => {
      out
        .u32(args.seqid ?? 0)
        .u32(args.access)
        .u32(args.deny ?? 0);
      writeStateOwner(out, args.owner);
      if (args.create === undefined) out.u32(OpenType.NOCREATE);
      else writeHow(out.u32(OpenType.CREATE), args.create);
      writeClaim(out, args.claim);
    },
    (r) => ({
      stateid: readStateid(r),
      change: readChangeInfo(r),
      flags: r.u32(),
      set: readBitmap(r),
      delegation: readDelegation(r),
    }),
  );

export const close = (stateid: Stateid, seqid = 0) =>
  query(Op.CLOSE, (out) => writeStateid(out.u32(seqid), stateid), readStateid);

export const openDowngrade = (stateid: Stateid, access: number, deny: number, seqid = 0) =>
  query(
    Op.OPEN_DOWNGRADE,
    (out) => {
      writeStateid(out, stateid);
      out.u32(seqid).u32(access).u32(deny);
    },
    readStateid,
  );

export const delegreturn = (stateid: Stateid) => command(Op.DELEGRETURN, (out) => writeStateid(out, stateid));
export const delegpurge = (clientId: bigint) => command(Op.DELEGPURGE, (out) => out.bigU64(clientId));

/** deleg_claim4: a claim without a name. */
export const wantDelegation = (
  want: number,
  claim: { readonly claim: number; readonly delegation?: number },
) =>
  query(
    Op.WANT_DELEGATION,
    (out) => {
      out.u32(want).u32(claim.claim);
      if (claim.claim === OpenClaim.PREVIOUS) out.u32(claim.delegation ?? DelegationType.NONE);
    },
    readDelegation,
  );

export interface DirDelegationArgs {
  readonly signal?: boolean;
  readonly notifications?: readonly number[];
  readonly childDelay?: Time;
  readonly dirDelay?: Time;
  readonly childAttributes?: readonly number[];
  readonly dirAttributes?: readonly number[];
}

export interface DirDelegation {
  readonly verifier: Buffer;
  readonly stateid: Stateid;
  readonly notifications: readonly number[];
  readonly childAttributes: readonly number[];
  readonly dirAttributes: readonly number[];
}

const GDD4_OK = 0;
const NO_DELAY: Time = { sec: 0, nsec: 0 };

/** Yields the delegation, or for GDD4_UNAVAIL whether the server will signal when there is one. */
export const getDirDelegation = (args: DirDelegationArgs = {}) =>
  query(
    Op.GET_DIR_DELEGATION,
    (out) => {
      out.bool(args.signal ?? false);
      writeBitmap(out, args.notifications ?? []);
      writeTime(out, args.childDelay ?? NO_DELAY);
      writeTime(out, args.dirDelay ?? NO_DELAY);
      writeBitmap(out, args.childAttributes ?? []);
      writeBitmap(out, args.dirAttributes ?? []);
    },
    (r): DirDelegation | { readonly unavailable: true; readonly willSignal: boolean } => {
      if (r.u32() !== GDD4_OK) return { unavailable: true, willSignal: r.bool() };
      return {
        verifier: Buffer.from(r.fixed(VERIFIER_SIZE)),
        stateid: readStateid(r),
        notifications: readBitmap(r),
        childAttributes: readBitmap(r),
        dirAttributes: readBitmap(r),
      };
    },
  );
