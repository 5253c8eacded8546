import { key32, readNumber, Table, writeNumber } from '../file-system/keys.ts';
import type { Key } from '../metadata/store.ts';
import { ID_BYTES } from './header.ts';

/** What the metadata store knows of the journal: written with every batch. */
export interface Mark {
  /** Number of the batch that wrote it. */
  readonly batch: number;
  /** The journal's, or zeros where there was none. */
  readonly id: Buffer;
  /** Number of the last frame that had been written: a journal without it is not whole. */
  readonly frame: number;
}

const NUMBER_BYTES = 8;
const FRAME_AT = NUMBER_BYTES + ID_BYTES;
const BYTES = FRAME_AT + NUMBER_BYTES;
export const NO_JOURNAL = Buffer.alloc(ID_BYTES);

/** Belongs to no share. */
export const MARK_KEY: Key = key32(0) + Table.MARK;

export function encodeMark({ batch, id, frame }: Mark): Buffer {
  const b = Buffer.allocUnsafe(BYTES);
  writeNumber(b, batch, 0);
  id.copy(b, NUMBER_BYTES);
  writeNumber(b, frame, FRAME_AT);
  return b;
}

export function decodeMark(b: Buffer): Mark {
  if (b.length !== BYTES) throw new Error("the journal's mark: unknown form");
  return {
    batch: readNumber(b, 0),
    id: Buffer.from(b.subarray(NUMBER_BYTES, FRAME_AT)),
    frame: readNumber(b, FRAME_AT),
  };
}
