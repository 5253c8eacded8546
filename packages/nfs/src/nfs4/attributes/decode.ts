import { isUtf8 } from 'node:buffer';
import type { AttributeChanges, TimeSetting } from '../../vfs/index.ts';
import { ModeBit } from '../../vfs/index.ts';
import { XdrError, type XdrReader } from '../../xdr/index.ts';
import type { Compound } from '../compound.ts';
import { Attr, Status, TimeHow } from '../constants/index.ts';
import type { Engine } from '../engine.ts';
import { NfsError } from '../errors.ts';
import type { Export } from '../exports.ts';
import { attributesOf, type Bitmap, bitmapOf, both, isEmpty, readBitmap, without } from './bitmap.ts';
import { type AttributeTable, tableOf } from './table.ts';

const MODE_BITS = 0o777 | ModeBit.SET_UID | ModeBit.SET_GID | ModeBit.STICKY;
const PERMISSION_BITS = 0o777;
const MAX_NSEC = 999_999_999;

/** mode_set_masked (RFC 8881 §6.2.5): the bits of `mask` become those of `value`. */
export interface MaskedMode {
  readonly value: number;
  readonly mask: number;
}

export interface DecodedChanges {
  readonly mask: Bitmap;
  readonly changes: AttributeChanges;
  /** For SETATTR alone, which knows the mode that it is applied to. */
  maskedMode: MaskedMode | undefined;
}

/** Some attributes make sense for a new object alone, others only for one that is there. */
export type Purpose = 'create' | 'set';

const MODES: Readonly<Record<Purpose, Bitmap>> = {
  create: bitmapOf([Attr.MODE_SET_MASKED]),
  set: bitmapOf([Attr.MODE_UMASK]),
};
const MODE_KINDS = bitmapOf([Attr.MODE, Attr.MODE_SET_MASKED, Attr.MODE_UMASK]);

function invalid(): NfsError {
  return new NfsError(Status.INVAL);
}

function readMode(values: XdrReader, allowed: number): number {
  const mode = values.u32();
  if ((mode & ~allowed) !== 0) throw invalid();
  return mode;
}

function readTime(values: XdrReader): { sec: number; nsec: number } {
  const sec = values.i64();
  const nsec = values.u32();
  if (nsec > MAX_NSEC || !Number.isSafeInteger(sec)) throw invalid();
  return { sec, nsec };
}

function readTimeSetting(values: XdrReader): TimeSetting {
  const how = values.u32();
  if (how === TimeHow.SERVER) return 'now';
  if (how === TimeHow.CLIENT) return readTime(values);
  throw new XdrError(`${how} is no time_how4`);
}

function readOwner(values: XdrReader, engine: Engine): string {
  const bytes = values.opaque(values.remaining);
  if (bytes.length > engine.limits.maxOpaque) throw new NfsError(Status.BADOWNER);
  if (!isUtf8(bytes)) throw invalid();
  return bytes.toString('utf8');
}

function readSize(values: XdrReader, target: Export): number {
  const size = values.u64();
  if (size > target.fileSystem.abilities.maxFileSize) throw new NfsError(Status.FBIG);
  return size;
}

function decodeValue(attr: number, c: Compound, target: Export, decoded: DecodedChanges): void {
  const { changes } = decoded;
  const { engine, args: values } = c;
  switch (attr) {
    case Attr.SIZE:
      changes.size = readSize(values, target);
      break;
    case Attr.MODE:
      changes.mode = readMode(values, MODE_BITS);
      break;
    case Attr.OWNER:
      changes.uid = engine.owners.uid(readOwner(values, engine));
      break;
    case Attr.OWNER_GROUP:
      changes.gid = engine.owners.gid(readOwner(values, engine));
      break;
    case Attr.TIME_ACCESS_SET:
      changes.atime = readTimeSetting(values);
      break;
    case Attr.TIME_CREATE:
      changes.btime = readTime(values);
      break;
    case Attr.TIME_MODIFY_SET:
      changes.mtime = readTimeSetting(values);
      break;
    case Attr.MODE_SET_MASKED:
      decoded.maskedMode = { value: readMode(values, MODE_BITS), mask: readMode(values, MODE_BITS) };
      break;
    case Attr.MODE_UMASK: {
      // RFC 8275 §4: without ACLs to inherit, the umask is taken off the mode here as the client would have done.
      const mode = readMode(values, MODE_BITS);
      changes.mode = mode & ~readMode(values, PERMISSION_BITS);
      break;
    }
    default:
      throw new RangeError(`attribute ${attr} is writable but has no decoder`);
  }
}

/** A set of attributes to set, as it lay in the request. */
interface Mask {
  readonly table: AttributeTable;
  readonly bits: Bitmap;
  readonly attributes: readonly number[];
  readonly wire: Int32Array;
}

/** Those that were checked last: clients set the same ones again and again. */
const last: Record<Purpose, Mask | undefined> = { create: undefined, set: undefined };

/**
 * Reads a fattr4 of attributes to set on an object of `target`. NFS4ERR_ATTRNOTSUPP, INVAL (not to be set, or no such value), BADOWNER,
 * FBIG, BADXDR.
 */
export function readAttributeChanges(
  c: Compound,
  target: Export,
  purpose: Purpose = 'create',
): DecodedChanges {
  const { args } = c;
  const mask = readMask(args, tableOf(target, c.minor), purpose);
  const end = args.narrow(args.length(args.remaining));
  if (mask !== last[purpose]) check(mask, purpose);
  const decoded: DecodedChanges = { mask: mask.bits, changes: {}, maskedMode: undefined };
  for (const attr of mask.attributes) decodeValue(attr, c, target, decoded);
  if (args.remaining !== 0) throw new XdrError(`${args.remaining} bytes behind the last attribute`);
  args.widen(end);
  return decoded;
}

function readMask(args: XdrReader, table: AttributeTable, purpose: Purpose): Mask {
  const known = last[purpose];
  if (known?.table === table && args.skipSame(known.wire)) return known;
  const start = args.position;
  const bits = readBitmap(args);
  return { table, bits, attributes: attributesOf(bits), wire: args.wordsFrom(start) };
}

/** Says no to a set of attributes that cannot be set like that, before a value is read. */
function check(mask: Mask, purpose: Purpose): void {
  const { bits, table } = mask;
  if (!isEmpty(without(bits, table.supported))) throw new NfsError(Status.ATTRNOTSUPP);
  if (!isEmpty(without(bits, table.writable))) throw invalid();
  if (!isEmpty(both(bits, MODES[purpose]))) throw invalid();
  if (attributesOf(both(bits, MODE_KINDS)).length > 1) throw invalid();
  last[purpose] = mask;
}
