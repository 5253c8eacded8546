import { type Attributes, FileType } from '../vfs/index.ts';
import { Status } from './constants/index.ts';
import { NfsError } from './errors.ts';

/** NFS4ERR_NOTDIR for anything but a directory. */
export function requireDirectory(attributes: Attributes): void {
  if (attributes.type !== FileType.DIRECTORY) throw new NfsError(Status.NOTDIR);
}

/** As {@link requireDirectory}, with NFS4ERR_SYMLINK for a symbolic link: LOOKUP, LOOKUPP and LINK tell them apart. */
export function requireDirectoryOrLink(attributes: Attributes): void {
  if (attributes.type === FileType.SYMLINK) throw new NfsError(Status.SYMLINK);
  requireDirectory(attributes);
}

/** What READ and its kin demand of an object: ISDIR, SYMLINK, WRONG_TYPE (RFC 8881 §18.22.3). */
export function requireReadableFile(attributes: Attributes): void {
  switch (attributes.type) {
    case FileType.REGULAR:
      return;
    case FileType.DIRECTORY:
      throw new NfsError(Status.ISDIR);
    case FileType.SYMLINK:
      throw new NfsError(Status.SYMLINK);
    default:
      throw new NfsError(Status.WRONG_TYPE);
  }
}

/** NFS4ERR_WRONG_TYPE for anything but a regular file (RFC 7862 §15.1.3, §15.2.3, §15.4.3, §15.13.3). */
export function requireRegularFile(attributes: Attributes): void {
  if (attributes.type !== FileType.REGULAR) throw new NfsError(Status.WRONG_TYPE);
}
