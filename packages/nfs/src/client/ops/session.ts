import { AuthFlavor, Op, SESSION_ID_SIZE, StateProtect } from '../../nfs4/constants/index.ts';
import type { XdrReader, XdrWriter } from '../../xdr/index.ts';
import {
  MAX_FIELD,
  readBitmap,
  readList,
  readText,
  readTime,
  type Text,
  type Time,
  writeBitmap,
  writeText,
  writeTime,
} from '../codec.ts';
import { command, query } from '../compound.ts';
import { type AuthSys, writeAuthSys } from '../rpc-message.ts';

/** nfs_impl_id4. */
export interface ImplementationId {
  readonly domain: Text;
  readonly name: Text;
  readonly date: Time;
}

/** state_protect4_a. */
export type StateProtection =
  | { readonly how: typeof StateProtect.NONE }
  | {
      readonly how: typeof StateProtect.MACH_CRED;
      readonly enforce: readonly number[];
      readonly allow: readonly number[];
    }
  | {
      readonly how: typeof StateProtect.SSV;
      readonly enforce: readonly number[];
      readonly allow: readonly number[];
      readonly hashAlgorithms: readonly Uint8Array[];
      readonly encryptionAlgorithms: readonly Uint8Array[];
      readonly window: number;
      readonly handles: number;
    };

export interface ExchangeIdArgs {
  readonly verifier: Uint8Array;
  readonly ownerId: Uint8Array;
  readonly flags?: number;
  readonly protection?: StateProtection;
  /** More than one is bad XDR, for tests. */
  readonly implementations?: readonly ImplementationId[];
}

function writeProtection(out: XdrWriter, protection: StateProtection): void {
  out.u32(protection.how);
  if (protection.how === StateProtect.NONE) return;
  writeBitmap(out, protection.enforce);
  writeBitmap(out, protection.allow);
  if (protection.how === StateProtect.MACH_CRED) return;
  for (const list of [protection.hashAlgorithms, protection.encryptionAlgorithms]) {
    out.u32(list.length);
    for (const oid of list) out.opaque(oid);
  }
  out.u32(protection.window).u32(protection.handles);
}

function readProtection(r: XdrReader): { how: number; enforce?: number[]; allow?: number[] } {
  const how = r.u32();
  if (how === StateProtect.NONE) return { how };
  const protection = { how, enforce: readBitmap(r), allow: readBitmap(r) };
  if (how === StateProtect.SSV) {
    r.skip(Uint32Array.BYTES_PER_ELEMENT * 4);
    readList(r, Uint32Array.BYTES_PER_ELEMENT, () => r.opaque(MAX_FIELD));
  }
  return protection;
}

export interface ExchangeIdResult {
  readonly clientId: bigint;
  readonly sequenceId: number;
  readonly flags: number;
  readonly protection: { readonly how: number; readonly enforce?: number[]; readonly allow?: number[] };
  readonly serverOwner: { readonly minorId: bigint; readonly majorId: Buffer };
  readonly serverScope: Buffer;
  readonly implementations: readonly ImplementationId[];
}

export const exchangeId = (args: ExchangeIdArgs) =>
  query(
    Op.EXCHANGE_ID,
    (out) => {
      out
        .fixed(args.verifier)
        .opaque(args.ownerId)
        .u32(args.flags ?? 0);
      writeProtection(out, args.protection ?? { how: StateProtect.NONE });
      const implementations = args.implementations ?? [];
      out.u32(implementations.length);
      for (const { domain, name, date } of implementations) {
        writeText(out, domain);
        writeText(out, name);
        writeTime(out, date);
      }
    },
    (r): ExchangeIdResult => ({
      clientId: r.bigU64(),
      sequenceId: r.u32(),
      flags: r.u32(),
      protection: readProtection(r),
      serverOwner: { minorId: r.bigU64(), majorId: Buffer.from(r.opaque(MAX_FIELD)) },
      serverScope: Buffer.from(r.opaque(MAX_FIELD)),
      implementations: readList(r, Uint32Array.BYTES_PER_ELEMENT, () => ({
        domain: readText(r),
        name: readText(r),
        date: readTime(r),
      })),
    }),
  );

/** channel_attrs4. */
export interface ChannelAttributes {
  readonly headerPad: number;
  readonly maxRequest: number;
  readonly maxResponse: number;
  readonly maxCached: number;
  readonly maxOperations: number;
  readonly maxRequests: number;
  readonly rdmaIrd?: readonly number[];
}

