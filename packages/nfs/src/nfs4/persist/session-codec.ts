import type { XdrReader, XdrWriter } from '../../xdr/index.ts';
import { SESSION_ID_SIZE } from '../constants/index.ts';
import type { CallbackSecurity, ChannelAttributes, Session } from '../state/sessions.ts';

const MAX_SECURITY = 64;
const MAX_CREDENTIAL = 64 * 1024;
const MAX_BACK_SLOTS = 1024;

/** A session as the journal keeps it; its slots have records of their own. */
export interface SessionRecord {
  readonly number: number;
  readonly id: Buffer;
  readonly client: number;
  readonly minor: number;
  readonly flags: number;
  readonly createdAt: number;
  readonly callbackProgram: number;
  readonly fore: ChannelAttributes;
  readonly back: ChannelAttributes;
  readonly callbackSecurity: readonly CallbackSecurity[];
  readonly mostSlots: number;
  readonly granted: number;
  readonly target: number;
  /** The last sequence id that was tried on each slot of the back channel. */
  readonly backSequences: readonly number[];
}

export function encodeSession(out: XdrWriter, session: Session): void {
  out.u32(session.number).fixed(session.id).u32(session.client.number).u32(session.minor).u32(session.flags);
  out.u64(Math.floor(session.createdAt)).u32(session.callbackProgram);
  writeChannel(out, session.fore);
  writeChannel(out, session.back);
  out.u32(session.callbackSecurity.length);
  for (const { flavor, credential } of session.callbackSecurity) out.u32(flavor).opaque(credential);
  const { granted, target } = session.slots.view();
  out.u32(session.slots.most).u32(granted).u32(target).u32(session.backSequences.length);
  for (const sequence of session.backSequences) out.u32(sequence);
}

function writeChannel(out: XdrWriter, channel: ChannelAttributes): void {
  out.u32(channel.headerPad).u32(channel.maxRequest).u32(channel.maxResponse).u32(channel.maxResponseCached);
  out.u32(channel.maxOperations).u32(channel.maxRequests);
}

function readChannel(reader: XdrReader): ChannelAttributes {
  return {
    headerPad: reader.u32(),
    maxRequest: reader.u32(),
    maxResponse: reader.u32(),
    maxResponseCached: reader.u32(),
    maxOperations: reader.u32(),
    maxRequests: reader.u32(),
  };
}

function list<T>(reader: XdrReader, max: number, read: () => T): T[] {
  return Array.from({ length: reader.count(max) }, read);
}

export function decodeSession(reader: XdrReader): SessionRecord {
  return {
    number: reader.u32(),
    id: Buffer.from(reader.fixed(SESSION_ID_SIZE)),
    client: reader.u32(),
    minor: reader.u32(),
    flags: reader.u32(),
    createdAt: reader.u64(),
    callbackProgram: reader.u32(),
    fore: readChannel(reader),
    back: readChannel(reader),
    callbackSecurity: list(reader, MAX_SECURITY, () => ({
      flavor: reader.u32(),
      credential: Buffer.from(reader.opaque(MAX_CREDENTIAL)),
    })),
    mostSlots: reader.u32(),
    granted: reader.u32(),
    target: reader.u32(),
    backSequences: list(reader, MAX_BACK_SLOTS, () => reader.u32()),
  };
}
