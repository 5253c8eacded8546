import { opName, type Status, statusName } from '../nfs4/constants/index.ts';

/** A COMPOUND ended with a status other than NFS4_OK. `code` is the RFC's name: "NFS4ERR_NOENT". */
export class NfsStatusError extends Error {
  readonly code: string;
  readonly status: Status;
  /** The operation that failed and its place in the COMPOUND; -1 where the reply has no results. */
  readonly op: number;
  readonly index: number;
  /** What the failing result carries: the conflicting lock of LOCK and LOCKT, for instance. */
  readonly body: unknown;

  constructor(status: Status, op: number, index: number, body: unknown) {
    super(`${opName(op)} answered ${statusName(status)}`);
    this.name = 'NfsStatusError';
    this.code = statusName(status);
    this.status = status;
    this.op = op;
    this.index = index;
    this.body = body;
  }
}

/** Why an RPC call has no result. */
export type RpcErrorCode =
  | 'RPC_CLOSED' // the connection ended before the reply
  | 'RPC_TIMEOUT'
  | 'RPC_MALFORMED' // the peer sent what is no RPC reply
  | 'RPC_PROG_UNAVAIL'
  | 'RPC_PROG_MISMATCH'
  | 'RPC_PROC_UNAVAIL'
  | 'RPC_GARBAGE_ARGS'
  | 'RPC_SYSTEM_ERR'
  | 'RPC_VERS_MISMATCH' // the RPC version itself
  | 'RPC_AUTH_ERROR';

export class RpcError extends Error {
  readonly code: RpcErrorCode;
  /** The auth_stat of RPC_AUTH_ERROR. */
  readonly authStat: number | undefined;
  /** Lowest and highest version that the peer offers, of a mismatch. */
  readonly versions: { readonly low: number; readonly high: number } | undefined;

  constructor(
    code: RpcErrorCode,
    message: string = code,
    detail: { authStat?: number; versions?: { low: number; high: number } } = {},
  ) {
    super(message);
    this.name = 'RpcError';
    this.code = code;
    this.authStat = detail.authStat;
    this.versions = detail.versions;
  }
}
