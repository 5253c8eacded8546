import type { XdrReader, XdrWriter } from '../xdr/index.ts';

export const RPC_VERSION = 2;
/** Credential flavors (RFC 5531 §8.2, RFC 2203). */
export const AuthFlavor = { NONE: 0, SYS: 1, RPCSEC_GSS: 6 } as const;
export const MsgType = { CALL: 0, REPLY: 1 } as const;
export const ReplyStat = { ACCEPTED: 0, DENIED: 1 } as const;
export const AcceptStat = {
  SUCCESS: 0,
  PROG_UNAVAIL: 1,
  PROG_MISMATCH: 2,
  PROC_UNAVAIL: 3,
  GARBAGE_ARGS: 4,
  SYSTEM_ERR: 5,
} as const;
export type AcceptStat = (typeof AcceptStat)[keyof typeof AcceptStat];
export const RejectStat = { RPC_MISMATCH: 0, AUTH_ERROR: 1 } as const;
export const AuthStat = { BADCRED: 1, REJECTEDCRED: 2, BADVERF: 3, REJECTEDVERF: 4, TOOWEAK: 5 } as const;

/** Bytes of a credential's or verifier's body (RFC 5531 §8.2). */
export const MAX_AUTH_BYTES = 400;
const RECORD_MARK = 4;
const XDR_WORD = 4;

/** The header of a call behind its xid and message type (RFC 5531 §9). */
export interface CallHeader {
  readonly rpcVersion: number;
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  readonly flavor: number;
  readonly credential: Buffer;
}

/** Reads a call's header. Throws XdrError. */
export function readCallHeader(reader: XdrReader): CallHeader {
  const rpcVersion = reader.u32();
  const program = reader.u32();
  const version = reader.u32();
  const procedure = reader.u32();
  const flavor = reader.u32();
  const credential = reader.opaque(MAX_AUTH_BYTES);
  reader.u32();
  reader.opaque(MAX_AUTH_BYTES);
  return { rpcVersion, program, version, procedure, flavor, credential };
}

/** Bytes of opaque data with what fills its last word (RFC 4506 §4.9). */
export function paddedTo4(bytes: number): number {
  return Math.ceil(bytes / XDR_WORD) * XDR_WORD;
}

/** Starts an accepted reply: a place for the record mark, the header, an empty verifier. */
export function beginReply(out: XdrWriter, xid: number, stat: AcceptStat): void {
  out.u32(0).u32(xid).u32(MsgType.REPLY).u32(ReplyStat.ACCEPTED);
  out.u32(AuthFlavor.NONE).u32(0).u32(stat);
}

/** A reply that refuses the call for its RPC version or its credential. */
export function beginDenied(out: XdrWriter, xid: number): void {
  out.u32(0).u32(xid).u32(MsgType.REPLY).u32(ReplyStat.DENIED);
}

/** Starts a call. */
export function beginCall(
  out: XdrWriter,
  xid: number,
  program: number,
  version: number,
  procedure: number,
  flavor: number,
  credential: Uint8Array,
): void {
  out.u32(0).u32(xid).u32(MsgType.CALL).u32(RPC_VERSION);
  out.u32(program).u32(version).u32(procedure);
  out.u32(flavor).opaque(credential);
  out.u32(AuthFlavor.NONE).u32(0);
}

/** Fills in the record mark of a message that began at 0: one fragment, the last. It goes on with `tail` bytes that are not in memory, and their padding. */
export function endRecord(out: XdrWriter, tail = 0): void {
  out.patchU32(0, 0x80000000 | (out.position + paddedTo4(tail) - RECORD_MARK));
}
