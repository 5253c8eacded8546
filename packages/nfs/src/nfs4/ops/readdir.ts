import { after } from '../after.ts';
import { spaceFor, tableOf } from '../attributes/table.ts';
import type { Compound } from '../compound.ts';
import { Op, Status, VERIFIER_SIZE } from '../constants/index.ts';
import type { Operation } from '../operation.ts';
import { EMPTY_LISTING_BYTES, Listing } from './readdir-listing.ts';

const NO_VERIFIER = Buffer.alloc(VERIFIER_SIZE);
/** 1 and 2 are reserved for "." and ".." (RFC 8881 §18.23.3). */
const FIRST_COOKIE = 3;

/** Cookies stay good for as long as their directory lives, so the verifier is always zero. */
function cookieStatus(cookie: number, verifier: Buffer): Status {
  if (cookie === 0) return Status.OK;
  if (cookie < FIRST_COOKIE || !Number.isSafeInteger(cookie)) return Status.BAD_COOKIE;
  return verifier.equals(NO_VERIFIER) ? Status.OK : Status.NOT_SAME;
}

/** How many bytes READDIR4resok may have. */
function limit(c: Compound, maxCount: number): number {
  return Math.min(maxCount, c.engine.limits.maxReaddir, c.room);
}

/** RFC 8881 §18.23. */
export const readdir: Operation = {
  op: Op.READDIR,
  minor: 1,
  needsFh: true,
  modifies: false,
  replyRoom: EMPTY_LISTING_BYTES,
  run(c) {
    const cookie = c.args.u64();
    const verifier = c.args.fixed(VERIFIER_SIZE);
    const dirCount = c.args.u32();
    const maxCount = c.args.u32();
    const plan = tableOf(c.here, c.minor).readPlan(c.args);
    if (plan.asksWriteOnly) return Status.INVAL;
    const status = cookieStatus(cookie, verifier);
    if (status !== Status.OK) return status;
    if (maxCount < EMPTY_LISTING_BYTES) return Status.TOOSMALL;
    return after(spaceFor(c, plan, c.here), (space) => {
      const most = limit(c, maxCount);
      const listing = new Listing(c, plan, space, most, dirCount);
      const ended = listing.entries(cookie);
      return after(ended, (eof) => listing.finish(eof, most < maxCount ? c.tooBig : Status.TOOSMALL));
    });
  },
};
