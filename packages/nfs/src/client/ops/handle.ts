import { AuthFlavor, Op } from '../../nfs4/constants/index.ts';
import { type Stateid, writeStateid } from '../../nfs4/stateid.ts';
import type { XdrReader } from '../../xdr/index.ts';
import {
  type AttributeArgs,
  type FileAttributes,
  type RawAttributes,
  readAttributes,
  readRawAttributes,
  writeAttributes,
} from '../attributes.ts';
import { MAX_FIELD, readBitmap, readList, type Text, writeBitmap, writeText } from '../codec.ts';
import { type ClientOp, command, plain, query, readHandle } from '../compound.ts';

const FLAVOR_BYTES = 4;

export const putrootfh = () => plain(Op.PUTROOTFH);
export const putpubfh = () => plain(Op.PUTPUBFH);
export const savefh = () => plain(Op.SAVEFH);
export const restorefh = () => plain(Op.RESTOREFH);
export const lookupp = () => plain(Op.LOOKUPP);
export const putfh = (handle: Uint8Array) => command(Op.PUTFH, (out) => out.opaque(handle));
export const lookup = (name: Text) => command(Op.LOOKUP, (out) => writeText(out, name));
export const getfh = () => query(Op.GETFH, () => undefined, readHandle);

/** The rights that the server knows of, and those that the caller has. */
export const access = (rights: number) =>
  query(
    Op.ACCESS,
    (out) => out.u32(rights),
    (r) => ({ supported: r.u32(), access: r.u32() }),
  );

export const getattr = (attributes: readonly number[]): ClientOp<FileAttributes> =>
  query(Op.GETATTR, (out) => writeBitmap(out, attributes), readAttributes);

/** The fattr4 as the server encoded it. */
export const getattrRaw = (attributes: readonly number[]): ClientOp<RawAttributes> =>
  query(Op.GETATTR, (out) => writeBitmap(out, attributes), readRawAttributes);

/** Yields the attributes that were set; carries them too where it fails (RFC 8881 §18.30.2). */
export const setattr = (stateid: Stateid, attributes: AttributeArgs): ClientOp<number[]> => ({
  op: Op.SETATTR,
  args: (out) => {
    writeStateid(out, stateid);
    writeAttributes(out, attributes);
  },
  ok: readBitmap,
  failed: readBitmap,
});

export const verify = (attributes: AttributeArgs) =>
  command(Op.VERIFY, (out) => writeAttributes(out, attributes));
export const nverify = (attributes: AttributeArgs) =>
  command(Op.NVERIFY, (out) => writeAttributes(out, attributes));

export interface SecurityFlavor {
  readonly flavor: number;
  readonly gss?: { readonly oid: Buffer; readonly qop: number; readonly service: number };
}

function readSecinfo(r: XdrReader): SecurityFlavor[] {
  return readList(r, FLAVOR_BYTES, () => {
    const flavor = r.u32();
    if (flavor !== AuthFlavor.RPCSEC_GSS) return { flavor };
    return { flavor, gss: { oid: Buffer.from(r.opaque(MAX_FIELD)), qop: r.u32(), service: r.u32() } };
  });
}

export const secinfo = (name: Text) => query(Op.SECINFO, (out) => writeText(out, name), readSecinfo);
export const secinfoNoName = (style: number) =>
  query(Op.SECINFO_NO_NAME, (out) => out.u32(style), readSecinfo);
export const openattr = (create: boolean) => command(Op.OPENATTR, (out) => out.bool(create));
