/**
 * Who calls, after squashing (RFC 5531 §8, AUTH_SYS). Frozen for the length of a COMPOUND; a file system may keep it as a key
 * of identity, never as a record of its own.
 */
export interface Credentials {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups, at most 16 (AUTH_SYS's bound). */
  readonly groups: readonly number[];
}

/** True where `cred` is in `gid`, by its primary or a supplementary group. */
export function inGroup(cred: Credentials, gid: number): boolean {
  return cred.gid === gid || cred.groups.includes(gid);
}
