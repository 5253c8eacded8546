import {
  type AttributeChanges,
  type Credentials,
  checkSetAttributes,
  FileType,
  FsError,
  type Guarded,
  ModeBit,
  type NewObject,
  Permission,
  requirePermission,
} from '@dfs/nfs';
import { applyTimes, checkTimes } from './attributes.ts';
import { type Core, modified, nsecOf, requireDirectory, secOf } from './core.ts';
import { requireSize } from './data.ts';
import { putEntry, requireFreeName } from './directory-index.ts';
import { Inode } from './inode.ts';

/** What a new object gets where the caller says nothing. */
const DEFAULT_MODE = 0o644;
const DEFAULT_DIRECTORY_MODE = 0o755;
const DEFAULT_LINK_MODE = 0o777;
const MODE_BITS = 0o7777;

/** Makes a regular file or anything else; everything is checked before anything changes. */
export function createObject(
  core: Core,
  dir: Inode,
  cred: Credentials,
  name: string,
  object: NewObject | { readonly type: typeof FileType.REGULAR },
  attributes: AttributeChanges,
): Inode {
  core.guard.checkChange();
  requireDirectory(dir);
  requirePermission(dir, cred, Permission.WRITE | Permission.EXECUTE);
  requireFreeName(core, dir, name);
  if (object.type === FileType.DIRECTORY && dir.nlink >= core.limits.maxLinks) throw new FsError('EMLINK');
  const guarded = guardOf(dir, cred, object.type, attributes);
  if (object.type === FileType.SYMLINK) requireTarget(core, object.target);
  if (attributes.size !== undefined && object.type === FileType.REGULAR) requireSize(core, attributes.size);
  checkTimes(attributes);
  core.usage.requireFile(object.type === FileType.SYMLINK ? object.target.length : 0);

  const now = core.now();
  const inode = newInode(core, guarded, now);
  if (attributes.size !== undefined && inode.isFile) inode.size = attributes.size;
  applyTimes(inode, attributes, now);
  describe(core, inode, object);
  if (inode.isDirectory) {
    inode.parent = dir.fileid;
    dir.nlink++;
  }
  putEntry(core, dir, name, inode.fileid);
  modified(core, dir, now);
  core.inodes.add(inode);
  core.log.touch(inode);
  core.usage.added(inode);
  core.log.urge();
  return inode;
}

/** Owner, group and mode of the new object, checked: EPERM. */
function guardOf(dir: Inode, cred: Credentials, type: FileType, attributes: AttributeChanges): Guarded {
  const inherits = (dir.mode & ModeBit.SET_GID) !== 0;
  const isDirectory = type === FileType.DIRECTORY;
  const own: Guarded = { type, uid: cred.uid, gid: inherits ? dir.gid : cred.gid, mode: 0 };
  const usual = isDirectory
    ? DEFAULT_DIRECTORY_MODE
    : type === FileType.SYMLINK
      ? DEFAULT_LINK_MODE
      : DEFAULT_MODE;
  const { size: _, ...changes } = attributes;
  // A symbolic link has no mode of its own: a client that sends mode and umask (RFC 8275) must not make one that nobody may read.
  const asMade = type === FileType.SYMLINK ? usual : (attributes.mode ?? usual);
  const asked = { ...changes, mode: asMade & MODE_BITS };
  let mode = checkSetAttributes(own, cred, asked) ?? 0;
  if (isDirectory && inherits) mode |= ModeBit.SET_GID;
  return { type, uid: attributes.uid ?? own.uid, gid: attributes.gid ?? own.gid, mode };
}

function requireTarget(core: Core, target: Buffer): void {
  if (target.length === 0) throw new FsError('EINVAL');
  if (target.length > core.limits.maxLinkText) throw new FsError('ENAMETOOLONG');
}

/** An object without a name yet, nowhere entered. */
export function newInode(core: Core, guarded: Guarded, now: number): Inode {
  const ino = core.numbers.ino();
  const change = core.numbers.change();
  const inode = new Inode(core.keys.inode(ino), ino, change, guarded.type);
  inode.change = change;
  inode.mode = guarded.mode;
  inode.uid = guarded.uid;
  inode.gid = guarded.gid;
  inode.nlink = guarded.type === FileType.DIRECTORY ? 2 : 1;
  // The content store has nothing under a number never used.
  inode.neverWritten = true;
  inode.contentIsTrimmed = true;
  inode.atimeSec = inode.mtimeSec = inode.ctimeSec = inode.btimeSec = secOf(now);
  inode.atimeNsec = inode.mtimeNsec = inode.ctimeNsec = inode.btimeNsec = nsecOf(now);
  return inode;
}

function describe(
  core: Core,
  inode: Inode,
  object: NewObject | { readonly type: typeof FileType.REGULAR },
): void {
  switch (object.type) {
    case FileType.SYMLINK:
      inode.size = object.target.length;
      core.log.put(core.keys.link(inode.numberKey), Buffer.from(object.target));
      return;
    case FileType.BLOCK:
    case FileType.CHARACTER:
      inode.rdevMajor = object.major;
      inode.rdevMinor = object.minor;
      return;
    case FileType.DIRECTORY:
    case FileType.REGULAR:
    case FileType.SOCKET:
    case FileType.FIFO:
      return;
    default:
      object satisfies never;
  }
}
