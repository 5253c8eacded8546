import type { Attributes } from '../../vfs/index.ts';
import type { XdrWriter } from '../../xdr/index.ts';
import type { Plan } from './table.ts';

/** Of all file systems together: some 60,000 entries of listings. */
const RING_BYTES = 16 * 1024 * 1024;

/** The fattr4 of an object for one plan: what its attributes were, and where in the ring it lies. */
class Kept {
  readonly plan: Plan;
  change = 0;
  size = 0;
  used = 0;
  atimeSec = 0;
  atimeNsec = 0;
  /** Counted from when the ring was first written to. */
  at = 0;
  /** 0 where the attributes were asked for once, and nothing was kept. */
  length = 0;
  /** Of another plan: a listing and GETATTR do not ask the same. */
  other: Kept | undefined;

  constructor(plan: Plan) {
    this.plan = plan;
  }

  /** Whatever else changes takes the change attribute along. */
  isOf(a: Attributes): boolean {
    return (
      this.change === a.change &&
      this.size === a.size &&
      this.used === a.used &&
      this.atimeSec === a.atimeSec &&
      this.atimeNsec === a.atimeNsec
    );
  }

  note(a: Attributes): void {
    this.change = a.change;
    this.size = a.size;
    this.used = a.used;
    this.atimeSec = a.atimeSec;
    this.atimeNsec = a.atimeNsec;
    this.length = 0;
  }
}

let ring: Buffer | undefined;
/** Bytes ever written to the ring. */
let written = 0;

function find(memo: unknown, plan: Plan): Kept | undefined {
  if (!(memo instanceof Kept)) return undefined;
  if (memo.plan === plan) return memo;
  return memo.other?.plan === plan ? memo.other : undefined;
}

/** Writes the fattr4 that was kept of an object, if it has not changed since; false where there is none. */
export function writeKept(out: XdrWriter, plan: Plan, attributes: Attributes): boolean {
  const kept = find(attributes.memo, plan);
  if (kept === undefined || kept.length === 0 || !kept.isOf(attributes)) return false;
  if (ring === undefined || written - kept.at > RING_BYTES) return false;
  const start = kept.at % RING_BYTES;
  out.copyFrom(ring, start, start + kept.length);
  return true;
}

/**
 * Keeps the fattr4 that `out` holds from `from` on, until others have taken its place: at once that of a listing, any other where it is asked for
 * again before it has changed. Only for who gives attributes a memo that is not null.
 */
export function keepWritten(out: XdrWriter, from: number, plan: Plan, attributes: Attributes): void {
  if (!('memo' in attributes) || attributes.memo === null) return;
  const known = find(attributes.memo, plan);
  const kept = known ?? added(plan, attributes);
  const isSame = known?.isOf(attributes) === true;
  kept.note(attributes);
  const length = out.position - from;
  if (length > RING_BYTES || !(isSame || plan.isListed)) return;
  ring ??= Buffer.allocUnsafeSlow(RING_BYTES);
  // In one piece: what is left at the end of a round is let be.
  if ((written % RING_BYTES) + length > RING_BYTES) written += RING_BYTES - (written % RING_BYTES);
  out.copyTo(ring.subarray(written % RING_BYTES), from);
  kept.at = written;
  kept.length = length;
  written += length;
}

function added(plan: Plan, attributes: Attributes): Kept {
  const kept = new Kept(plan);
  if (attributes.memo instanceof Kept) attributes.memo.other = kept;
  else attributes.memo = kept;
  return kept;
}
