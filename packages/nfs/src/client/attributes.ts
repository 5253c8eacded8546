import { Attr } from '../nfs4/constants/index.ts';
import { XdrReader, XdrWriter } from '../xdr/index.ts';
import {
  type Hyper,
  MAX_FIELD,
  readBitmap,
  readList,
  readText,
  readTime,
  type Text,
  type Time,
  writeBitmap,
  writeHyper,
  writeText,
  writeTime,
} from './codec.ts';
import { RpcError } from './errors.ts';

export interface Ace {
  readonly type: number;
  readonly flag: number;
  readonly mask: number;
  readonly who: string;
}

export interface FsLocation {
  readonly servers: readonly string[];
  readonly rootPath: readonly string[];
}

const ACE_BYTES = 16;
const WORD = 4;

const u32 = (r: XdrReader) => r.u32();
const hyper = (r: XdrReader) => r.bigU64();
const bool = (r: XdrReader) => r.bool();
const bytes = (r: XdrReader) => Buffer.from(r.opaque(MAX_FIELD));
const pair = (r: XdrReader) => ({ major: r.bigU64(), minor: r.bigU64() });
const path = (r: XdrReader) => readList(r, WORD, () => readText(r));
const acl = (r: XdrReader): Ace[] =>
  readList(r, ACE_BYTES, () => ({ type: r.u32(), flag: r.u32(), mask: r.u32(), who: readText(r) }));
const locations = (r: XdrReader) => ({
  fsRoot: path(r),
  locations: readList(
    r,
    WORD,
    (): FsLocation => ({ servers: readList(r, WORD, () => readText(r)), rootPath: path(r) }),
  ),
});
const openArguments = (r: XdrReader) => ({
  shareAccess: readBitmap(r),
  shareDeny: readBitmap(r),
  shareAccessWant: readBitmap(r),
  openClaim: readBitmap(r),
  createMode: readBitmap(r),
});

