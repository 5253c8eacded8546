import type { XdrReader, XdrWriter } from '../xdr/index.ts';
import { UINT32_MAX } from './constants/index.ts';

/**
 * A stateid4 (RFC 8881 §8.2) as four words: the sequence, and "other" as server instance, kind with owner's bits, and counter.
 */
export interface Stateid {
  readonly seqid: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

export function readStateid(args: XdrReader): Stateid {
  return { seqid: args.u32(), a: args.u32(), b: args.u32(), c: args.u32() };
}

export function writeStateid(out: XdrWriter, id: Stateid): void {
  out.u32(id.seqid).u32(id.a).u32(id.b).u32(id.c);
}

export const ANONYMOUS_STATEID: Stateid = { seqid: 0, a: 0, b: 0, c: 0 };
export const READ_BYPASS_STATEID: Stateid = {
  seqid: UINT32_MAX,
  a: UINT32_MAX,
  b: UINT32_MAX,
  c: UINT32_MAX,
};
/** "The current stateid" (RFC 8881 §16.2.3.1.2). */
export const CURRENT_STATEID: Stateid = { seqid: 1, a: 0, b: 0, c: 0 };

function same(x: Stateid, y: Stateid): boolean {
  return x.seqid === y.seqid && x.a === y.a && x.b === y.b && x.c === y.c;
}

export const isAnonymous = (id: Stateid): boolean => same(id, ANONYMOUS_STATEID);
export const isReadBypass = (id: Stateid): boolean => same(id, READ_BYPASS_STATEID);
export const isCurrent = (id: Stateid): boolean => same(id, CURRENT_STATEID);

/** Special stateids have an "other" of all zeros or all ones; any seqid but theirs makes them invalid (RFC 8881 §8.2.3). */
export function isSpecialOther(id: Stateid): boolean {
  const zeros = id.a === 0 && id.b === 0 && id.c === 0;
  return zeros || (id.a === UINT32_MAX && id.b === UINT32_MAX && id.c === UINT32_MAX);
}
