import type { Attributes } from '../../vfs/index.ts';
import type { XdrWriter } from '../../xdr/index.ts';
import type { Plan } from './table.ts';

/** Of all file systems together: some 60,000 entries of listings. */
const RING_BYTES = 16 * 1024 * 1024;

/** The fattr4 of an object for one plan: what its attributes were, and where in the ring it lies. */
class Kept {
  plan: Plan;
  change = 0;
  size = 0;
  used = 0;
  atimeSec = 0;
  atimeNsec = 0;
  /** Counted from when the ring was first written to. */
  at = 0;
  length = 0;

  constructor(plan: Plan) {
    this.plan = plan;
  }

  /** Whatever else changes takes the change attribute along. */
  isOf(plan: Plan, a: Attributes): boolean {
    return (
      this.plan === plan &&
      this.change === a.change &&
      this.size === a.size &&
      this.used === a.used &&
      this.atimeSec === a.atimeSec &&
      this.atimeNsec === a.atimeNsec
    );
  }
}

let ring: Buffer | undefined;
/** Bytes ever written to the ring. */
let written = 0;

/** Writes the fattr4 that was kept of an object, if it has not changed since; false where there is none. */
export function writeKept(out: XdrWriter, plan: Plan, attributes: Attributes): boolean {
  const { memo } = attributes;
  if (!(memo instanceof Kept) || !memo.isOf(plan, attributes)) return false;
  if (ring === undefined || written - memo.at > RING_BYTES) return false;
  const start = memo.at % RING_BYTES;
  out.copyFrom(ring, start, start + memo.length);
  return true;
}

/** Keeps the fattr4 that `out` holds from `from` on, until others have taken its place. Only for who gives attributes a memo that is not null. */
export function keepWritten(out: XdrWriter, from: number, plan: Plan, attributes: Attributes): void {
  if (!('memo' in attributes) || attributes.memo === null) return;
  const length = out.position - from;
  if (length > RING_BYTES) return;
  ring ??= Buffer.allocUnsafeSlow(RING_BYTES);
  // In one piece: what is left at the end of a round is let be.
  if ((written % RING_BYTES) + length > RING_BYTES) written += RING_BYTES - (written % RING_BYTES);
  const kept = attributes.memo instanceof Kept ? attributes.memo : new Kept(plan);
  out.copyTo(ring.subarray(written % RING_BYTES), from);
  kept.plan = plan;
  kept.change = attributes.change;
  kept.size = attributes.size;
  kept.used = attributes.used;
  kept.atimeSec = attributes.atimeSec;
  kept.atimeNsec = attributes.atimeNsec;
  kept.at = written;
  kept.length = length;
  written += length;
  attributes.memo = kept;
}
