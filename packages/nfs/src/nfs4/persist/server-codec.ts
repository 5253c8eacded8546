import type { XdrReader, XdrWriter } from '../../xdr/index.ts';
import { XdrError } from '../../xdr/index.ts';

const FORMAT = 1;
const MAX_OWNER = 64 * 1024;
const MAX_OWNERS = 1_000_000;

/** What clientids, session ids and stateids of the run begin with, and numbers that none of them has had yet. */
export interface ServerRecord {
  readonly instance: number;
  readonly stateidInstance: number;
  readonly nextClient: number;
  readonly nextSession: number;
  readonly nextStateid: number;
}

export function encodeServer(out: XdrWriter, server: ServerRecord): void {
  out.u32(FORMAT).u32(server.instance).u32(server.stateidInstance);
  out.u32(server.nextClient).u32(server.nextSession).u32(server.nextStateid);
}

export function decodeServer(reader: XdrReader): ServerRecord {
  const format = reader.u32();
  if (format !== FORMAT) throw new XdrError(`format ${format} of the journal's records is not known`);
  return {
    instance: reader.u32(),
    stateidInstance: reader.u32(),
    nextClient: reader.u32(),
    nextSession: reader.u32(),
    nextStateid: reader.u32(),
  };
}

/** The owners who may still reclaim, in a grace period that is under way. */
export function encodeWaiting(out: XdrWriter, owners: ReadonlySet<string>): void {
  out.u32(owners.size);
  for (const owner of owners) out.opaque(Buffer.from(owner, 'latin1'));
}

export function decodeWaiting(reader: XdrReader): Set<string> {
  const count = reader.count(MAX_OWNERS);
  return new Set(Array.from({ length: count }, () => reader.opaque(MAX_OWNER).toString('latin1')));
}
