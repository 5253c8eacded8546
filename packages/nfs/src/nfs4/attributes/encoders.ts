import type { Attributes, SpaceUsage } from '../../vfs/index.ts';
import type { XdrWriter } from '../../xdr/index.ts';
import { Attr, type Status } from '../constants/index.ts';
import type { Engine } from '../engine.ts';
import type { Export } from '../exports.ts';
import { type Bitmap, both, writeBitmap } from './bitmap.ts';
import { writeOpenArguments } from './open-arguments.ts';
import { EXCLUSIVE_CREATE_ATTRIBUTES } from './supported.ts';

/** Everything that the value of an attribute can depend on. */
export interface Subject {
  readonly engine: Engine;
  readonly target: Export;
  readonly node: object;
  readonly supported: Bitmap;
  readonly attributes: Attributes;
  /** There when an attribute of SPACE_ATTRIBUTES is asked for. */
  readonly space: SpaceUsage | undefined;
  /** The object's own fileid, or that of the directory which the root of a share covers. */
  readonly mountedOnFileid: number;
  readonly error: Status;
}

export type Encoder = (out: XdrWriter, subject: Subject) => void;

/** fh_expire_type: FH4_PERSISTENT. */
const PERSISTENT = 0;
/** aclsupport: neither ALLOW nor any other kind of ACE. */
const NO_ACLS = 0;
/** FSCHARSET_CAP4_ALLOWS_ONLY_UTF8. */
const ONLY_UTF8 = 2;
/** NFS4_CHANGE_TYPE_IS_MONOTONIC_INCR. */
const MONOTONIC_INCREASE = 0;
/** Where a file system shares any range. */
const CLONE_BLOCK_BYTES = 1;
const TIME_DELTA_NSEC = 1;
const MS_PER_SEC = 1000;
const MAX_UINT32 = 0xffffffff;

const constantBool =
  (value: boolean): Encoder =>
  (out) =>
    void out.bool(value);

const u32 =
  (value: (s: Subject) => number): Encoder =>
  (out, s) =>
    void out.u32(value(s));

const u64 =
  (value: (s: Subject) => number): Encoder =>
  (out, s) =>
    void out.u64(value(s));

const bool =
  (value: (s: Subject) => boolean): Encoder =>
  (out, s) =>
    void out.bool(value(s));

const space =
  (value: (space: SpaceUsage) => number): Encoder =>
  (out, s) =>
    void out.u64(s.space === undefined ? 0 : Math.max(0, Math.floor(value(s.space))));

/** An nfstime4. */
function time(out: XdrWriter, sec: number, nsec: number): void {
  out.i64(sec).u32(nsec);
}

