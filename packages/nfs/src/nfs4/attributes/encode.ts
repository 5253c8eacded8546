import type { Attributes, Awaitable, SpaceUsage } from '../../vfs/index.ts';
import { FileType } from '../../vfs/index.ts';
import type { XdrWriter } from '../../xdr/index.ts';
import { after } from '../after.ts';
import type { Compound } from '../compound.ts';
import { Attr, Status, UINT32_MAX } from '../constants/index.ts';
import { NfsError } from '../errors.ts';
import type { Export } from '../exports.ts';
import { type HeldSize, plainAttributes } from '../held-attributes.ts';
import { isRoot } from '../junction.ts';
import { type Bitmap, bitmapOf, both, isEmpty, writeBitmap } from './bitmap.ts';
import type { Subject } from './encoders.ts';
import { keepWritten, writeKept } from './kept.ts';
import { WRITE_ONLY_ATTRIBUTES } from './supported.ts';
import { type Plan, spaceFor, tableOf } from './table.ts';

const RDATTR_ERROR = bitmapOf([Attr.RDATTR_ERROR]);
const STATUS_BYTES = 4;

/** NFS4ERR_INVAL where a write-only attribute is asked for (RFC 8881 §5.5). */
export function requireReadable(asked: Bitmap): void {
  if (!isEmpty(both(asked, WRITE_ONLY_ATTRIBUTES))) throw new NfsError(Status.INVAL);
}

/** The fileid of the directory that a share's root covers; any other object's own. */
function mountedOn(plan: Plan, target: Export, node: object, attributes: Attributes): number {
  if (!plan.needsMountedOn || attributes.type !== FileType.DIRECTORY) return attributes.fileid;
  const junction = target.junction;
  return junction !== undefined && isRoot(target, node) ? junction.fileid : attributes.fileid;
}

/** Writes a fattr4 from values at hand. */
export function writeAttributes(
  out: XdrWriter,
  c: Compound,
  target: Export,
  node: object,
  plan: Plan,
  attributes: Attributes,
  space: SpaceUsage | undefined,
): void {
  // What has just changed is not what was kept, and is most often not asked for again before it changes.
  const isKept = plan.isKept && !c.hasChangedFiles;
  if (isKept && writeKept(out, plan, attributes)) return;
  const from = out.position;
  writeBitmap(out, plan.answered);
  const lengthAt = out.position;
  out.u32(0);
  const start = out.position;
  let subject: Subject | undefined;
  const { attributes: wanted, encoders } = plan;
  for (let i = 0; i < wanted.length; i++) {
    if (writeOften(out, wanted[i]!, c, target, node, attributes)) continue;
    subject ??= {
      engine: c.engine,
      target,
      node,
      supported: tableOf(target, c.minor).supported,
      attributes,
      space,
      mountedOnFileid: mountedOn(plan, target, node, attributes),
      error: Status.OK,
    };
    encoders[i]!(out, subject);
  }
  out.patchU32(lengthAt, out.position - start);
  if (isKept && subject === undefined) keepWritten(out, from, plan, attributes);
}

/** Writes an attribute that clients ask for all the time: one jump, where the encoders of the table are a call each. False for any other. */
function writeOften(
  out: XdrWriter,
  attr: number,
  c: Compound,
  target: Export,
  node: object,
  a: Attributes,
): boolean {
  switch (attr) {
    case Attr.TYPE:
      out.u32(a.type);
      return true;
    case Attr.CHANGE:
      out.u64(a.change);
      return true;
    case Attr.SIZE:
      out.u64(a.size);
      return true;
    case Attr.FSID:
      out.u64(target.id).u64(0);
      return true;
    case Attr.RDATTR_ERROR:
      out.u32(Status.OK);
      return true;
    case Attr.FILEHANDLE:
      c.engine.namespace.writeHandle(out, target, node);
      return true;
    case Attr.FILEID:
      out.u64(a.fileid);
      return true;
    case Attr.MODE:
      out.u32(a.mode);
      return true;
    case Attr.NUMLINKS:
      out.u32(Math.min(a.nlink, UINT32_MAX));
      return true;
    case Attr.OWNER:
      out.opaque(c.engine.owners.encode(a.uid));
      return true;
    case Attr.OWNER_GROUP:
      out.opaque(c.engine.owners.encode(a.gid));
      return true;
    case Attr.RAWDEV:
      out.u32(a.rdevMajor).u32(a.rdevMinor);
      return true;
    case Attr.SPACE_USED:
      out.u64(a.used);
      return true;
    case Attr.TIME_ACCESS:
      out.i64(a.atimeSec).u32(a.atimeNsec);
      return true;
    case Attr.TIME_METADATA:
      out.i64(a.ctimeSec).u32(a.ctimeNsec);
      return true;
    case Attr.TIME_MODIFY:
      out.i64(a.mtimeSec).u32(a.mtimeNsec);
      return true;
    case Attr.MOUNTED_ON_FILEID:
      if (a.type === FileType.DIRECTORY && target.junction !== undefined) return false;
      out.u64(a.fileid);
      return true;
    default:
      return false;
  }
}

/** Writes a fattr4 of rdattr_error alone: why an entry of READDIR has no attributes (RFC 8881 §5.8.1.12). */
export function writeAttributeError(out: XdrWriter, status: Status): void {
  writeBitmap(out, RDATTR_ERROR);
  out.u32(STATUS_BYTES).u32(status);
}

/**
 * Writes a fattr4 of those of the attributes asked for that the export has. Waits only where the file system does. `held` is what another
 * client's cache knows better.
 */
export function encodeAttributes(
  c: Compound,
  target: Export,
  node: object,
  asked: Bitmap,
  out: XdrWriter = c.out,
  held?: HeldSize,
): Awaitable<void> {
  const plan = tableOf(target, c.minor).plan(asked);
  return encodePlan(c, target, node, plan, out, held);
}

/** The same of a bitmap that is known already. */
export function encodePlan(
  c: Compound,
  target: Export,
  node: object,
  plan: Plan,
  out: XdrWriter,
  held?: HeldSize,
): Awaitable<void> {
  if (!plan.needsSpace && held === undefined) {
    const attributes = target.fileSystem.attributes(node);
    if (!(attributes instanceof Promise)) {
      writeAttributes(out, c, target, node, plan, attributes, undefined);
      return;
    }
    return writeLater(out, c, target, node, plan, attributes);
  }
  return encodeLater(c, target, node, plan, out, held);
}

/** Apart, as whatever makes closures: see Execution. */
function writeLater(
  out: XdrWriter,
  c: Compound,
  target: Export,
  node: object,
  plan: Plan,
  attributes: Promise<Attributes>,
): Promise<void> {
  return attributes.then((known) => writeAttributes(out, c, target, node, plan, known, undefined));
}

/** The same where more has to be asked for. */
function encodeLater(
  c: Compound,
  target: Export,
  node: object,
  plan: Plan,
  out: XdrWriter,
  held: HeldSize | undefined,
): Awaitable<void> {
  const write = (space: SpaceUsage | undefined): Awaitable<void> => {
    return after(target.fileSystem.attributes(node), (known) => {
      const shown = held === undefined ? known : { ...plainAttributes(known), size: held.size };
      writeAttributes(out, c, target, node, plan, shown, space);
    });
  };
  // Space first: attributes are good only until the next call into the file system.
  return plan.needsSpace ? after(spaceFor(c, plan, target), write) : write(undefined);
}