/** The name of each attribute in a decoded object, and its decoder. */
const DECODERS = {
  [Attr.SUPPORTED_ATTRS]: ['supportedAttrs', readBitmap],
  [Attr.TYPE]: ['type', u32],
  [Attr.FH_EXPIRE_TYPE]: ['fhExpireType', u32],
  [Attr.CHANGE]: ['change', hyper],
  [Attr.SIZE]: ['size', hyper],
  [Attr.LINK_SUPPORT]: ['linkSupport', bool],
  [Attr.SYMLINK_SUPPORT]: ['symlinkSupport', bool],
  [Attr.NAMED_ATTR]: ['namedAttr', bool],
  [Attr.FSID]: ['fsid', pair],
  [Attr.UNIQUE_HANDLES]: ['uniqueHandles', bool],
  [Attr.LEASE_TIME]: ['leaseTime', u32],
  [Attr.RDATTR_ERROR]: ['rdattrError', u32],
  [Attr.ACL]: ['acl', acl],
  [Attr.ACLSUPPORT]: ['aclSupport', u32],
  [Attr.ARCHIVE]: ['archive', bool],
  [Attr.CANSETTIME]: ['canSetTime', bool],
  [Attr.CASE_INSENSITIVE]: ['caseInsensitive', bool],
  [Attr.CASE_PRESERVING]: ['casePreserving', bool],
  [Attr.CHOWN_RESTRICTED]: ['chownRestricted', bool],
  [Attr.FILEHANDLE]: ['filehandle', bytes],
  [Attr.FILEID]: ['fileid', hyper],
  [Attr.FILES_AVAIL]: ['filesAvail', hyper],
  [Attr.FILES_FREE]: ['filesFree', hyper],
  [Attr.FILES_TOTAL]: ['filesTotal', hyper],
  [Attr.FS_LOCATIONS]: ['fsLocations', locations],
  [Attr.HIDDEN]: ['hidden', bool],
  [Attr.HOMOGENEOUS]: ['homogeneous', bool],
  [Attr.MAXFILESIZE]: ['maxFileSize', hyper],
  [Attr.MAXLINK]: ['maxLink', u32],
  [Attr.MAXNAME]: ['maxName', u32],
  [Attr.MAXREAD]: ['maxRead', hyper],
  [Attr.MAXWRITE]: ['maxWrite', hyper],
  [Attr.MIMETYPE]: ['mimetype', readText],
  [Attr.MODE]: ['mode', u32],
  [Attr.NO_TRUNC]: ['noTrunc', bool],
  [Attr.NUMLINKS]: ['numlinks', u32],
  [Attr.OWNER]: ['owner', readText],
  [Attr.OWNER_GROUP]: ['ownerGroup', readText],
  [Attr.QUOTA_AVAIL_HARD]: ['quotaAvailHard', hyper],
  [Attr.QUOTA_AVAIL_SOFT]: ['quotaAvailSoft', hyper],
  [Attr.QUOTA_USED]: ['quotaUsed', hyper],
  [Attr.RAWDEV]: ['rawdev', (r: XdrReader) => ({ major: r.u32(), minor: r.u32() })],
  [Attr.SPACE_AVAIL]: ['spaceAvail', hyper],
  [Attr.SPACE_FREE]: ['spaceFree', hyper],
  [Attr.SPACE_TOTAL]: ['spaceTotal', hyper],
  [Attr.SPACE_USED]: ['spaceUsed', hyper],
  [Attr.SYSTEM]: ['system', bool],
  [Attr.TIME_ACCESS]: ['timeAccess', readTime],
  [Attr.TIME_BACKUP]: ['timeBackup', readTime],
  [Attr.TIME_CREATE]: ['timeCreate', readTime],
  [Attr.TIME_DELTA]: ['timeDelta', readTime],
  [Attr.TIME_METADATA]: ['timeMetadata', readTime],
  [Attr.TIME_MODIFY]: ['timeModify', readTime],
  [Attr.MOUNTED_ON_FILEID]: ['mountedOnFileid', hyper],
  [Attr.DIR_NOTIF_DELAY]: ['dirNotifDelay', readTime],
  [Attr.DIRENT_NOTIF_DELAY]: ['direntNotifDelay', readTime],
  [Attr.CHANGE_POLICY]: ['changePolicy', pair],
  [Attr.FS_LAYOUT_TYPES]: ['fsLayoutTypes', (r: XdrReader) => readList(r, WORD, () => r.u32())],
  [Attr.LAYOUT_TYPES]: ['layoutTypes', (r: XdrReader) => readList(r, WORD, () => r.u32())],
  [Attr.LAYOUT_BLKSIZE]: ['layoutBlksize', u32],
  [Attr.LAYOUT_ALIGNMENT]: ['layoutAlignment', u32],
  [Attr.SUPPATTR_EXCLCREAT]: ['suppattrExclcreat', readBitmap],
  [Attr.FS_CHARSET_CAP]: ['fsCharsetCap', u32],
  [Attr.CLONE_BLKSIZE]: ['cloneBlksize', u32],
  [Attr.SPACE_FREED]: ['spaceFreed', hyper],
  [Attr.CHANGE_ATTR_TYPE]: ['changeAttrType', u32],
  [Attr.XATTR_SUPPORT]: ['xattrSupport', bool],
  [Attr.OFFLINE]: ['offline', bool],
  [Attr.TIME_DELEG_ACCESS]: ['timeDelegAccess', readTime],
  [Attr.TIME_DELEG_MODIFY]: ['timeDelegModify', readTime],
  [Attr.OPEN_ARGUMENTS]: ['openArguments', openArguments],
} as const;

type Decoders = typeof DECODERS;

/** A fattr4 as an object; only what the server sent is there. */
export type FileAttributes = {
  -readonly [K in keyof Decoders as Decoders[K][0]]?: ReturnType<Decoders[K][1]>;
};

const BY_NUMBER = new Map<number, readonly [string, (r: XdrReader) => unknown]>(
  Object.entries(DECODERS).map(([number, entry]) => [Number(number), entry]),
);

/** Every attribute that GETATTR may ask for and the client can decode, so that a test may ask for all. */
export const KNOWN_ATTRIBUTES: readonly number[] = [...BY_NUMBER.keys()]
  .filter((number) => number !== Attr.TIME_DELEG_ACCESS && number !== Attr.TIME_DELEG_MODIFY)
  .sort((a, b) => a - b);

