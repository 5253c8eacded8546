import { AuthFlavor } from '../nfs4/constants/index.ts';
import { XdrReader, XdrWriter } from '../xdr/index.ts';
import { RpcError, type RpcErrorCode } from './errors.ts';

export const RPC_VERSION = 2;
export const MessageType = { CALL: 0, REPLY: 1 } as const;
const ReplyStat = { ACCEPTED: 0, DENIED: 1 } as const;
const RejectStat = { RPC_MISMATCH: 0, AUTH_ERROR: 1 } as const;
/** accept_stat (RFC 5531 §9). */
export const AcceptStat = {
  SUCCESS: 0,
  PROG_UNAVAIL: 1,
  PROG_MISMATCH: 2,
  PROC_UNAVAIL: 3,
  GARBAGE_ARGS: 4,
  SYSTEM_ERR: 5,
} as const;
export type AcceptStat = (typeof AcceptStat)[keyof typeof AcceptStat];

const MAX_AUTH = 400;
const MAX_MACHINE = 255;
const MAX_GROUPS = 16;

/** A credential as the wire carries it. */
export interface RpcAuth {
  readonly flavor: number;
  readonly body: Buffer;
}

export const AUTH_NONE: RpcAuth = { flavor: AuthFlavor.NONE, body: Buffer.alloc(0) };

export interface AuthSys {
  readonly uid: number;
  readonly gid: number;
  readonly groups?: readonly number[];
  readonly machine?: string;
  readonly stamp?: number;
}

/** authsys_parms (RFC 5531, appendix A). */
export function writeAuthSys(out: XdrWriter, auth: AuthSys): void {
  const groups = auth.groups ?? [];
  out
    .u32(auth.stamp ?? 0)
    .string(auth.machine ?? 'test')
    .u32(auth.uid)
    .u32(auth.gid)
    .u32(groups.length);
  for (const group of groups) out.u32(group);
}

/** An AUTH_SYS credential. More than 16 groups or a long machine name are written as they are, for servers to refuse. */
export function authSys(auth: AuthSys): RpcAuth {
  const out = new XdrWriter();
  writeAuthSys(out, auth);
  return { flavor: AuthFlavor.SYS, body: Buffer.from(out.bytes()) };
}

export function readAuthSys(body: Buffer): Required<AuthSys> {
  const reader = new XdrReader(body);
  const stamp = reader.u32();
  const machine = reader.opaque(MAX_MACHINE).toString();
  const uid = reader.u32();
  const gid = reader.u32();
  const groups = Array.from({ length: reader.count(MAX_GROUPS) }, () => reader.u32());
  return { stamp, machine, uid, gid, groups };
}

export interface CallHeader {
  readonly xid: number;
  readonly rpcVersion?: number;
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  readonly credential?: RpcAuth;
  readonly verifier?: RpcAuth;
}

/** One RPC call as a record. */
export function encodeCall(header: CallHeader, args: Buffer): Buffer {
  const out = new XdrWriter();
  const credential = header.credential ?? AUTH_NONE;
  const verifier = header.verifier ?? AUTH_NONE;
  out
    .u32(header.xid)
    .u32(MessageType.CALL)
    .u32(header.rpcVersion ?? RPC_VERSION);
  out.u32(header.program).u32(header.version).u32(header.procedure);
  out.u32(credential.flavor).opaque(credential.body).u32(verifier.flavor).opaque(verifier.body);
  // Appended as it is: misbehaving tests send arguments that are no multiple of four bytes.
  return Buffer.concat([out.bytes(), args]);
}

export interface IncomingCall {
  readonly xid: number;
  readonly rpcVersion: number;
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  readonly credential: RpcAuth;
  readonly verifier: RpcAuth;
  /** At the arguments. */
  readonly args: XdrReader;
}

export interface IncomingReply {
  readonly xid: number;
  readonly verifier: RpcAuth;
  /** At the results, or the error that the header tells of. */
  readonly outcome: XdrReader | RpcError;
}

function readAuth(reader: XdrReader): RpcAuth {
  return { flavor: reader.u32(), body: reader.opaque(MAX_AUTH) };
}

/** A record from the peer. Throws XdrError where it is none. */
export function decodeMessage(record: Buffer): { call: IncomingCall } | { reply: IncomingReply } {
  const reader = new XdrReader(record);
  const xid = reader.u32();
  const type = reader.u32();
  if (type === MessageType.REPLY) return { reply: readReply(reader, xid) };
  if (type !== MessageType.CALL) throw new RpcError('RPC_MALFORMED', `message type ${type}`);
  return {
    call: {
      xid,
      rpcVersion: reader.u32(),
      program: reader.u32(),
      version: reader.u32(),
      procedure: reader.u32(),
      credential: readAuth(reader),
      verifier: readAuth(reader),
      args: reader,
    },
  };
}

const ACCEPT_ERRORS: Readonly<Record<number, RpcErrorCode>> = {
  [AcceptStat.PROG_UNAVAIL]: 'RPC_PROG_UNAVAIL',
  [AcceptStat.PROG_MISMATCH]: 'RPC_PROG_MISMATCH',
  [AcceptStat.PROC_UNAVAIL]: 'RPC_PROC_UNAVAIL',
  [AcceptStat.GARBAGE_ARGS]: 'RPC_GARBAGE_ARGS',
  [AcceptStat.SYSTEM_ERR]: 'RPC_SYSTEM_ERR',
};

function readReply(reader: XdrReader, xid: number): IncomingReply {
  const stat = reader.u32();
  if (stat === ReplyStat.DENIED) return { xid, verifier: AUTH_NONE, outcome: readRejection(reader) };
  if (stat !== ReplyStat.ACCEPTED) throw new RpcError('RPC_MALFORMED', `reply_stat ${stat}`);
  const verifier = readAuth(reader);
  const accepted = reader.u32();
  if (accepted === AcceptStat.SUCCESS) return { xid, verifier, outcome: reader };
  const code = ACCEPT_ERRORS[accepted];
  if (code === undefined) throw new RpcError('RPC_MALFORMED', `accept_stat ${accepted}`);
  if (code !== 'RPC_PROG_MISMATCH') return { xid, verifier, outcome: new RpcError(code) };
  const versions = { low: reader.u32(), high: reader.u32() };
  return { xid, verifier, outcome: new RpcError(code, code, { versions }) };
}

function readRejection(reader: XdrReader): RpcError {
  const why = reader.u32();
  if (why === RejectStat.RPC_MISMATCH) {
    const versions = { low: reader.u32(), high: reader.u32() };
    return new RpcError('RPC_VERS_MISMATCH', 'RPC version', { versions });
  }
  if (why !== RejectStat.AUTH_ERROR) return new RpcError('RPC_MALFORMED', `reject_stat ${why}`);
  const authStat = reader.u32();
  return new RpcError('RPC_AUTH_ERROR', `auth_stat ${authStat}`, { authStat });
}

/** A reply to a call of the server's: results, or the accept_stat of a refusal. */
export function encodeReply(xid: number, answer: Buffer | AcceptStat): Buffer {
  const out = new XdrWriter();
  out.u32(xid).u32(MessageType.REPLY).u32(ReplyStat.ACCEPTED).u32(AuthFlavor.NONE).opaque(Buffer.alloc(0));
  if (Buffer.isBuffer(answer)) return Buffer.concat([out.u32(AcceptStat.SUCCESS).bytes(), answer]);
  out.u32(answer);
  if (answer === AcceptStat.PROG_MISMATCH) out.u32(1).u32(1);
  return Buffer.from(out.bytes());
}
