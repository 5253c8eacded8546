import type { Attributes, Awaitable, SpaceUsage } from '../../vfs/index.ts';
import { FileType } from '../../vfs/index.ts';
import type { XdrWriter } from '../../xdr/index.ts';
import { after } from '../after.ts';
import type { Compound } from '../compound.ts';
import { Attr, Status } from '../constants/index.ts';
import { NfsError } from '../errors.ts';
import type { Export } from '../exports.ts';
import { type HeldSize, plainAttributes } from '../held-attributes.ts';
import { isRoot } from '../junction.ts';
import { type Bitmap, bitmapOf, both, isEmpty, writeBitmap } from './bitmap.ts';
import type { Subject } from './encoders.ts';
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
  const subject: Subject = {
    engine: c.engine,
    target,
    node,
    supported: tableOf(target, c.minor).supported,
    attributes,
    space,
    mountedOnFileid: mountedOn(plan, target, node, attributes),
    error: Status.OK,
  };
  writeBitmap(out, plan.answered);
  const lengthAt = out.position;
  out.u32(0);
  const start = out.position;
  for (const encode of plan.encoders) encode(out, subject);
  out.patchU32(lengthAt, out.position - start);
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
  const write = (space: SpaceUsage | undefined): Awaitable<void> => {
    return after(target.fileSystem.attributes(node), (known) => {
      const shown = held === undefined ? known : { ...plainAttributes(known), size: held.size };
      writeAttributes(out, c, target, node, plan, shown, space);
    });
  };
  // Space first: attributes are good only until the next call into the file system.
  return plan.needsSpace ? after(spaceFor(c, plan, target), write) : write(undefined);
}
