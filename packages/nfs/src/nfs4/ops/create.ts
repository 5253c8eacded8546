import { isUtf8 } from 'node:buffer';
import { type Attributes, FileType, type NewObject } from '../../vfs/index.ts';
import { after } from '../after.ts';
import { writeBitmap } from '../attributes/bitmap.ts';
import { type DecodedChanges, readAttributeChanges } from '../attributes/decode.ts';
import { CHANGE_INFO_BYTES, changing, writeChangeInfo } from '../change-info.ts';
import { requireDirectory } from '../checks.ts';
import type { Compound } from '../compound.ts';
import { Op, Status } from '../constants/index.ts';
import { NfsError } from '../errors.ts';
import { readName } from '../names.ts';
import type { Operation, OpResult } from '../operation.ts';

/** A bitmap4 of three words. */
const BITMAP_BYTES = 16;

/** linktext4: 1 to maxLinkText bytes of UTF-8, for fs_charset_cap promises that (RFC 8881 §18.4.3). */
function readLinkText(c: Compound): Buffer {
  const text = c.args.opaque(c.args.remaining);
  if (text.length === 0) throw new NfsError(Status.INVAL);
  if (text.length > c.engine.limits.maxLinkText) throw new NfsError(Status.NAMETOOLONG);
  if (text.includes(0) || !isUtf8(text)) throw new NfsError(Status.INVAL);
  return text;
}

/** createtype4. NFS4ERR_BADTYPE for what CREATE does not make, and for what this file system cannot. */
function readObject(c: Compound): NewObject {
  const type = c.args.u32();
  const { abilities } = c.fs;
  switch (type) {
    case FileType.DIRECTORY:
      return { type };
    case FileType.SYMLINK: {
      const target = readLinkText(c);
      if (!abilities.symlinks) throw new NfsError(Status.BADTYPE);
      return { type, target };
    }
    case FileType.BLOCK:
    case FileType.CHARACTER: {
      const device = { type, major: c.args.u32(), minor: c.args.u32() };
      if (!abilities.specialFiles) throw new NfsError(Status.BADTYPE);
      return device;
    }
    case FileType.SOCKET:
    case FileType.FIFO:
      if (!abilities.specialFiles) throw new NfsError(Status.BADTYPE);
      return { type };
    default:
      throw new NfsError(Status.BADTYPE);
  }
}

function make(
  c: Compound,
  object: NewObject,
  name: string,
  wanted: DecodedChanges,
  directory: Attributes,
): OpResult {
  requireDirectory(directory);
  const { here } = c;
  return changing(
    here,
    c.object,
    directory.change,
    () => c.fs.createObject(c.object, c.cred, name, object, wanted.changes),
    (node, info) => {
      c.setCurrent(here, node);
      writeChangeInfo(c.out, info);
      writeBitmap(c.out, wanted.mask);
      return Status.OK;
    },
  );
}

/** RFC 8881 §18.4. Regular files are made by OPEN. */
export const create: Operation = {
  op: Op.CREATE,
  minor: 1,
  needsFh: true,
  modifies: true,
  replyRoom: CHANGE_INFO_BYTES + BITMAP_BYTES,
  run(c) {
    const object = readObject(c);
    const name = readName(c.args, c.engine.limits.maxName);
    const wanted = readAttributeChanges(c, c.here, 'create');
    if (wanted.changes.size !== undefined) return Status.INVAL;
    c.requireWritable();
    return after(c.attributes(), (directory) => make(c, object, name, wanted, directory));
  },
};
