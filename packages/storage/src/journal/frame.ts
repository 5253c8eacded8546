import { crc32 } from 'node:zlib';
import { type RecordSink, XdrWriter } from '@dfs/nfs';
import { readNumber, write32, writeNumber } from '../file-system/keys.ts';
import { HOST_PAGE_BYTES } from '../limits.ts';
import type { Key } from '../metadata/store.ts';

/*
 * A journal file is a header, frames, and maybe zeros. A frame is one write(2): a process that is killed leaves all of it, or a beginning
 * of the last one, which is not there then. A file that is synced may be written over one of before: there are four zeros behind the last frame
 * then, and what was in it before. The salt of its header tells its frames from those.
 *
 *   frame:  4 bytes length of the body, 4 bytes CRC-32 of the body XOR the salt, body
 *   body:   1 byte flags, 8 bytes batch, 8 bytes number of the frame, entries
 *   entry:  1 byte kind, then by kind
 *           CHANGE, RECORD                  2 bytes length of key, 4 bytes length of value, key, value
 *           CHANGE_DELETED, RECORD_DELETED  2 bytes length of key, key
 *           UNIT                            8 bytes order
 *           CONTENT                         place, 8 bytes offset, 4 bytes length, data
 *           CONTENT_SAFE                    place
 *           CONTENT_DOUBT                   place
 *   place:  4 bytes share, 8 bytes inode, 8 bytes order
 */
const LENGTH_BYTES = 4;
const BODY_AT = 8;
const NUMBER_BYTES = 8;
const BATCH_AT = BODY_AT + 1;
const FRAME_NUMBER_AT = BATCH_AT + NUMBER_BYTES;
const ENTRIES_AT = FRAME_NUMBER_AT + NUMBER_BYTES;
const KEY_LENGTH_BYTES = 2;
const VALUE_LENGTH_BYTES = 4;
/** A key takes at most this many bytes for each of its characters. */
const MAX_CHARACTER_BYTES = 3;
const MAX_KEY_BYTES = 0xffff;
/** Up to so many characters a loop is done sooner than a call into the runtime. */
const SHORT = 64;
const MAX_ASCII = 0x7f;

const Kind = {
  CHANGE: 1,
  CHANGE_DELETED: 2,
  UNIT: 3,
  RECORD: 4,
  RECORD_DELETED: 5,
  CONTENT: 6,
  CONTENT_SAFE: 7,
  CONTENT_DOUBT: 8,
} as const;
const PLACE_BYTES = 4 + 2 * NUMBER_BYTES;

/** Which of the content that a journal keeps. */
export interface ContentPlace {
  readonly share: number;
  readonly ino: number;
  /** Counts what is written of content to a journal. */
  readonly order: number;
}

export const FrameFlag = {
  /** Changes that others may have seen are not in the journal yet: they are held. */
  HELD: 1,
  /** What was shown or written is not all there. */
  DOUBT: 2,
  /** Whoever shows or acknowledges anything flushes the journal before. */
  RELIED: 4,
} as const;

const INITIAL_BYTES = 64 * 1024;
/** A buffer that has grown beyond this is let go of after the frame that needed it. */
const KEPT_BYTES = 1024 * 1024;
/** The value of most records is shorter. */
const VALUE_ROOM = 1024;
/** Digits of the largest number of a key, and what stands in front of them. */
const NUMBER_ROOM = 17;
const SLASH = 0x2f;
const ZERO = 0x30;
const TEN = 10;
const MAX_INT = 0x7fffffff;

/** Gathers the entries of one frame. */
export class FrameWriter implements RecordSink {
  #buffer = Buffer.allocUnsafe(INITIAL_BYTES);
  #end = ENTRIES_AT;
  /** Writes values where they belong. */
  readonly #value = new XdrWriter(0);
  /** Where the value begins that is being written; 0 where none is. */
  #valueAt = 0;
  /** Where its length is to stand. */
  #valueLengthAt = 0;
  /** Where the unit begins that is being written; 0 where none is. */
  #unitAt = 0;

  get isEmpty(): boolean {
    return this.#end === ENTRIES_AT;
  }

  /** Bytes of the frame as it is. */
  get length(): number {
    return this.#end;
  }

