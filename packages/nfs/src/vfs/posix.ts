import type { AttributeChanges, Attributes } from './attributes.ts';
import { FileType } from './attributes.ts';
import { type Credentials, inGroup } from './credentials.ts';
import { FsError } from './errors.ts';
import { AccessRight } from './file-system.ts';

/** Bits of one permission triple. */
export const Permission = { EXECUTE: 1, WRITE: 2, READ: 4 } as const;

export const ModeBit = { SET_UID: 0o4000, SET_GID: 0o2000, STICKY: 0o1000 } as const;

/** The owner, group and mode of an object: all that POSIX permission looks at. */
export type Guarded = Pick<Attributes, 'type' | 'mode' | 'uid' | 'gid'>;

const ROOT_UID = 0;

/** The triple (0 to 7) that POSIX gives `cred` on the object; root may all, but execute only what somebody may. */
export function permissions(object: Guarded, cred: Credentials): number {
  if (cred.uid === ROOT_UID) {
    const mayExecute = object.type === FileType.DIRECTORY || (object.mode & 0o111) !== 0;
    return Permission.READ | Permission.WRITE | (mayExecute ? Permission.EXECUTE : 0);
  }
  if (cred.uid === object.uid) return (object.mode >> 6) & 7;
  if (inGroup(cred, object.gid)) return (object.mode >> 3) & 7;
  return object.mode & 7;
}

/** EACCES unless `cred` has all of `wanted`. */
export function requirePermission(object: Guarded, cred: Credentials, wanted: number): void {
  if ((permissions(object, cred) & wanted) !== wanted) throw new FsError('EACCES');
}

/**
 * EACCES unless `cred` may open the object so. Who may execute a file may have it read: a program cannot be run otherwise, and the client
 * tells the two apart by ACCESS (RFC 8881 §6.2.1.3.1, ACE4_EXECUTE).
 */
export function requireOpen(object: Guarded, cred: Credentials, read: boolean, write: boolean): void {
  const may = permissions(object, cred);
  const enough = object.type === FileType.REGULAR ? Permission.READ | Permission.EXECUTE : Permission.READ;
  if ((read && (may & enough) === 0) || (write && (may & Permission.WRITE) === 0))
    throw new FsError('EACCES');
}

/** EACCES or EPERM unless the entry `victim` of `dir` may be removed or renamed away: write and search, and the sticky bit's rule. */
export function requireUnlink(dir: Guarded, victim: Guarded, cred: Credentials): void {
  requirePermission(dir, cred, Permission.WRITE | Permission.EXECUTE);
  if ((dir.mode & ModeBit.STICKY) === 0 || cred.uid === ROOT_UID) return;
  if (cred.uid !== dir.uid && cred.uid !== victim.uid) throw new FsError('EACCES');
}

/** The subset of ACCESS's rights (RFC 8881 §18.1) that the mode gives; DELETE is a directory's own write permission. */
export function accessRights(object: Guarded, cred: Credentials, asked: number): number {
  const may = permissions(object, cred);
  const isDirectory = object.type === FileType.DIRECTORY;
  let rights = 0;
  if (may & Permission.READ) rights |= AccessRight.READ | AccessRight.XATTR_READ | AccessRight.XATTR_LIST;
  if (may & Permission.WRITE) {
    rights |= AccessRight.MODIFY | AccessRight.EXTEND | AccessRight.XATTR_WRITE;
    if (isDirectory) rights |= AccessRight.DELETE;
  }
  if (may & Permission.EXECUTE) rights |= isDirectory ? AccessRight.LOOKUP : AccessRight.EXECUTE;
  return rights & asked;
}

/**
 * Checks a SETATTR by POSIX: who may change owner, group, mode and times, and what a change of owner takes from the mode.
 * Returns the mode to store, or undefined where the mode stays. EPERM, EACCES.
 */
export function checkSetAttributes(
  object: Guarded,
  cred: Credentials,
  changes: AttributeChanges,
): number | undefined {
  const isRoot = cred.uid === ROOT_UID;
  const isOwner = isRoot || cred.uid === object.uid;
  if (changes.uid !== undefined && changes.uid !== object.uid && !isRoot) throw new FsError('EPERM');
  if (changes.gid !== undefined && changes.gid !== object.gid) {
    if (!isRoot && !(isOwner && inGroup(cred, changes.gid))) throw new FsError('EPERM');
  }
  if (changes.mode !== undefined && !isOwner) throw new FsError('EPERM');
  if (changes.btime !== undefined && !isOwner) throw new FsError('EPERM');
  checkTimes(object, cred, changes, isOwner);
  if (changes.size !== undefined && !changes.sizeGranted) requirePermission(object, cred, Permission.WRITE);
  return modeAfter(object, cred, changes);
}

function checkTimes(object: Guarded, cred: Credentials, changes: AttributeChanges, isOwner: boolean): void {
  if (isOwner) return;
  const explicit = (t: AttributeChanges['atime']) => t !== undefined && t !== 'now';
  if (explicit(changes.atime) || explicit(changes.mtime)) throw new FsError('EPERM');
  if (changes.atime !== undefined || changes.mtime !== undefined) {
    requirePermission(object, cred, Permission.WRITE);
  }
}

function modeAfter(object: Guarded, cred: Credentials, changes: AttributeChanges): number | undefined {
  let mode = changes.mode ?? object.mode;
  if (changes.mode === undefined && (changes.uid !== undefined || changes.gid !== undefined)) {
    mode = withoutSetIds(object, mode);
  }
  const group = changes.gid ?? object.gid;
  if (changes.mode !== undefined && cred.uid !== ROOT_UID && !inGroup(cred, group)) mode &= ~ModeBit.SET_GID;
  return mode === object.mode && changes.mode === undefined ? undefined : mode;
}

/** A mode as it is after somebody without privilege wrote to the file, or its owner changed. Directories keep theirs. */
export function withoutSetIds(object: Guarded, mode: number): number {
  if (object.type === FileType.DIRECTORY) return mode;
  const groupExecutes = (mode & 0o010) !== 0;
  return mode & ~(groupExecutes ? ModeBit.SET_UID | ModeBit.SET_GID : ModeBit.SET_UID);
}
