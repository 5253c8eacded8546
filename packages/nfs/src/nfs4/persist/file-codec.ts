import type { XdrReader, XdrWriter } from '../../xdr/index.ts';
import type { FileState } from '../state/files.ts';

const MAX_HANDLE = 64;

/** A file, by its share and its handle there. */
export interface FileRecord {
  readonly share: number;
  readonly handle: Buffer;
}

export function encodeFile(out: XdrWriter, file: FileState): void {
  out.u32(file.export.id).opaque(file.export.fileSystem.handle(file.node));
}

export function decodeFile(reader: XdrReader): FileRecord {
  return { share: reader.u32(), handle: Buffer.from(reader.opaque(MAX_HANDLE)) };
}
