import { isUtf8 } from 'node:buffer';
import type { AttributeChanges, TimeSetting } from '../../vfs/index.ts';
import { ModeBit } from '../../vfs/index.ts';
import { XdrError, XdrReader } from '../../xdr/index.ts';
import type { Compound } from '../compound.ts';
import { Attr, Status, TimeHow } from '../constants/index.ts';
import type { Engine } from '../engine.ts';
import { NfsError } from '../errors.ts';
import type { Export } from '../exports.ts';
import {
  attributesOf,
  type Bitmap,
  bitmapOf,
  both,
  isEmpty,
  readBitmap,
  sameBitmap,
  without,
} from './bitmap.ts';
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
  readonly maskedMode?: MaskedMode;
}

/** Some attributes make sense for a new object alone, others only for one that is there. */
export type Purpose = 'create' | 'set';

const MODES: Readonly<Record<Purpose, Bitmap>> = {
  create: bitmapOf([Attr.MODE_SET_MASKED]),
  set: bitmapOf([Attr.MODE_UMASK]),
};
const MODE_KINDS = bitmapOf([Attr.MODE, Attr.MODE_SET_MASKED, Attr.MODE_UMASK]);

interface Draft {
  readonly engine: Engine;
  readonly target: Export;
  readonly changes: AttributeChanges;
  maskedMode: MaskedMode | undefined;
}

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

function decodeValue(attr: number, values: XdrReader, draft: Draft): void {
  const { changes, engine } = draft;
  switch (attr) {
    case Attr.SIZE:
      changes.size = readSize(values, draft.target);
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
      draft.maskedMode = { value: readMode(values, MODE_BITS), mask: readMode(values, MODE_BITS) };
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

/** A set of attributes that was checked last: clients set the same ones again and again. */
interface Checked {
  readonly table: AttributeTable;
  readonly purpose: Purpose;
  readonly mask: Bitmap;
  readonly attributes: readonly number[];
}

let last: Checked | undefined;

/** The attributes of the mask in their order, checked by {@link checkMask}. */
function checkedAttributes(mask: Bitmap, table: AttributeTable, purpose: Purpose): readonly number[] {
  if (
    last?.table === table &&
    last.purpose === purpose &&
    !mask.beyond &&
    sameBitmap(last.mask, mask) &&
    !last.mask.beyond
  )
    return last.attributes;
  checkMask(mask, table, purpose);
  last = { table, purpose, mask, attributes: attributesOf(mask) };
  return last.attributes;
}

/** Says no to a set of attributes that cannot be set like that, before a value is read. */
function checkMask(mask: Bitmap, table: AttributeTable, purpose: Purpose): void {
  if (!isEmpty(without(mask, table.supported))) throw new NfsError(Status.ATTRNOTSUPP);
  if (!isEmpty(without(mask, table.writable))) throw invalid();
  if (!isEmpty(both(mask, MODES[purpose]))) throw invalid();
  if (attributesOf(both(mask, MODE_KINDS)).length > 1) throw invalid();
}

/**
 * Reads a fattr4 of attributes to set on an object of `target`. NFS4ERR_ATTRNOTSUPP, INVAL (not to be set, or no such value), BADOWNER,
 * FBIG, BADXDR.
 */
export function readAttributeChanges(
  c: Compound,
  target: Export,
  purpose: Purpose = 'create',
): DecodedChanges {
  const mask = readBitmap(c.args);
  const length = c.args.length(c.args.remaining);
  const start = c.args.offset(length);
  const attributes = checkedAttributes(mask, tableOf(target, c.minor), purpose);
  const values = new XdrReader(c.args.buffer, start, start + length);
  const draft: Draft = { engine: c.engine, target, changes: {}, maskedMode: undefined };
  for (const attr of attributes) decodeValue(attr, values, draft);
  if (values.remaining !== 0) throw new XdrError(`${values.remaining} bytes behind the last attribute`);
  const { changes, maskedMode } = draft;
  return maskedMode === undefined ? { mask, changes } : { mask, changes, maskedMode };
}
