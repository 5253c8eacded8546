import type { XdrReader, XdrWriter } from '../../xdr/index.ts';
import type { OpenState } from '../state/opens.ts';
import { decodeFile, encodeFile, type FileRecord } from './file-codec.ts';

const MAX_OWNER = 64 * 1024;

/** An open as the journal keeps it. */
export interface OpenRecord {
  readonly number: number;
  readonly seqid: number;
  readonly client: number;
  readonly owner: string;
  readonly file: FileRecord;
  readonly access: number;
  readonly deny: number;
  readonly accessSeen: number;
  readonly denySeen: number;
}

export function encodeOpen(out: XdrWriter, open: OpenState): void {
  out.u32(open.number).u32(open.seqid).u32(open.client.number).latin1(open.owner.key);
  encodeFile(out, open.file);
  out.u32(open.access).u32(open.deny).u32(open.accessSeen).u32(open.denySeen);
}

export function decodeOpen(reader: XdrReader): OpenRecord {
  return {
    number: reader.u32(),
    seqid: reader.u32(),
    client: reader.u32(),
    owner: reader.opaque(MAX_OWNER).toString('latin1'),
    file: decodeFile(reader),
    access: reader.u32(),
    deny: reader.u32(),
    accessSeen: reader.u32(),
    denySeen: reader.u32(),
  };
}