/** How each attribute is written, by its number. */
export const ENCODERS: ReadonlyMap<number, Encoder> = new Map<number, Encoder>([
  [Attr.SUPPORTED_ATTRS, (out, s) => writeBitmap(out, s.supported)],
  [Attr.TYPE, u32((s) => s.attributes.type)],
  [Attr.FH_EXPIRE_TYPE, u32(() => PERSISTENT)],
  [Attr.CHANGE, u64((s) => s.attributes.change)],
  [Attr.SIZE, u64((s) => s.attributes.size)],
  [Attr.LINK_SUPPORT, bool((s) => s.target.fileSystem.abilities.hardLinks)],
  [Attr.SYMLINK_SUPPORT, bool((s) => s.target.fileSystem.abilities.symlinks)],
  [Attr.NAMED_ATTR, constantBool(false)],
  [Attr.FSID, (out, s) => void out.u64(s.target.id).u64(0)],
  [Attr.UNIQUE_HANDLES, constantBool(true)],
  [Attr.LEASE_TIME, u32((s) => Math.ceil(s.engine.state.leaseMs / MS_PER_SEC))],
  [Attr.RDATTR_ERROR, u32((s) => s.error)],
  [Attr.ACLSUPPORT, u32(() => NO_ACLS)],
  [Attr.CANSETTIME, constantBool(true)],
  [Attr.CASE_INSENSITIVE, bool((s) => s.target.fileSystem.abilities.caseInsensitive)],
  [Attr.CASE_PRESERVING, constantBool(true)],
  [Attr.CHOWN_RESTRICTED, constantBool(true)],
  [Attr.FILEHANDLE, (out, s) => s.engine.namespace.writeHandle(out, s.target, s.node)],
  [Attr.FILEID, u64((s) => s.attributes.fileid)],
  [Attr.FILES_AVAIL, space((usage) => usage.filesAvailable)],
  [Attr.FILES_FREE, space((usage) => usage.filesFree)],
  [Attr.FILES_TOTAL, space((usage) => usage.filesTotal)],
  [Attr.HOMOGENEOUS, constantBool(true)],
  [Attr.MAXFILESIZE, u64((s) => s.target.fileSystem.abilities.maxFileSize)],
  [Attr.MAXLINK, u32((s) => Math.min(s.target.fileSystem.abilities.maxLinks, MAX_UINT32))],
  [Attr.MAXNAME, u32((s) => s.engine.limits.maxName)],
  [Attr.MAXREAD, u64((s) => s.engine.limits.maxReadSize)],
  [Attr.MAXWRITE, u64((s) => s.engine.limits.maxWriteSize)],
  [Attr.MODE, u32((s) => s.attributes.mode)],
  [Attr.NO_TRUNC, constantBool(true)],
  [Attr.NUMLINKS, u32((s) => Math.min(s.attributes.nlink, MAX_UINT32))],
  [Attr.OWNER, (out, s) => void out.opaque(s.engine.owners.encode(s.attributes.uid))],
  [Attr.OWNER_GROUP, (out, s) => void out.opaque(s.engine.owners.encode(s.attributes.gid))],
  [Attr.QUOTA_AVAIL_HARD, space((usage) => usage.bytesAvailable)],
  [Attr.QUOTA_AVAIL_SOFT, space((usage) => usage.bytesAvailable)],
  [Attr.QUOTA_USED, space((usage) => usage.bytesTotal - usage.bytesFree)],
  [Attr.RAWDEV, (out, s) => void out.u32(s.attributes.rdevMajor).u32(s.attributes.rdevMinor)],
  [Attr.SPACE_AVAIL, space((usage) => usage.bytesAvailable)],
  [Attr.SPACE_FREE, space((usage) => usage.bytesFree)],
  [Attr.SPACE_TOTAL, space((usage) => usage.bytesTotal)],
  [Attr.SPACE_USED, u64((s) => s.attributes.used)],
  [Attr.TIME_ACCESS, (out, { attributes: a }) => time(out, a.atimeSec, a.atimeNsec)],
  [Attr.TIME_CREATE, (out, { attributes: a }) => time(out, a.btimeSec, a.btimeNsec)],
  [Attr.TIME_DELTA, (out) => void out.i64(0).u32(TIME_DELTA_NSEC)],
  [Attr.TIME_METADATA, (out, { attributes: a }) => time(out, a.ctimeSec, a.ctimeNsec)],
  [Attr.TIME_MODIFY, (out, { attributes: a }) => time(out, a.mtimeSec, a.mtimeNsec)],
  [Attr.MOUNTED_ON_FILEID, u64((s) => s.mountedOnFileid)],
  [Attr.SUPPATTR_EXCLCREAT, (out, s) => writeBitmap(out, both(EXCLUSIVE_CREATE_ATTRIBUTES, s.supported))],
  [Attr.FS_CHARSET_CAP, u32(() => ONLY_UTF8)],
  [Attr.OPEN_ARGUMENTS, (out) => writeOpenArguments(out)],
  [Attr.CLONE_BLKSIZE, u32((s) => s.target.fileSystem.abilities.cloneBlockBytes ?? CLONE_BLOCK_BYTES)],
  [Attr.CHANGE_ATTR_TYPE, u32(() => MONOTONIC_INCREASE)],
  [Attr.XATTR_SUPPORT, bool((s) => s.target.fileSystem.abilities.xattrs)],
]);
