import type { XdrReader, XdrWriter } from '../../xdr/index.ts';
import { VERIFIER_SIZE } from '../constants/index.ts';
import type { Client } from '../state/clients.ts';

const MAX_BYTES = 64 * 1024;

/** A client record as the journal keeps it. */
export interface ClientRecord {
  readonly number: number;
  readonly owner: Buffer;
  readonly verifier: Buffer;
  readonly flavor: number;
  readonly uid: number;
  readonly remoteAddress: string;
  readonly implementation: { readonly domain: string; readonly name: string } | undefined;
  readonly confirmed: boolean;
  readonly createSequence: number;
  readonly createReply: Buffer | undefined;
  readonly reclaimComplete: boolean;
  readonly createdAt: number;
  readonly leaseMs: number;
}

export function encodeClient(out: XdrWriter, client: Client): void {
  out.u32(client.number).opaque(client.owner).fixed(client.verifier);
  out.u32(client.principal.flavor).u32(client.principal.uid).string(client.remoteAddress);
  const { implementation, createReply } = client;
  out.bool(implementation !== undefined);
  if (implementation !== undefined) out.string(implementation.domain).string(implementation.name);
  out
    .bool(client.confirmed)
    .u32(client.createSequence)
    .bool(createReply !== undefined);
  if (createReply !== undefined) out.opaque(createReply);
  out.bool(client.reclaimComplete).u64(Math.floor(client.createdAt)).u64(Math.floor(client.leaseMs));
}

export function decodeClient(reader: XdrReader): ClientRecord {
  const text = () => reader.opaque(MAX_BYTES).toString('utf8');
  return {
    number: reader.u32(),
    owner: Buffer.from(reader.opaque(MAX_BYTES)),
    verifier: Buffer.from(reader.fixed(VERIFIER_SIZE)),
    flavor: reader.u32(),
    uid: reader.u32(),
    remoteAddress: text(),
    implementation: reader.bool() ? { domain: text(), name: text() } : undefined,
    confirmed: reader.bool(),
    createSequence: reader.u32(),
    createReply: reader.bool() ? Buffer.from(reader.opaque(MAX_BYTES)) : undefined,
    reclaimComplete: reader.bool(),
    createdAt: reader.u64(),
    leaseMs: reader.u64(),
  };
}