function writeChannel(out: XdrWriter, a: ChannelAttributes): void {
  out.u32(a.headerPad).u32(a.maxRequest).u32(a.maxResponse).u32(a.maxCached);
  out.u32(a.maxOperations).u32(a.maxRequests);
  const ird = a.rdmaIrd ?? [];
  out.u32(ird.length);
  for (const value of ird) out.u32(value);
}

function readChannel(r: XdrReader): ChannelAttributes {
  return {
    headerPad: r.u32(),
    maxRequest: r.u32(),
    maxResponse: r.u32(),
    maxCached: r.u32(),
    maxOperations: r.u32(),
    maxRequests: r.u32(),
    rdmaIrd: readList(r, Uint32Array.BYTES_PER_ELEMENT, () => r.u32()),
  };
}

/** callback_sec_parms4. */
export type CallbackSecurity =
  | { readonly flavor: typeof AuthFlavor.NONE }
  | { readonly flavor: typeof AuthFlavor.SYS; readonly credential: AuthSys }
  | {
      readonly flavor: typeof AuthFlavor.RPCSEC_GSS;
      readonly service: number;
      readonly serverHandle: Uint8Array;
      readonly clientHandle: Uint8Array;
    };

function writeSecurity(out: XdrWriter, list: readonly CallbackSecurity[]): void {
  out.u32(list.length);
  for (const item of list) {
    out.u32(item.flavor);
    if (item.flavor === AuthFlavor.SYS) writeAuthSys(out, item.credential);
    if (item.flavor === AuthFlavor.RPCSEC_GSS) {
      out.u32(item.service).opaque(item.serverHandle).opaque(item.clientHandle);
    }
  }
}

export interface CreateSessionArgs {
  readonly clientId: bigint;
  readonly sequence: number;
  readonly flags: number;
  readonly fore: ChannelAttributes;
  readonly back: ChannelAttributes;
  readonly callbackProgram: number;
  readonly security: readonly CallbackSecurity[];
}

const readSessionId = (r: XdrReader) => Buffer.from(r.fixed(SESSION_ID_SIZE));

export const createSession = (args: CreateSessionArgs) =>
  query(
    Op.CREATE_SESSION,
    (out) => {
      out.bigU64(args.clientId).u32(args.sequence).u32(args.flags);
      writeChannel(out, args.fore);
      writeChannel(out, args.back);
      out.u32(args.callbackProgram);
      writeSecurity(out, args.security);
    },
    (r) => ({
      sessionId: readSessionId(r),
      sequence: r.u32(),
      flags: r.u32(),
      fore: readChannel(r),
      back: readChannel(r),
    }),
  );

export const destroySession = (sessionId: Uint8Array) =>
  command(Op.DESTROY_SESSION, (out) => out.fixed(sessionId));

export const bindConnToSession = (sessionId: Uint8Array, direction: number, rdma = false) =>
  query(
    Op.BIND_CONN_TO_SESSION,
    (out) => out.fixed(sessionId).u32(direction).bool(rdma),
    (r) => ({ sessionId: readSessionId(r), direction: r.u32(), rdma: r.bool() }),
  );

export const backchannelCtl = (program: number, security: readonly CallbackSecurity[]) =>
  command(Op.BACKCHANNEL_CTL, (out) => writeSecurity(out.u32(program), security));

export interface SequenceArgs {
  readonly sessionId: Uint8Array;
  readonly sequence: number;
  readonly slot: number;
  readonly highestSlot: number;
  readonly cacheThis: boolean;
}

export interface SequenceResult {
  readonly sessionId: Buffer;
  readonly sequence: number;
  readonly slot: number;
  readonly highestSlot: number;
  readonly targetHighestSlot: number;
  readonly statusFlags: number;
}

export const sequence = (args: SequenceArgs) =>
  query(
    Op.SEQUENCE,
    (out) =>
      out.fixed(args.sessionId).u32(args.sequence).u32(args.slot).u32(args.highestSlot).bool(args.cacheThis),
    (r): SequenceResult => ({
      sessionId: readSessionId(r),
      sequence: r.u32(),
      slot: r.u32(),
      highestSlot: r.u32(),
      targetHighestSlot: r.u32(),
      statusFlags: r.u32(),
    }),
  );

export const destroyClientId = (clientId: bigint) =>
  command(Op.DESTROY_CLIENTID, (out) => out.bigU64(clientId));
export const reclaimComplete = (oneFs = false) => command(Op.RECLAIM_COMPLETE, (out) => out.bool(oneFs));
export const setSsv = (ssv: Uint8Array, digest: Uint8Array) =>
  query(
    Op.SET_SSV,
    (out) => out.opaque(ssv).opaque(digest),
    (r) => Buffer.from(r.opaque(MAX_FIELD)),
  );
