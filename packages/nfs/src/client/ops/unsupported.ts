import { Op } from '../../nfs4/constants/index.ts';
import { type Stateid, writeStateid } from '../../nfs4/stateid.ts';
import type { XdrWriter } from '../../xdr/index.ts';
import {
  type Hyper,
  type StateOwner,
  type Text,
  writeBitmap,
  writeHyper,
  writeStateOwner,
  writeText,
} from '../codec.ts';
import type { ClientOp } from '../compound.ts';

// Well-formed arguments of operations that a server without pNFS refuses, and of those that NFSv4.1 took from NFSv4.0. Their results are
// not decoded: success is an error of the server's.

const DEVICE_ID_BYTES = 16;
const LAYOUT_FILES = 1;
const IOMODE_READ = 1;
const RETURN_ALL = 3;

function refused(op: number, args: (out: XdrWriter) => void): ClientOp<never> {
  return {
    op,
    args,
    ok: () => {
      throw new RangeError(`operation ${op} succeeded`);
    },
  };
}

export const layoutget = (stateid: Stateid, offset: Hyper = 0, length: Hyper = 1) =>
  refused(Op.LAYOUTGET, (out) => {
    out.bool(false).u32(LAYOUT_FILES).u32(IOMODE_READ);
    writeHyper(out, offset);
    writeHyper(out, length);
    writeHyper(out, length);
    writeStateid(out, stateid);
    out.u32(8192);
  });

export const layoutcommit = (stateid: Stateid) =>
  refused(Op.LAYOUTCOMMIT, (out) => {
    out.u64(0).u64(1).bool(false);
    writeStateid(out, stateid);
    out.bool(false).bool(false).u32(LAYOUT_FILES).opaque(Buffer.alloc(0));
  });

export const layoutreturn = () =>
  refused(Op.LAYOUTRETURN, (out) => {
    out.bool(false).u32(LAYOUT_FILES).u32(IOMODE_READ).u32(RETURN_ALL);
  });

export const getdeviceinfo = () =>
  refused(Op.GETDEVICEINFO, (out) => {
    out.fixed(Buffer.alloc(DEVICE_ID_BYTES)).u32(LAYOUT_FILES).u32(8192);
    writeBitmap(out, []);
  });

export const getdevicelist = () =>
  refused(Op.GETDEVICELIST, (out) => {
    out.u32(LAYOUT_FILES).u32(16).u64(0).u64(0);
  });

export const layouterror = (stateid: Stateid) =>
  refused(Op.LAYOUTERROR, (out) => {
    writeStateid(out.u64(0).u64(1), stateid);
    out.u32(0);
  });

export const layoutstats = (stateid: Stateid) =>
  refused(Op.LAYOUTSTATS, (out) => {
    writeStateid(out.u64(0).u64(1), stateid);
    out
      .u64(0)
      .u64(0)
      .u64(0)
      .u64(0)
      .fixed(Buffer.alloc(DEVICE_ID_BYTES))
      .u32(LAYOUT_FILES)
      .opaque(Buffer.alloc(0));
  });

export const openConfirm = (stateid: Stateid) =>
  refused(Op.OPEN_CONFIRM, (out) => {
    writeStateid(out, stateid);
    out.u32(0);
  });

export const renew = (clientId: bigint) => refused(Op.RENEW, (out) => out.bigU64(clientId));

export const setclientid = (verifier: Uint8Array, id: Uint8Array, address: Text = '127.0.0.1.3.255') =>
  refused(Op.SETCLIENTID, (out) => {
    out.fixed(verifier).opaque(id).u32(0x40000000);
    writeText(out, 'tcp');
    writeText(out, address);
    out.u32(1);
  });

export const setclientidConfirm = (clientId: bigint, verifier: Uint8Array) =>
  refused(Op.SETCLIENTID_CONFIRM, (out) => out.bigU64(clientId).fixed(verifier));

export const releaseLockowner = (owner: StateOwner) =>
  refused(Op.RELEASE_LOCKOWNER, (out) => writeStateOwner(out, owner));