  /** A change of the metadata store; undefined deletes. */
  change(key: Key, value: Buffer | undefined): void {
    this.abandon();
    const head = 1 + KEY_LENGTH_BYTES + VALUE_LENGTH_BYTES;
    this.#room(head + key.length * MAX_CHARACTER_BYTES + (value?.length ?? 0));
    const b = this.#buffer;
    const start = this.#end;
    b[start] = value === undefined ? Kind.CHANGE_DELETED : Kind.CHANGE;
    const keyAt = start + (value === undefined ? 1 + KEY_LENGTH_BYTES : head);
    this.#end = keyAt + writeKey(b, key, keyAt, 'latin1', start + 1);
    if (value === undefined) return;
    write32(b, value.length, start + 1 + KEY_LENGTH_BYTES);
    b.set(value, this.#end);
    this.#end += value.length;
  }

  /** A piece of a file's content. */
  content(place: ContentPlace, offset: number, data: Buffer): void {
    this.#place(Kind.CONTENT, place, NUMBER_BYTES + VALUE_LENGTH_BYTES + data.length);
    const at = this.#end;
    writeNumber(this.#buffer, offset, at);
    write32(this.#buffer, data.length, at + NUMBER_BYTES);
    this.#buffer.set(data, at + NUMBER_BYTES + VALUE_LENGTH_BYTES);
    this.#end = at + NUMBER_BYTES + VALUE_LENGTH_BYTES + data.length;
  }

  /** Pieces of the file up to that order do not count any more. */
  contentSafe(place: ContentPlace): void {
    this.#place(Kind.CONTENT_SAFE, place, 0);
  }

  /** What the host has of the share's files is not to be believed: pieces up to that order count, whatever it says. */
  contentDoubt(place: ContentPlace): void {
    this.#place(Kind.CONTENT_DOUBT, place, 0);
  }

  #place(kind: number, { share, ino, order }: ContentPlace, more: number): void {
    this.abandon();
    this.#room(1 + PLACE_BYTES + more);
    const at = this.#end;
    this.#buffer[at] = kind;
    write32(this.#buffer, share, at + 1);
    writeNumber(this.#buffer, ino, at + 1 + 4);
    writeNumber(this.#buffer, order, at + 1 + 4 + NUMBER_BYTES);
    this.#end = at + 1 + PLACE_BYTES;
  }

  /** The records up to {@link end} belong to one unit. Those of a later order win, wherever they stand. */
  begin(order: number): void {
    this.abandon();
    this.#room(1 + NUMBER_BYTES);
    this.#unitAt = this.#end;
    this.#buffer[this.#end] = Kind.UNIT;
    writeNumber(this.#buffer, order, this.#end + 1);
    this.#end += 1 + NUMBER_BYTES;
  }

  /** The unit is whole; false, and there is none, where it has no record. */
  end(): boolean {
    this.#endValue();
    const isEmpty = this.#end === this.#unitAt + 1 + NUMBER_BYTES;
    if (isEmpty) this.#end = this.#unitAt;
    this.#unitAt = 0;
    return !isEmpty;
  }

  /** A unit that was begun and not ended is none. */
  abandon(): void {
    if (this.#unitAt > 0) this.#end = this.#unitAt;
    this.#unitAt = 0;
    this.#valueAt = 0;
  }

  put(kind: string, number: number, part: number): XdrWriter {
    this.#endValue();
    const head = 1 + KEY_LENGTH_BYTES + VALUE_LENGTH_BYTES;
    this.#room(head + kind.length * MAX_CHARACTER_BYTES + 2 * NUMBER_ROOM + VALUE_ROOM);
    const start = this.#end;
    this.#buffer[start] = Kind.RECORD;
    this.#end = this.#recordKey(start + head, start + 1, kind, number, part);
    this.#valueLengthAt = start + 1 + KEY_LENGTH_BYTES;
    this.#valueAt = this.#end;
    return this.#value.lend(this.#buffer, this.#end, this.#buffer.length);
  }

  delete(kind: string, number: number, part: number): void {
    this.#endValue();
    const head = 1 + KEY_LENGTH_BYTES;
    this.#room(head + kind.length * MAX_CHARACTER_BYTES + 2 * NUMBER_ROOM);
    this.#buffer[this.#end] = Kind.RECORD_DELETED;
    this.#end = this.#recordKey(this.#end + head, this.#end + 1, kind, number, part);
  }

  /** All entries of another one. */
  entriesOf(other: FrameWriter): void {
    const count = other.#end - ENTRIES_AT;
    this.#room(count);
    other.#buffer.copy(this.#buffer, this.#end, ENTRIES_AT, other.#end);
    this.#end += count;
  }

  /** The frame, whole, for a file without a salt, see {@link salt}: the first {@link length} bytes of what this returns, good until the next call. */
  close(flags: number, batch: number, number: number): Buffer {
    const b = this.#buffer;
    b.writeUInt32BE(this.#end - BODY_AT, 0);
    b[BODY_AT] = flags;
    writeNumber(b, batch, BATCH_AT);
    writeNumber(b, number, FRAME_NUMBER_AT);
    b.writeUInt32BE(crc32(b.subarray(BODY_AT, this.#end)), LENGTH_BYTES);
    return b;
  }

  clear(): void {
    this.#end = ENTRIES_AT;
    this.#unitAt = 0;
    this.#valueAt = 0;
    if (this.#buffer.length > KEPT_BYTES) this.#buffer = Buffer.allocUnsafe(INITIAL_BYTES);
  }

  /** Writes a record's key, and its length at `lengthAt`. Answers where it ends. */
  #recordKey(at: number, lengthAt: number, kind: string, number: number, part: number): number {
    const b = this.#buffer;
    let end = at + writeKey(b, kind, at, 'utf8', lengthAt);
    if (number < 0) return end;
    end = writeDecimal(b, number, end);
    if (part >= 0) end = writeDecimal(b, part, end);
    writeLength(b, end - at, lengthAt);
    return end;
  }

  #endValue(): void {
    const at = this.#valueAt;
    if (at === 0) return;
    const value = this.#value;
    const length = value.position;
    if (value.buffer !== this.#buffer) {
      // It was too long for the room it had, and has moved.
      this.#room(length);
      this.#buffer.set(value.bytes(), at);
    }
    write32(this.#buffer, length, this.#valueLengthAt);
    this.#end = at + length;
    this.#valueAt = 0;
  }

  #room(bytes: number): void {
    const needed = this.#end + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length));
    this.#buffer.copy(larger, 0, 0, this.#end);
    this.#buffer = larger;
  }
}

/** Writes a key at `at`, and its length at `lengthAt`, which it returns. */
function writeKey(b: Buffer, key: string, at: number, encoding: 'latin1' | 'utf8', lengthAt: number): number {
  const bytes = writeShort(b, key, at) ? key.length : b.write(key, at, encoding);
  writeLength(b, bytes, lengthAt);
  return bytes;
}

function writeLength(b: Buffer, bytes: number, at: number): void {
  if (bytes > MAX_KEY_BYTES) throw new RangeError(`a key of ${bytes} bytes`);
  b[at] = bytes >>> 8;
  b[at + 1] = bytes;
}

/** Writes a number behind a slash. Answers where it ends. */
function writeDecimal(b: Buffer, number: number, at: number): number {
  b[at] = SLASH;
  let digits = 1;
  for (let bound = TEN; bound <= number; bound *= TEN) digits++;
  let i = at + digits;
  let left = number;
  for (; left > MAX_INT; i--) {
    const rest = Math.floor(left / TEN);
    b[i] = left - rest * TEN + ZERO;
    left = rest;
  }
  // Whole numbers of 31 bits are divided by a multiplication.
  for (let small = left | 0; i > at; i--) {
    const rest = (small / TEN) | 0;
    b[i] = small - rest * TEN + ZERO;
    small = rest;
  }
  return at + 1 + digits;
}

/** Writes a short text that is ASCII; false where it is not. */
function writeShort(b: Buffer, text: string, at: number): boolean {
  const { length } = text;
  if (length > SHORT) return false;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > MAX_ASCII) return false;
    b[at + i] = code;
  }
  return true;
}

/** Makes a frame for a file without a salt one for a file with that, and the other way round. */
export function salt(frame: Buffer, by: number): void {
  frame.writeUInt32BE((frame.readUInt32BE(LENGTH_BYTES) ^ by) >>> 0, LENGTH_BYTES);
}

/** Takes the entries of a frame. */
export interface FrameVisitor {
  frame(flags: number, batch: number, number: number): void;
  change(key: Key, value: Buffer | undefined): void;
  unit(order: number): void;
  record(key: string, value: Buffer | undefined): void;
  content(place: ContentPlace, offset: number, data: Buffer): void;
  contentSafe(place: ContentPlace): void;
  contentDoubt(place: ContentPlace): void;
}

/** Where the frames of a file begin, and their salt. */
export interface Frames {
  readonly at: number;
  readonly salt: number;
}

/**
 * Hands over all whole frames, up to the end of what was written: behind it there may be zeros, or the beginning of a frame, and in a file with a salt
 * anything else. False where it does not end so: a frame is damaged. Values are parts of `file`.
 */
export function readFrames(file: Buffer, { at, salt }: Frames, visitor: FrameVisitor): boolean {
  for (let start = at; start < file.length; ) {
    const end = frameEnd(file, start, salt);
    if (end === undefined) return salt === 0 ? isCutOff(file, start) : !isFollowed(file, start, salt);
    visitor.frame(
      file[start + BODY_AT] as number,
      readNumber(file, start + BATCH_AT),
      readNumber(file, start + FRAME_NUMBER_AT),
    );
    if (!readEntries(file, start + ENTRIES_AT, end, visitor)) return false;
    start = end;
  }
  return true;
}

/** Where a frame that starts there would end; undefined where there cannot be one. */
function endOf(file: Buffer, start: number): number | undefined {
  if (start + ENTRIES_AT > file.length) return undefined;
  const end = start + BODY_AT + file.readUInt32BE(start);
  return end < start + ENTRIES_AT || end > file.length ? undefined : end;
}

/** Where the frame that starts there ends; undefined where there is no whole one. */
function frameEnd(file: Buffer, start: number, salt: number): number | undefined {
  const end = endOf(file, start);
  if (end === undefined) return undefined;
  const crc = (crc32(file.subarray(start + BODY_AT, end)) ^ salt) >>> 0;
  return crc === file.readUInt32BE(start + LENGTH_BYTES) ? end : undefined;
}

/** Behind the frame that starts there, and is not whole, there is one that is. */
function isFollowed(file: Buffer, start: number, salt: number): boolean {
  const end = endOf(file, start);
  return end !== undefined && frameEnd(file, end, salt) !== undefined;
}

/**
 * What starts there is the end of what was written, or a frame that its process was killed in: then the host has what came before one of its
 * pages, and nothing of what follows.
 */
function isCutOff(file: Buffer, start: number): boolean {
  const length = start + LENGTH_BYTES > file.length ? 0 : file.readUInt32BE(start);
  const end = start + BODY_AT + length;
  if (end > file.length) return true;
  const page = end - 1 - ((end - 1) % HOST_PAGE_BYTES);
  return isZero(file, length === 0 ? start : Math.max(page, start));
}

const ZEROS = Buffer.alloc(64 * 1024);

function isZero(file: Buffer, from: number): boolean {
  for (let at = from; at < file.length; at += ZEROS.length) {
    const part = file.subarray(at, at + ZEROS.length);
    if (part.compare(ZEROS, 0, part.length) !== 0) return false;
  }
  return true;
}

function readEntries(file: Buffer, from: number, end: number, visitor: FrameVisitor): boolean {
  for (let at = from; at < end; ) {
    const kind = file[at++];
    if (kind === Kind.UNIT) {
      visitor.unit(readNumber(file, at));
      at += NUMBER_BYTES;
      continue;
    }
    if (kind === Kind.CONTENT || kind === Kind.CONTENT_SAFE || kind === Kind.CONTENT_DOUBT) {
      at = readContent(file, kind, at, visitor);
      continue;
    }
    const hasValue = kind === Kind.CHANGE || kind === Kind.RECORD;
    if (!hasValue && kind !== Kind.CHANGE_DELETED && kind !== Kind.RECORD_DELETED) return false;
    const keyBytes = file.readUInt16BE(at);
    at += KEY_LENGTH_BYTES;
    const valueBytes = hasValue ? file.readUInt32BE(at) : 0;
    if (hasValue) at += VALUE_LENGTH_BYTES;
    const valueAt = at + keyBytes;
    const value = hasValue ? file.subarray(valueAt, valueAt + valueBytes) : undefined;
    if (kind === Kind.CHANGE || kind === Kind.CHANGE_DELETED) {
      visitor.change(file.toString('latin1', at, valueAt), value);
    } else visitor.record(file.toString('utf8', at, valueAt), value);
    at = valueAt + valueBytes;
  }
  return true;
}

/** Answers where the entry ends. */
function readContent(file: Buffer, kind: number, at: number, visitor: FrameVisitor): number {
  const place: ContentPlace = {
    share: file.readUInt32BE(at),
    ino: readNumber(file, at + 4),
    order: readNumber(file, at + 4 + NUMBER_BYTES),
  };
  const end = at + PLACE_BYTES;
  if (kind === Kind.CONTENT_DOUBT) visitor.contentDoubt(place);
  if (kind === Kind.CONTENT_SAFE) visitor.contentSafe(place);
  if (kind !== Kind.CONTENT) return end;
  const dataAt = end + NUMBER_BYTES + VALUE_LENGTH_BYTES;
  const dataEnd = dataAt + file.readUInt32BE(end + NUMBER_BYTES);
  visitor.content(place, readNumber(file, end), file.subarray(dataAt, dataEnd));
  return dataEnd;
}
