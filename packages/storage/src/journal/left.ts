import type { Key } from '../metadata/store.ts';
import { type ContentLeft, ContentReader } from './content-left.ts';
import { FrameFlag, readFrames } from './frame.ts';
import { decodeHeader, framesOf } from './header.ts';
import type { Mark } from './mark.ts';
import type { JournalContent } from './place.ts';

/** What the last run has left in its journal. */
export interface Left {
  /** Records of files that the metadata store does not have yet, of batches up to `batch`. Parts of the file that was read. */
  readonly changes: ReadonlyMap<Key, Buffer | undefined>;
  readonly batch: number;
  /** Content of files that may not be on the disk. */
  readonly content: ContentLeft;
  /** The host has not started anew since: what the process wrote to files is in its memory, if not on the disk. */
  readonly isSameBoot: boolean;
  /** What the host has of content may not be what was written. */
  readonly isRetired: boolean;
  /** Undefined where what the process left may not be there to the last frame. */
  readonly whole: LeftWhole | undefined;
}

/** What is good only where nothing is lacking that was written. */
export interface LeftWhole {
  readonly id: Buffer;
  readonly run: Buffer;
  /** Number of the last frame. */
  readonly frame: number;
  /** Nothing is lacking that was ever shown to anybody, or acknowledged. */
  readonly exact: boolean;
  /** The engine's, as it left them. */
  readonly records: ReadonlyMap<string, Buffer>;
}

/**
 * Reads a journal; undefined where it is of no use: not the one that the metadata store knows, damaged, or written before the machine's last
 * start and not synced. One that is synced counts up to where it cannot be read: what the disk lost in front of that was not acknowledged.
 */
export function readLeft(
  content: JournalContent | undefined,
  bootId: string | undefined,
  mark: Mark | undefined,
): Left | undefined {
  if (content === undefined || mark === undefined) return undefined;
  const file = content.bytes;
  const header = decodeHeader(file);
  if (header === undefined || !header.id.equals(mark.id)) return undefined;
  const isSameBoot = bootId !== undefined && header.bootId === bootId;
  if (!isSameBoot && !header.isSynced) return undefined;
  const reader = new LeftReader(mark.batch);
  const isIntact = readFrames(file, framesOf(header), reader) && reader.number >= mark.frame;
  if (!isIntact && !header.isSynced) return undefined;
  const { number: frame, batch, changes, exact } = reader;
  const { id, run } = header;
  const isWhole = isSameBoot && isIntact && !content.isRetired;
  return {
    changes,
    batch,
    content: reader.left,
    isSameBoot,
    isRetired: content.isRetired,
    whole: isWhole ? { id, run, frame, exact, records: reader.records() } : undefined,
  };
}

class LeftReader extends ContentReader {
  number = 0;
  batch: number;
  readonly changes = new Map<Key, Buffer | undefined>();
  readonly #committed: number;
  readonly #records = new Map<string, { readonly order: number; readonly value: Buffer | undefined }>();
  #held = false;
  #doubt = false;
  #relied = false;
  #isCommitted = false;
  #order = 0;

  constructor(committed: number) {
    super();
    this.#committed = committed;
    this.batch = committed;
  }

  get exact(): boolean {
    return this.#relied && !this.#held && !this.#doubt;
  }

  override frame(flags: number, batch: number, number: number): void {
    this.#held = (flags & FrameFlag.HELD) !== 0;
    if ((flags & FrameFlag.DOUBT) !== 0) this.#doubt = true;
    if ((flags & FrameFlag.RELIED) !== 0) this.#relied = true;
    this.number = Math.max(this.number, number);
    this.batch = Math.max(this.batch, batch);
    this.#isCommitted = batch <= this.#committed;
  }

  override change(key: Key, value: Buffer | undefined): void {
    if (!this.#isCommitted) this.changes.set(key, value);
  }

  override unit(order: number): void {
    this.#order = order;
  }

  override record(key: string, value: Buffer | undefined): void {
    const known = this.#records.get(key);
    if (known === undefined || known.order <= this.#order)
      this.#records.set(key, { order: this.#order, value });
  }

  /** Copies: the file is large, and most of it is history. */
  records(): Map<string, Buffer> {
    const records = new Map<string, Buffer>();
    for (const [key, { value }] of this.#records) {
      if (value !== undefined) records.set(key, Buffer.from(value));
    }
    return records;
  }
}
