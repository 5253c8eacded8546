import type { Abilities } from '../../vfs/index.ts';
import { Attr } from '../constants/index.ts';
import { type Bitmap, bitmapOf } from './bitmap.ts';

/** What SETATTR, OPEN and CREATE may set but GETATTR and VERIFY may not ask for (RFC 8881 §5.5). */
const WRITE_ONLY: readonly Attr[] = [
  Attr.TIME_ACCESS_SET,
  Attr.TIME_MODIFY_SET,
  Attr.MODE_SET_MASKED,
  Attr.MODE_UMASK,
];

const READ_WRITE: readonly Attr[] = [Attr.SIZE, Attr.MODE, Attr.OWNER, Attr.OWNER_GROUP, Attr.TIME_CREATE];

const READ_ONLY: readonly Attr[] = [
  Attr.SUPPORTED_ATTRS,
  Attr.TYPE,
  Attr.FH_EXPIRE_TYPE,
  Attr.CHANGE,
  Attr.LINK_SUPPORT,
  Attr.SYMLINK_SUPPORT,
  Attr.NAMED_ATTR,
  Attr.FSID,
  Attr.UNIQUE_HANDLES,
  Attr.LEASE_TIME,
  Attr.RDATTR_ERROR,
  Attr.ACLSUPPORT,
  Attr.CANSETTIME,
  Attr.CASE_INSENSITIVE,
  Attr.CASE_PRESERVING,
  Attr.CHOWN_RESTRICTED,
  Attr.FILEHANDLE,
  Attr.FILEID,
  Attr.HOMOGENEOUS,
  Attr.MAXFILESIZE,
  Attr.MAXLINK,
  Attr.MAXNAME,
  Attr.MAXREAD,
  Attr.MAXWRITE,
  Attr.NO_TRUNC,
  Attr.NUMLINKS,
  Attr.RAWDEV,
  Attr.SPACE_USED,
  Attr.TIME_ACCESS,
  Attr.TIME_DELTA,
  Attr.TIME_METADATA,
  Attr.TIME_MODIFY,
  Attr.MOUNTED_ON_FILEID,
  Attr.SUPPATTR_EXCLCREAT,
  Attr.FS_CHARSET_CAP,
  Attr.OPEN_ARGUMENTS,
];

/** Attributes that ask the file system for its space. */
const SPACE: readonly Attr[] = [
  Attr.FILES_AVAIL,
  Attr.FILES_FREE,
  Attr.FILES_TOTAL,
  Attr.QUOTA_AVAIL_HARD,
  Attr.QUOTA_AVAIL_SOFT,
  Attr.QUOTA_USED,
  Attr.SPACE_AVAIL,
  Attr.SPACE_FREE,
  Attr.SPACE_TOTAL,
];

/** Those of RFC 7862, 8275 and 8276: minor version 2 alone. */
const MINOR_2: readonly Attr[] = [
  Attr.CLONE_BLKSIZE,
  Attr.CHANGE_ATTR_TYPE,
  Attr.MODE_UMASK,
  Attr.XATTR_SUPPORT,
];

export const WRITE_ONLY_ATTRIBUTES = bitmapOf(WRITE_ONLY);
export const WRITABLE_ATTRIBUTES = bitmapOf([...WRITE_ONLY, ...READ_WRITE]);
export const SPACE_ATTRIBUTES = bitmapOf(SPACE);

/**
 * What OPEN with EXCLUSIVE4_1 may set (suppattr_exclcreat). Access and modification time are not among them: the file system may keep the
 * client's verifier there until the file is in use. MODE_UMASK counts in minor version 2 alone; a Linux client that does not find it here
 * sends the mode as it is, and the umask is lost.
 */
export const EXCLUSIVE_CREATE_ATTRIBUTES = bitmapOf([
  Attr.SIZE,
  Attr.MODE,
  Attr.OWNER,
  Attr.OWNER_GROUP,
  Attr.MODE_UMASK,
]);

/** supported_attrs of a file system with these abilities. */
export function supportedAttributes(abilities: Abilities, minor: number): Bitmap {
  const later = minor >= 2 ? MINOR_2.filter((a) => a !== Attr.CLONE_BLKSIZE || abilities.copy) : [];
  const early = [...READ_ONLY, ...READ_WRITE, ...WRITE_ONLY.filter((a) => !MINOR_2.includes(a))];
  return bitmapOf([...early, ...(abilities.space ? SPACE : []), ...later]);
}
