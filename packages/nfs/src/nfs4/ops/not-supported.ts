import { Op, Status } from '../constants/index.ts';
import type { Operation } from '../operation.ts';

/** An operation that the protocol has and dfs has not. Its arguments need not be read: the COMPOUND ends here. */
export function notSupported(op: Op, minor: 1 | 2): Operation {
  return { op, minor, needsFh: false, modifies: false, replyRoom: 0, run: () => Status.NOTSUPP };
}

/** Of NFSv4.0 alone: MUST NOT be implemented (RFC 8881 §15.2). */
const OBSOLETE: readonly Op[] = [
  Op.OPEN_CONFIRM,
  Op.RELEASE_LOCKOWNER,
  Op.RENEW,
  Op.SETCLIENTID,
  Op.SETCLIENTID_CONFIRM,
];

/** No named attributes, no pNFS, no SSV, no delegations on demand (RFC 8881 §17). */
const ABSENT: readonly Op[] = [
  Op.DELEGPURGE,
  Op.OPENATTR,
  Op.GETDEVICEINFO,
  Op.GETDEVICELIST,
  Op.LAYOUTCOMMIT,
  Op.LAYOUTGET,
  Op.LAYOUTRETURN,
  Op.SET_SSV,
  Op.WANT_DELEGATION,
];

/** No copies between servers or in the background, no pNFS, no WRITE_SAME (RFC 7862 §13). */
const ABSENT_IN_MINOR_2: readonly Op[] = [
  Op.COPY_NOTIFY,
  Op.OFFLOAD_CANCEL,
  Op.OFFLOAD_STATUS,
  Op.LAYOUTERROR,
  Op.LAYOUTSTATS,
  Op.WRITE_SAME,
];

export const NOT_SUPPORTED: readonly Operation[] = [
  ...[...OBSOLETE, ...ABSENT].map((op) => notSupported(op, 1)),
  ...ABSENT_IN_MINOR_2.map((op) => notSupported(op, 2)),
];
