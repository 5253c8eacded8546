export { AuthFlavor } from '../../rpc/message.ts';

/** Sizes that the protocol fixes (RFC 8881 §3.1). */
export const FH_SIZE = 128;
export const VERIFIER_SIZE = 8;
export const OTHER_SIZE = 12;
export const SESSION_ID_SIZE = 16;

export const UINT32_MAX = 0xffffffff;
export const UINT64_MAX = 0xffffffffffffffffn;

export const ShareAccess = { READ: 1, WRITE: 2, BOTH: 3 } as const;
export const ShareDeny = { NONE: 0, READ: 1, WRITE: 2, BOTH: 3 } as const;

/** Bits of share_access beyond the access itself (RFC 8881 §18.16.3). */
export const OpenWant = {
  DELEG_MASK: 0xff00,
  NO_PREFERENCE: 0x0000,
  READ_DELEG: 0x0100,
  WRITE_DELEG: 0x0200,
  ANY_DELEG: 0x0300,
  NO_DELEG: 0x0400,
  CANCEL: 0x0500,
  SIGNAL_WHEN_RESOURCE: 0x10000,
  PUSH_WHEN_UNCONTENDED: 0x20000,
  /** RFC 9754 §4: timestamps with a write delegation, and OPEN(XOR) results. */
  DELEG_TIMESTAMPS: 0x100000,
  OPEN_XOR_DELEGATION: 0x200000,
} as const;

export const OpenType = { NOCREATE: 0, CREATE: 1 } as const;
export const CreateMode = { UNCHECKED: 0, GUARDED: 1, EXCLUSIVE: 2, EXCLUSIVE_1: 3 } as const;

export const OpenClaim = {
  NULL: 0,
  PREVIOUS: 1,
  DELEGATE_CUR: 2,
  DELEGATE_PREV: 3,
  FH: 4,
  DELEG_CUR_FH: 5,
  DELEG_PREV_FH: 6,
} as const;

export const OpenResultFlag = {
  CONFIRM: 2,
  LOCKTYPE_POSIX: 4,
  PRESERVE_UNLINKED: 8,
  MAY_NOTIFY_LOCK: 0x20,
} as const;

export const DelegationType = { NONE: 0, READ: 1, WRITE: 2, NONE_EXT: 3 } as const;

/** why_no_delegation4 (RFC 8881 §18.16.2). */
export const WhyNoDelegation = {
  NOT_WANTED: 0,
  CONTENTION: 1,
  RESOURCE: 2,
  NOT_SUPP_FTYPE: 3,
  WRITE_DELEG_NOT_SUPP_FTYPE: 4,
  NOT_SUPP_UPGRADE: 5,
  NOT_SUPP_DOWNGRADE: 6,
  CANCELLED: 7,
  IS_DIR: 8,
} as const;

export const LockType = { READ: 1, WRITE: 2, READW: 3, WRITEW: 4 } as const;

export const ExchangeIdFlag = {
  SUPP_MOVED_REFER: 0x1,
  SUPP_MOVED_MIGR: 0x2,
  SUPP_FENCE_OPS: 0x4,
  BIND_PRINC_STATEID: 0x100,
  USE_NON_PNFS: 0x10000,
  USE_PNFS_MDS: 0x20000,
  USE_PNFS_DS: 0x40000,
  MASK_PNFS: 0x70000,
  UPD_CONFIRMED_REC_A: 0x40000000,
  CONFIRMED_R: 0x80000000,
} as const;

/** Every flag that a client may set in EXCHANGE_ID; any other is NFS4ERR_INVAL (RFC 8881 §18.35.3). */
export const EXCHANGE_ID_ARG_FLAGS =
  ExchangeIdFlag.SUPP_MOVED_REFER |
  ExchangeIdFlag.SUPP_MOVED_MIGR |
  ExchangeIdFlag.SUPP_FENCE_OPS |
  ExchangeIdFlag.BIND_PRINC_STATEID |
  ExchangeIdFlag.MASK_PNFS |
  ExchangeIdFlag.UPD_CONFIRMED_REC_A;

export const StateProtect = { NONE: 0, MACH_CRED: 1, SSV: 2 } as const;

export const CreateSessionFlag = { PERSIST: 1, CONN_BACK_CHAN: 2, CONN_RDMA: 4 } as const;

export const SequenceStatus = {
  CB_PATH_DOWN: 0x1,
  CB_GSS_CONTEXTS_EXPIRING: 0x2,
  CB_GSS_CONTEXTS_EXPIRED: 0x4,
  EXPIRED_ALL_STATE_REVOKED: 0x8,
  EXPIRED_SOME_STATE_REVOKED: 0x10,
  ADMIN_STATE_REVOKED: 0x20,
  RECALLABLE_STATE_REVOKED: 0x40,
  LEASE_MOVED: 0x80,
  RESTART_RECLAIM_NEEDED: 0x100,
  CB_PATH_DOWN_SESSION: 0x200,
  BACKCHANNEL_FAULT: 0x400,
  DEVID_CHANGED: 0x800,
  DEVID_DELETED: 0x1000,
} as const;

/** channel_dir_from_client4 and channel_dir_from_server4 (RFC 8881 §18.34). */
export const BindFromClient = { FORE: 1, BACK: 2, FORE_OR_BOTH: 3, BACK_OR_BOTH: 7 } as const;
export const BindFromServer = { FORE: 1, BACK: 2, BOTH: 3 } as const;

export const SecinfoStyle = { CURRENT_FH: 0, PARENT: 1 } as const;

export const TimeHow = { SERVER: 0, CLIENT: 1 } as const;
