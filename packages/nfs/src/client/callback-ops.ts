import { CbOp, SESSION_ID_SIZE } from '../nfs4/constants/index.ts';
import { readStateid, type Stateid } from '../nfs4/stateid.ts';
import type { XdrReader } from '../xdr/index.ts';
import { MAX_FIELD, readBitmap, readList, readStateOwner, type StateOwner } from './codec.ts';
import { type Delegation, readDelegation } from './ops/open.ts';

const SESSION_LIST_BYTES = SESSION_ID_SIZE + 4;
const REFERRING_CALL_BYTES = 8;
const NOTIFY_BYTES = 8;

export interface CbSequence {
  readonly op: typeof CbOp.SEQUENCE;
  readonly sessionId: Buffer;
  readonly sequence: number;
  readonly slot: number;
  readonly highestSlot: number;
  readonly cacheThis: boolean;
  readonly referring: readonly {
    readonly sessionId: Buffer;
    readonly calls: readonly { readonly sequence: number; readonly slot: number }[];
  }[];
}
export interface CbRecall {
  readonly op: typeof CbOp.RECALL;
  readonly stateid: Stateid;
  readonly truncate: boolean;
  readonly handle: Buffer;
}
export interface CbGetattr {
  readonly op: typeof CbOp.GETATTR;
  readonly handle: Buffer;
  readonly attributes: readonly number[];
}
export interface CbNotifyLock {
  readonly op: typeof CbOp.NOTIFY_LOCK;
  readonly handle: Buffer;
  readonly owner: StateOwner;
}
export interface CbRecallSlot {
  readonly op: typeof CbOp.RECALL_SLOT;
  readonly targetHighestSlot: number;
}
export interface CbRecallAny {
  readonly op: typeof CbOp.RECALL_ANY | typeof CbOp.RECALLABLE_OBJ_AVAIL;
  readonly keep: number;
  readonly types: readonly number[];
}
export interface CbNotify {
  readonly op: typeof CbOp.NOTIFY;
  readonly stateid: Stateid;
  readonly handle: Buffer;
  readonly changes: readonly { readonly mask: readonly number[]; readonly values: Buffer }[];
}
export interface CbPushDelegation {
  readonly op: typeof CbOp.PUSH_DELEG;
  readonly handle: Buffer;
  readonly delegation: Delegation;
}
export interface CbWantsCancelled {
  readonly op: typeof CbOp.WANTS_CANCELLED;
  readonly contended: boolean;
  readonly resourced: boolean;
}
/** An operation that the client does not decode: the rest of the CB_COMPOUND is lost with it. */
export interface CbUnknown {
  readonly op: typeof CbOp.ILLEGAL;
  readonly number: number;
}

export type CallbackOp =
  | CbSequence
  | CbRecall
  | CbGetattr
  | CbNotifyLock
  | CbRecallSlot
  | CbRecallAny
  | CbNotify
  | CbPushDelegation
  | CbWantsCancelled
  | CbUnknown;

const handle = (r: XdrReader) => Buffer.from(r.opaque(MAX_FIELD));
const sessionId = (r: XdrReader) => Buffer.from(r.fixed(SESSION_ID_SIZE));

function readSequence(r: XdrReader): CbSequence {
  return {
    op: CbOp.SEQUENCE,
    sessionId: sessionId(r),
    sequence: r.u32(),
    slot: r.u32(),
    highestSlot: r.u32(),
    cacheThis: r.bool(),
    referring: readList(r, SESSION_LIST_BYTES, () => ({
      sessionId: sessionId(r),
      calls: readList(r, REFERRING_CALL_BYTES, () => ({ sequence: r.u32(), slot: r.u32() })),
    })),
  };
}

/** Reads one nfs_cb_argop4. */
export function readCallbackOp(r: XdrReader): CallbackOp {
  const op = r.u32();
  switch (op) {
    case CbOp.SEQUENCE:
      return readSequence(r);
    case CbOp.RECALL:
      return { op, stateid: readStateid(r), truncate: r.bool(), handle: handle(r) };
    case CbOp.GETATTR:
      return { op, handle: handle(r), attributes: readBitmap(r) };
    case CbOp.NOTIFY_LOCK:
      return { op, handle: handle(r), owner: readStateOwner(r) };
    case CbOp.RECALL_SLOT:
      return { op, targetHighestSlot: r.u32() };
    case CbOp.RECALL_ANY:
    case CbOp.RECALLABLE_OBJ_AVAIL:
      return { op, keep: r.u32(), types: readBitmap(r) };
    case CbOp.NOTIFY:
      return {
        op,
        stateid: readStateid(r),
        handle: handle(r),
        changes: readList(r, NOTIFY_BYTES, () => ({
          mask: readBitmap(r),
          values: Buffer.from(r.opaque(MAX_FIELD)),
        })),
      };
    case CbOp.PUSH_DELEG:
      return { op, handle: handle(r), delegation: readDelegation(r) };
    case CbOp.WANTS_CANCELLED:
      return { op, contended: r.bool(), resourced: r.bool() };
    default:
      return { op: CbOp.ILLEGAL, number: op };
  }
}
