import type { XdrWriter } from '../../xdr/index.ts';
import type { Compound } from '../compound.ts';
import {
  DelegationType,
  OpenClaim,
  OpenWant,
  ShareAccess,
  UINT64_MAX,
  WhyNoDelegation,
} from '../constants/index.ts';
import type { DelegationKind } from '../state/delegations.ts';
import type { OpenState } from '../state/opens.ts';
import { writeStateid } from '../stateid.ts';
import type { OpenArguments } from './open-arguments.ts';

/** limit_by4: NFS_LIMIT_SIZE. */
const LIMIT_SIZE = 1;

/** open_delegation4 (RFC 8881 §18.16.2): grants one where it may be had and is worth it, or says why not. */
export function writeDelegation(c: Compound, args: OpenArguments, open: OpenState, change: number): void {
  const type = wantedType(args);
  if ((args.want & OpenWant.DELEG_MASK) === OpenWant.NO_DELEG) {
    writeNone(c.out, args, false);
    return;
  }
  const { state, callbacks, settings } = c.engine;
  const wanted = (args.want & OpenWant.DELEG_MASK) !== OpenWant.NO_PREFERENCE;
  const possible = settings.delegationsEnabled && c.here.delegations && callbacks.reachable(open.client);
  if (type === undefined || !possible || !state.delegations.mayGrant(open, type, wanted)) {
    writeNone(c.out, args, possible);
    return;
  }
  const delegation = state.delegations.grant(open, type, change);
  c.out.u32(type);
  writeStateid(c.out, state.stateids.idOf(delegation));
  c.out.bool(false);
  if (type === DelegationType.WRITE) c.out.u32(LIMIT_SIZE).bigU64(UINT64_MAX);
  writeNoAccess(c.out);
}

/** The kind that such an open is worth; undefined for one that must not have any. */
function wantedType(args: OpenArguments): DelegationKind | undefined {
  const want = args.want & OpenWant.DELEG_MASK;
  if (want === OpenWant.NO_DELEG || want === OpenWant.CANCEL) return undefined;
  // A client that takes its opens back tells us of its state; it had its delegation, or asks for one later.
  const fresh = args.claim === OpenClaim.NULL || args.claim === OpenClaim.FH;
  if (!fresh) return undefined;
  if (args.access === ShareAccess.READ) return DelegationType.READ;
  // The Linux client, asked for a delegation for writing, returns it while its dirty pages are still on their way, so that who opens the file next
  // may read what was there before: only a client that asks for one gets it. It lets the holder read as well: who opened for writing alone may
  // not have that right.
  const asked = want === OpenWant.WRITE_DELEG || want === OpenWant.ANY_DELEG;
  return asked && args.access === ShareAccess.BOTH ? DelegationType.WRITE : undefined;
}

/** An nfsace4 that allows nobody anything: the client asks with ACCESS. */
function writeNoAccess(out: XdrWriter): void {
  out.u32(0).u32(0).u32(0).u32(0);
}

function writeNone(out: XdrWriter, args: OpenArguments, possible: boolean): void {
  const want = args.want & OpenWant.DELEG_MASK;
  if (want === OpenWant.NO_PREFERENCE) {
    out.u32(DelegationType.NONE);
    return;
  }
  out.u32(DelegationType.NONE_EXT);
  if (want === OpenWant.NO_DELEG) out.u32(WhyNoDelegation.NOT_WANTED);
  else if (want === OpenWant.CANCEL) out.u32(WhyNoDelegation.CANCELLED);
  else out.u32(possible ? WhyNoDelegation.CONTENTION : WhyNoDelegation.RESOURCE).bool(false);
}