/** What `stat` needs. */
export const STAT_ATTRIBUTES: readonly number[] = [
  Attr.TYPE,
  Attr.CHANGE,
  Attr.SIZE,
  Attr.FSID,
  Attr.FILEID,
  Attr.MODE,
  Attr.NUMLINKS,
  Attr.OWNER,
  Attr.OWNER_GROUP,
  Attr.SPACE_USED,
  Attr.TIME_ACCESS,
  Attr.TIME_METADATA,
  Attr.TIME_MODIFY,
];

/** A fattr4. Throws where it holds an attribute that the client does not know, or bytes are left. */
export function readAttributes(reader: XdrReader): FileAttributes {
  const mask = readBitmap(reader);
  const values = new XdrReader(reader.opaque(MAX_FIELD));
  const attributes: Record<string, unknown> = {};
  for (const number of mask) {
    const entry = BY_NUMBER.get(number);
    if (entry === undefined) throw new RpcError('RPC_MALFORMED', `attribute ${number} is unknown`);
    attributes[entry[0]] = entry[1](values);
  }
  if (values.remaining > 0)
    throw new RpcError('RPC_MALFORMED', `${values.remaining} bytes behind the attributes`);
  return attributes;
}

/** A fattr4 for arguments: its mask and its encoded values, right or wrong. */
export interface RawAttributes {
  readonly mask: readonly number[];
  readonly values: Uint8Array;
}

/** A fattr4 that is left as it came, for VERIFY and NVERIFY. */
export function readRawAttributes(reader: XdrReader): RawAttributes {
  return { mask: readBitmap(reader), values: Buffer.from(reader.opaque(MAX_FIELD)) };
}

/** What SETATTR, CREATE and OPEN may set. */
export interface NewAttributes {
  readonly size?: Hyper;
  readonly mode?: number;
  readonly owner?: Text;
  readonly ownerGroup?: Text;
  /** "server" is the server's clock. */
  readonly timeAccess?: Time | 'server';
  readonly timeCreate?: Time;
  readonly timeModify?: Time | 'server';
  readonly modeSetMasked?: { readonly mode: number; readonly mask: number };
  readonly modeUmask?: { readonly mode: number; readonly umask: number };
}

export type AttributeArgs = NewAttributes | RawAttributes;

function writeSetTime(out: XdrWriter, time: Time | 'server'): void {
  if (time === 'server') {
    out.u32(0);
    return;
  }
  writeTime(out.u32(1), time);
}

type Step = readonly [number, (out: XdrWriter) => void];

function steps(a: NewAttributes): Step[] {
  const list: Step[] = [];
  const add = <T>(number: number, value: T | undefined, write: (out: XdrWriter, value: T) => void) => {
    if (value !== undefined) list.push([number, (out) => write(out, value)]);
  };
  add(Attr.SIZE, a.size, writeHyper);
  add(Attr.MODE, a.mode, (out, mode) => out.u32(mode));
  add(Attr.OWNER, a.owner, writeText);
  add(Attr.OWNER_GROUP, a.ownerGroup, writeText);
  add(Attr.TIME_ACCESS_SET, a.timeAccess, writeSetTime);
  add(Attr.TIME_CREATE, a.timeCreate, writeTime);
  add(Attr.TIME_MODIFY_SET, a.timeModify, writeSetTime);
  add(Attr.MODE_SET_MASKED, a.modeSetMasked, (out, m) => out.u32(m.mode).u32(m.mask));
  add(Attr.MODE_UMASK, a.modeUmask, (out, m) => out.u32(m.mode).u32(m.umask));
  return list;
}

export function encodeAttributes(attributes: NewAttributes): RawAttributes {
  const values = new XdrWriter();
  const list = steps(attributes);
  for (const [, write] of list) write(values);
  return { mask: list.map(([number]) => number), values: Buffer.from(values.bytes()) };
}

export function writeAttributes(out: XdrWriter, attributes: AttributeArgs): void {
  const raw = 'mask' in attributes ? attributes : encodeAttributes(attributes);
  writeBitmap(out, raw.mask);
  out.opaque(raw.values);
}
