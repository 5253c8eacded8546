import { Op, VERIFIER_SIZE } from '../../nfs4/constants/index.ts';
import { FileType } from '../../vfs/attributes.ts';
import type { XdrReader, XdrWriter } from '../../xdr/index.ts';
import { type AttributeArgs, type FileAttributes, readAttributes, writeAttributes } from '../attributes.ts';
import {
  type Hyper,
  MAX_FIELD,
  readBitmap,
  readChangeInfo,
  type Text,
  writeBitmap,
  writeHyper,
  writeText,
} from '../codec.ts';
import { type ClientOp, query } from '../compound.ts';

/** createtype4: any number as the type, for NFS4ERR_BADTYPE. */
export interface CreateType {
  readonly type: number;
  /** Of a symbolic link. */
  readonly target?: Text;
  /** Of a device. */
  readonly device?: { readonly major: number; readonly minor: number };
}

function writeCreateType(out: XdrWriter, what: CreateType): void {
  out.u32(what.type);
  if (what.type === FileType.SYMLINK) writeText(out, what.target ?? '');
  if (what.type === FileType.BLOCK || what.type === FileType.CHARACTER) {
    out.u32(what.device?.major ?? 0).u32(what.device?.minor ?? 0);
  }
}

export const create = (what: CreateType, name: Text, attributes: AttributeArgs = {}) =>
  query(
    Op.CREATE,
    (out) => {
      writeCreateType(out, what);
      writeText(out, name);
      writeAttributes(out, attributes);
    },
    (r) => ({ change: readChangeInfo(r), set: readBitmap(r) }),
  );

export const link = (name: Text) => query(Op.LINK, (out) => writeText(out, name), readChangeInfo);
export const remove = (name: Text) => query(Op.REMOVE, (out) => writeText(out, name), readChangeInfo);

export const rename = (from: Text, to: Text) =>
  query(
    Op.RENAME,
    (out) => {
      writeText(out, from);
      writeText(out, to);
    },
    (r) => ({ source: readChangeInfo(r), target: readChangeInfo(r) }),
  );

export const readlink = () =>
  query(
    Op.READLINK,
    () => undefined,
    (r) => Buffer.from(r.opaque(MAX_FIELD)),
  );

export interface DirectoryEntry {
  readonly cookie: bigint;
  readonly name: string;
  readonly attributes: FileAttributes;
}

export interface DirectoryPage {
  readonly verifier: Buffer;
  readonly entries: readonly DirectoryEntry[];
  readonly eof: boolean;
}

export interface ReaddirArgs {
  readonly cookie?: Hyper;
  readonly verifier?: Uint8Array;
  readonly dirCount?: number;
  readonly maxCount?: number;
  readonly attributes?: readonly number[];
}

const DEFAULT_PAGE = 32 * 1024;

function readPage(r: XdrReader): DirectoryPage {
  const verifier = Buffer.from(r.fixed(VERIFIER_SIZE));
  const entries: DirectoryEntry[] = [];
  while (r.bool()) {
    entries.push({
      cookie: r.bigU64(),
      name: r.opaque(MAX_FIELD).toString('utf8'),
      attributes: readAttributes(r),
    });
  }
  return { verifier, entries, eof: r.bool() };
}

export const readdir = (args: ReaddirArgs = {}): ClientOp<DirectoryPage> =>
  query(
    Op.READDIR,
    (out) => {
      writeHyper(out, args.cookie ?? 0);
      out.fixed(args.verifier ?? Buffer.alloc(VERIFIER_SIZE));
      out.u32(args.dirCount ?? DEFAULT_PAGE).u32(args.maxCount ?? DEFAULT_PAGE);
      writeBitmap(out, args.attributes ?? []);
    },
    readPage,
  );
