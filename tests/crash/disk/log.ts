/** What recorder.c notes: a head, a name, data; numbers as x86-64 and ARM64 have them. */
export const Kind = {
  OPEN: 1,
  CREATE: 2,
  MKDIR: 3,
  WRITE: 4,
  TRUNCATE: 5,
  SYNC: 6,
  SYNC_ALL: 7,
  RENAME: 8,
  UNLINK: 9,
  PUNCH: 10,
  ALLOCATE: 11,
  LINK: 12,
} as const;

export interface Note {
  /** Counted from 0 in each log. A sync's `offset` is the number of the first note that it does not cover. */
  readonly number: number;
  readonly kind: number;
  /** Below the folder, with a slash before it; empty for the folder itself. */
  readonly name: string;
  readonly ino: number;
  /** The new size of TRUNCATE. */
  readonly offset: number;
  /** For WRITE not 0 where it was synced by itself. */
  readonly length: number;
  /** A part of the log. */
  readonly data: Buffer;
}

const NAME_BYTES_AT = 4;
const INO_AT = 8;
const OFFSET_AT = 16;
const LENGTH_AT = 24;
const DATA_BYTES_AT = 32;
const HEAD_BYTES = 40;

function number64(log: Buffer, at: number): number {
  return Number(log.readBigUInt64LE(at));
}

/** All whole notes of a log: the last one may have been cut short. */
export function* readNotes(log: Buffer): Generator<Note> {
  for (let at = 0, number = 0; at + HEAD_BYTES <= log.length; number++) {
    const nameAt = at + HEAD_BYTES;
    const dataAt = nameAt + log.readUInt32LE(at + NAME_BYTES_AT);
    const end = dataAt + number64(log, at + DATA_BYTES_AT);
    if (end > log.length) return;
    yield {
      number,
      kind: log.readUInt32LE(at),
      name: log.toString('utf8', nameAt, dataAt),
      ino: number64(log, at + INO_AT),
      offset: number64(log, at + OFFSET_AT),
      length: number64(log, at + LENGTH_AT),
      data: log.subarray(dataAt, end),
    };
    at = end;
  }
}
