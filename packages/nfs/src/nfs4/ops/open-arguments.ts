import type { AttributeChanges } from '../../vfs/index.ts';
import type { XdrReader } from '../../xdr/index.ts';
import { type Bitmap, EMPTY_BITMAP } from '../attributes/bitmap.ts';
import { readAttributeChanges } from '../attributes/decode.ts';
import type { Compound } from '../compound.ts';
import {
  CreateMode,
  OpenClaim,
  OpenType,
  ShareAccess,
  ShareDeny,
  Status,
  VERIFIER_SIZE,
} from '../constants/index.ts';
import { NfsError } from '../errors.ts';
import { NO_NAME, readWireName, type WireName } from '../names.ts';
import { readStateid, type Stateid } from '../stateid.ts';

type Claim = (typeof OpenClaim)[keyof typeof OpenClaim];

/** createhow4. */
export type Creation =
  | {
      readonly mode: typeof CreateMode.UNCHECKED | typeof CreateMode.GUARDED;
      readonly changes: AttributeChanges;
      readonly mask: Bitmap;
    }
  | {
      readonly mode: typeof CreateMode.EXCLUSIVE | typeof CreateMode.EXCLUSIVE_1;
      readonly verifier: Buffer;
      readonly changes: AttributeChanges;
      readonly mask: Bitmap;
    };

/** OPEN4args, decoded and checked for values that no OPEN may have. */
export interface OpenArguments {
  readonly access: number;
  readonly deny: number;
  /** share_access as it came, with the bits about delegations. */
  readonly want: number;
  readonly ownerKey: string;
  readonly creation: Creation | undefined;
  readonly claim: Claim;
  /** Where in the request the name stands, not yet checked; {@link NO_NAME} where the claim has none. */
  readonly name: WireName;
  readonly delegation: Stateid | undefined;
}

export function readOpenArguments(c: Compound): OpenArguments {
  const { args } = c;
  args.u32(); // seqid, unused since 4.1
  const want = args.u32();
  const deny = args.u32();
  args.u64(); // the session tells the client
  const ownerLength = args.length(c.engine.limits.maxOpaque);
  const ownerAt = args.offset(ownerLength);
  const ownerKey = args.buffer.toString('latin1', ownerAt, ownerAt + ownerLength);
  const creation = readOpenHow(c);
  const { claim, name, delegation } = readClaim(args);
  const access = want & ShareAccess.BOTH;
  if (access === 0 || deny > ShareDeny.BOTH) throw new NfsError(Status.INVAL);
  if (creation !== undefined && claim !== OpenClaim.NULL && claim !== OpenClaim.DELEGATE_CUR) {
    throw new NfsError(Status.INVAL);
  }
  return { access, deny, want, ownerKey, creation, claim, name, delegation };
}

function readOpenHow(c: Compound): Creation | undefined {
  const { args } = c;
  const type = args.u32();
  if (type === OpenType.NOCREATE) return undefined;
  if (type !== OpenType.CREATE) throw new NfsError(Status.BADXDR);
  const mode = args.u32();
  switch (mode) {
    case CreateMode.UNCHECKED:
    case CreateMode.GUARDED:
      return { mode, ...readAttributeChanges(c, c.here) };
    case CreateMode.EXCLUSIVE:
      return { mode, verifier: args.fixed(VERIFIER_SIZE), changes: {}, mask: EMPTY_BITMAP };
    case CreateMode.EXCLUSIVE_1: {
      const verifier = args.fixed(VERIFIER_SIZE);
      return { mode, verifier, ...readAttributeChanges(c, c.here) };
    }
    default:
      throw new NfsError(Status.BADXDR);
  }
}

function readClaim(args: XdrReader): { claim: Claim; name: WireName; delegation: Stateid | undefined } {
  const claim = args.u32();
  switch (claim) {
    case OpenClaim.NULL:
    case OpenClaim.DELEGATE_PREV:
      return { claim, name: readWireName(args), delegation: undefined };
    case OpenClaim.PREVIOUS:
      args.u32(); // the delegation held before, of which there was none
      return { claim, name: NO_NAME, delegation: undefined };
    case OpenClaim.DELEGATE_CUR: {
      const delegation = readStateid(args);
      return { claim, name: readWireName(args), delegation };
    }
    case OpenClaim.FH:
    case OpenClaim.DELEG_PREV_FH:
      return { claim, name: NO_NAME, delegation: undefined };
    case OpenClaim.DELEG_CUR_FH:
      return { claim, name: NO_NAME, delegation: readStateid(args) };
    default:
      throw new NfsError(Status.BADXDR);
  }
}
