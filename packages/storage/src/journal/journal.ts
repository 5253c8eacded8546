import { randomBytes } from 'node:crypto';
import type { RecordSink, RecordSource } from '@dfs/nfs';
import { ENCODED_BYTES } from '../file-system/inode.ts';
import type { DirtyRecord } from '../log/batch.ts';
import { CommitTimes } from '../log/commit-times.ts';
import { lacksRoom } from '../log/room.ts';
import type { Changes, Key } from '../metadata/store.ts';
import { type ContentLeft, ContentReader } from './content-left.ts';
import { FrameFlag, FrameWriter, readFrames } from './frame.ts';
import { FrameFile } from './frame-file.ts';
import { decodeHeader, framesOf, HEADER_BYTES, ID_BYTES, type JournalHeader } from './header.ts';
import type { JournalPlace } from './place.ts';
import { LeftRecords } from './records.ts';
import { isWhole, type Rewrite } from './rewrite.ts';

export interface JournalOptions {
  readonly place: JournalPlace;
  readonly header: JournalHeader;
  /** The engine's records of the last run, and the number of its last frame. */
  readonly records: ReadonlyMap<string, Buffer>;
  readonly frame: number;
  /** Bytes that the file may have before it is written anew. */
  readonly minBytes: number;
  /** Told when the journal cannot be written or synced: until {@link Journal.revive} there is none. */
  readonly onLost: (error: Error) => void;
  /** It was written anew, and waits for a {@link Journal.sync}. */
  readonly onFull?: () => void;
  /** A write found no room on the disk; true where it would now. */
  readonly makeRoom?: (error: unknown) => boolean;
  /** Bytes of content that it may have before it is written anew. */
  readonly contentBytes?: number;
  /**
   * Brings to the disk what is kept of content so far. The file is not written anew without that; the answer is called when nobody can find the old one
   * any more.
   */
  readonly settle?: () => Promise<() => void>;
}

const MS = 1000;
/** How much larger than when it was new a file becomes before it is written anew. */
const GROWTH = 4;
/** Bytes that one turn of the event loop writes of a new file. */
const SLICE_BYTES = 1024 * 1024;
/** Milliseconds after which a rewrite looks again whether changes have been flushed. */
const UNFLUSHED_MS = 5;

/** Counts since the start, for metrics. */
export interface JournalFigures {
  bytes: number;
  flushes: number;
  rewrites: number;
}

/**
 * The engine's records and the changes of batches, in the order in which they were made, in a file that survives the process. What is added
 * leaves the process with the next {@link flush}, in one write. After a loss of power the file is taken for nothing, unless its header says that it
 * is synced: then changes count that a {@link sync} has brought to the disk.
 *
 * Changes of the batch that is forming may be held back as long as a unit is not whole; units that do not depend on changes go on.
 */
export class Journal {
  readonly figures: JournalFigures = { bytes: 0, flushes: 0, rewrites: 0 };
  /** How long syncs took, the writing of names among it. */
  readonly syncTimes = new CommitTimes();
  #header: JournalHeader;
  readonly #options: JournalOptions;
  /** Who has the engine's records: the last run, as long as this one has not taken them up. */
  #source: RecordSource;
  #isTakenUp = false;
  /** Units on their own. */
  readonly #free = new FrameWriter();
  /** Changes, and the units that go with them. */
  readonly #bound = new FrameWriter();
  /** Where units go that are not kept. */
  #nowhere: FrameWriter | undefined;
  /** Where the unit goes that is being written. */
  #unit = this.#free;
  /** Records that have changed since the last flush. */
  readonly #touched: DirtyRecord[] = [];
  /** Where one of those is encoded, if it is an inode. */
  readonly #inode = Buffer.alloc(ENCODED_BYTES);
  #file: FrameFile | undefined;
  #bytes = 0;
  #newBytes = 0;
  /** Of those, content that was written since, or is in the new file as well. */
  #contentBytes = 0;
  #contentOrder = 0;
  /** It is not written anew before it has so many. */
  #largeFrom = 0;
  /** What is to be called once the file in use has its name for good. */
  #forget: (() => void) | undefined;
  #frame: number;
  #order = 0;
  #flags = 0;
  #isDirty = false;
  #toldHeld = false;
  #rewrite: Rewrite | undefined;
  /** Files that were begun. */
  #drafts = 0;
  /** The file in use may have another name after a loss of power. */
  #isNameLoose = true;
  /** Number of the last frame that is on the disk. */
  #syncedFrame = 0;

  /** Writes a new file with the records. Where that fails there is no journal, and `onLost` is told. */
  constructor(options: JournalOptions) {
    this.#options = options;
    this.#header = options.header;
    this.#source = new LeftRecords(options.records);
    this.#frame = options.frame;
    this.#guard(() => this.#writeAnew());
  }

  get header(): JournalHeader {
    return this.#header;
  }

  /** It could not be written, and is gone. */
  get isLost(): boolean {
    return this.#file === undefined;
  }

  /** Number of the last frame that was written. */
  get frame(): number {
    return this.#frame;
  }

  /** So large that it should be written anew. */
  get isLarge(): boolean {
    if (this.#rewrite !== undefined || this.isLost || this.#bytes < this.#largeFrom) return false;
    const bound = Math.max(this.#options.minBytes, GROWTH * this.#newBytes);
    return this.#contentBytes > this.#contentBound || this.#bytes - this.#contentBytes > bound;
  }

  get #contentBound(): number {
    return this.#options.contentBytes ?? 0;
  }

  /** It takes content: not where it cannot be written anew without what it has. */
  get takesContent(): boolean {
    return this.header.isSynced && !this.isLost && this.#contentBytes < GROWTH * this.#contentBound;
  }

  /** All that was flushed is on the disk. */
  get isSynced(): boolean {
    return this.#syncedFrame === this.#frame && !this.#isNameLoose;
  }

  change(key: Key, value: Buffer | undefined): void {
    if (this.isLost) return;
    this.#bound.change(key, value);
    this.#isDirty = true;
  }

  /** The record goes with the next flush of changes, as it is then. */
  touch(record: DirtyRecord): void {
    if (record.isUnflushed || this.isLost) return;
    record.isUnflushed = true;
    this.#touched.push(record);
    this.#isDirty = true;
  }

  /** A piece of content goes with the changes. Answers its order. */
  content(share: number, ino: number, offset: number, data: Buffer): number {
    const order = ++this.#contentOrder;
    if (this.isLost) return order;
    this.#bound.content({ share, ino, order }, offset, data);
    this.#contentBytes += data.length;
    this.#isDirty = true;
    return order;
  }

  /** Content of the file up to that order does not count any more. */
  contentSafe(share: number, ino: number, order: number): void {
    if (this.isLost) return;
    this.#bound.contentSafe({ share, ino, order });
    this.#isDirty = true;
  }

  /** All content of the share so far is doubted, as {@link FrameWriter.contentDoubt}: at once, for the host does not say it again. */
  contentDoubt(share: number): void {
    if (this.isLost) return;
    this.#free.contentDoubt({ share, ino: 0, order: this.#contentOrder });
    this.#isDirty = true;
    this.flush(0, true);
  }

  /** Content that it keeps. All must be flushed. */
  contentLeft(): ContentLeft {
    const reader = new ContentReader();
    const bytes = this.#options.place.read()?.bytes;
    if (bytes === undefined) return reader.left;
    const header = decodeHeader(bytes);
    if (header !== undefined) readFrames(bytes, framesOf(header), reader);
    return reader.left;
  }

  /** From now on `source` has the engine's records. Before the first unit. */
  keep(source: RecordSource): void {
    // One that is under way might write what the engine deletes after this.
    if (this.#rewrite !== undefined) this.#abandon(this.#rewrite);
    this.#source = source;
    this.#isTakenUp = true;
  }

  /** Begins a unit of the engine's records: it is to be written at once, and ended. */
  begin(withChanges: boolean): RecordSink {
    if (!this.#isTakenUp) throw new Error('nobody has said yet who keeps the records: keep() comes first');
    this.#unit = this.isLost ? this.#away() : withChanges ? this.#bound : this.#free;
    this.#unit.begin(this.#order + 1);
    return this.#unit;
  }

  /** The unit is whole. False where there is nothing in it. */
  end(): boolean {
    if (!this.#unit.end()) return false;
    this.#order++;
    this.#isDirty ||= !this.isLost;
    return true;
  }

  #away(): FrameWriter {
    this.#nowhere ??= new FrameWriter();
    this.#nowhere.clear();
    return this.#nowhere;
  }

  /**
   * Where it was lost, begins it anew with the records as they are: all changes so far must be in the metadata store, and content that it kept on the disk.
   * It has another id, which that store must be told: a loss of power may bring back the name of a file of before, which does not count any more.
   */
  revive(): void {
    if (!this.isLost) return;
    this.#header = { ...this.#header, id: randomBytes(ID_BYTES) };
    this.#guard(() => {
      // What has changed and was not appended comes with the rest.
      this.#source.sweep();
      this.#writeAnew();
    });
  }

  /** From now on nothing is shown or acknowledged that was not flushed, unless it is held. */
  rely(): void {
    this.#flags |= FrameFlag.RELIED;
    if (this.isLost) return;
    this.#guard(() => this.#write(new FrameWriter(), this.#flags, 0));
  }

  /** Writes what was added; with `held` only units on their own. `batch` is the one whose changes those are. */
  flush(batch: number, held: boolean): void {
    if (!this.#isDirty || this.isLost) return;
    this.#free.abandon();
    this.#bound.abandon();
    this.#guard(() => (held ? this.#flushFree() : this.#flushAll(batch)));
  }

  /**
   * Begins to write the file anew, in slices. `changes` are all that the journal has and the metadata store has not, of `batch`; nothing
   * may be unflushed.
   */
  rewrite(batch: number, changes: Changes | undefined): void {
    if (this.isLost || this.#rewrite !== undefined) return;
    this.#attempt(() => {
      // Whoever finds the name after a loss of power may find an older file.
      const rewrite = this.#beginRewrite(this.header.isSynced && !this.#isNameLoose);
      if (changes !== undefined && changes.size > 0) {
        const writer = new FrameWriter();
        for (const [key, value] of changes) writer.change(key, value);
        this.#appendTo(rewrite, writer, batch);
      }
      this.#settleContent(rewrite);
    });
    this.#goOn();
  }

  #settleContent(rewrite: Rewrite): void {
    const { settle } = this.#options;
    if (rewrite.contentBytes === 0 || settle === undefined) {
      rewrite.forget = () => {};
      return;
    }
    settle().then(
      (forget) => {
        rewrite.forget = forget;
        if (rewrite === this.#rewrite) this.#whole(rewrite);
      },
      () => {
        this.#abandon(rewrite);
        // Not again with the next change.
        this.#largeFrom = 2 * this.#bytes;
      },
    );
  }

  /** The new file takes the place of the one in use, if it has all there is and nothing is lost with that. */
  #whole(rewrite: Rewrite): void {
    if (!isWhole(rewrite)) return;
    if (this.header.isSynced) this.#options.onFull?.();
    else this.#attempt(() => this.#adopt(rewrite));
  }

  /** Answers when all that was flushed before survives a loss of power, or the journal was given up. One at a time. */
  sync(): Promise<void> {
    const file = this.#file;
    const rewrite = this.#rewrite;
    const isMore = this.isSynced || this.#isNameLoose || (rewrite !== undefined && isWhole(rewrite));
    if (file === undefined || isMore) return this.#syncAll();
    // Nearly always it is that alone, thousands of times a second.
    const frame = this.#frame;
    const startedAt = performance.now();
    return file.sync().then(
      () => {
        if (file === this.#file) this.#synced(frame, startedAt);
      },
      (error: unknown) => this.#syncFailed(file, error),
    );
  }

  #synced(frame: number, startedAt: number): void {
    this.syncTimes.add((performance.now() - startedAt) / MS);
    this.#syncedFrame = frame;
  }

  #syncFailed(file: FrameFile, error: unknown): void {
    if (file === this.#file) this.#giveUp(error instanceof Error ? error : new Error(String(error)));
  }

  async #syncAll(): Promise<void> {
    const frame = this.#frame;
    const startedAt = performance.now();
    const { isAnew, file } = await this.#syncDraft();
    if (file === undefined || (this.isSynced && !isAnew)) return;
    try {
      // The name counts only with what is in the file, and the file only by its name: in whichever order they get there.
      await Promise.all([isAnew || file.sync(), this.#isNameLoose && this.#options.place.syncNames()]);
    } catch (error) {
      this.#syncFailed(file, error);
      return;
    }
    if (file !== this.#file) return;
    this.#synced(frame, startedAt);
    if (this.#isNameLoose) {
      this.#isNameLoose = false;
      this.#forget?.();
      this.#forget = undefined;
    }
  }

  /**
   * Where the file was written anew, that is synced, and takes the place of the one in use: nobody needs to wait for what that one has not
   * written yet.
   */
  async #syncDraft(): Promise<{ isAnew: boolean; file: FrameFile | undefined }> {
    const rewrite = this.#rewrite;
    if (rewrite === undefined || !isWhole(rewrite)) return { isAnew: false, file: this.#file };
    try {
      await rewrite.file.sync();
      if (rewrite === this.#rewrite) this.#adopt(rewrite);
    } catch {
      this.#abandon(rewrite);
    }
    return { isAnew: rewrite.file === this.#file, file: this.#file };
  }

  /** Others have no room on the disk. False where none is given back. */
  trim(): boolean {
    try {
      return this.#options.place.trim?.() === true;
    } catch {
      return false;
    }
  }

  /** It must not be found any more. The mark in the metadata store says it as well. */
  remove(): void {
    quietly(() => this.#options.place.remove());
  }

  /** What it has of files may be needed, what it has of the engine must not be taken for whole. False where that cannot be made sure. */
  retire(): boolean {
    try {
      this.#options.place.retire();
      return true;
    } catch {
      return false;
    }
  }

  /** Writes what does not depend on changes, and lets go of the file, which stays for the next run. */
  close(): void {
    this.flush(0, true);
    this.#rewrite?.file.close();
    this.#rewrite = undefined;
    this.#file?.close();
    this.#file = undefined;
  }

  #flushAll(batch: number): void {
    this.#toldHeld = false;
    this.#isDirty = false;
    for (const record of this.#touched) {
      record.isUnflushed = false;
      this.#bound.change(record.key, record.encode(this.#inode));
    }
    this.#touched.length = 0;
    const { isEmpty } = this.#bound;
    if (!isEmpty && !this.#free.isEmpty) this.#bound.entriesOf(this.#free);
    const writer = isEmpty ? this.#free : this.#bound;
    this.#write(writer, this.#flags, batch);
    this.#free.clear();
    this.#bound.clear();
  }

  #flushFree(): void {
    // Told once: others see changes that are not here.
    const tellHeld = this.#hasChanges && !this.#toldHeld;
    if (this.#free.isEmpty && !tellHeld) return;
    this.#toldHeld ||= tellHeld;
    this.#write(this.#free, this.#flags | (this.#toldHeld ? FrameFlag.HELD : 0), 0);
    this.#free.clear();
  }

  get #hasChanges(): boolean {
    return !this.#bound.isEmpty || this.#touched.length > 0;
  }

  #write(writer: FrameWriter, flags: number, batch: number): void {
    const { length } = writer;
    const frame = writer.close(flags, batch, ++this.#frame);
    if (this.#file !== undefined) this.#append(this.#file, frame, length);
    this.#bytes += length;
    this.figures.bytes += length;
    this.figures.flushes++;
    const rewrite = this.#rewrite;
    if (rewrite === undefined) return;
    this.#attempt(() => {
      rewrite.file.append(frame, length);
      rewrite.bytes += length;
    });
  }

  #append(file: FrameFile, frame: Buffer, length: number): void {
    try {
      file.append(frame, length);
    } catch (error) {
      if (!lacksRoom(error)) throw error;
      if (this.trim()) {
        this.#append(file, frame, length);
        return;
      }
      if (this.#options.makeRoom?.(error) !== true) throw error;
      file.append(frame, length);
    }
  }

  #writeAnew(): void {
    // It is adopted before it is synced.
    const rewrite = this.#beginRewrite(false);
    while (!rewrite.isFull) this.#writeSlice(rewrite);
    this.#adopt(rewrite);
  }

  #beginRewrite(mayReuse: boolean): Rewrite {
    const { header } = this;
    const draft = this.#options.place.draft(header.isSynced, mayReuse);
    const file = new FrameFile(draft, header, ++this.#drafts);
    const writer = new FrameWriter();
    // What changes meanwhile is written to both files, behind what this has reached.
    const rewrite = {
      file,
      writer,
      steps: this.#source.write(writer),
      bytes: HEADER_BYTES,
      kept: HEADER_BYTES,
      isFull: false,
      contentBytes: this.#contentBytes,
      forget: undefined,
    };
    this.#rewrite = rewrite;
    return rewrite;
  }

  /** One slice for each turn, until the new file has all. */
  #goOn(): void {
    setImmediate(() => {
      const rewrite = this.#rewrite;
      if (rewrite === undefined || this.isLost) return;
      // A record whose unit waits for changes must not come to the new file before those.
      if (this.#hasChanges) {
        setTimeout(() => this.#goOn(), UNFLUSHED_MS).unref();
        return;
      }
      // Where that fails, what it was to write is nowhere.
      this.#guard(() => this.#source.sweep());
      this.flush(0, false);
      this.#attempt(() => rewrite === this.#rewrite && this.#writeSlice(rewrite));
      if (rewrite !== this.#rewrite) return;
      if (!rewrite.isFull) this.#goOn();
      else this.#whole(rewrite);
    });
  }

  #writeSlice(rewrite: Rewrite): void {
    const { writer, steps } = rewrite;
    let isFull = false;
    writer.begin(this.#order);
    while (!isFull && writer.length <= SLICE_BYTES) isFull = steps.next().done === true;
    writer.end();
    this.#appendTo(rewrite, writer, 0);
    rewrite.kept += writer.length;
    writer.clear();
    rewrite.isFull = isFull;
  }

  #appendTo(rewrite: Rewrite, writer: FrameWriter, batch: number): void {
    rewrite.file.append(writer.close(this.#flags, batch, this.#frame), writer.length);
    rewrite.bytes += writer.length;
  }

  #adopt(rewrite: Rewrite): void {
    this.#options.place.adopt();
    const old = this.#file;
    quietly(() => old?.close());
    this.#file = rewrite.file;
    this.#bytes = rewrite.bytes;
    this.#newBytes = rewrite.kept;
    this.#contentBytes -= rewrite.contentBytes;
    this.#largeFrom = 0;
    this.#rewrite = undefined;
    this.#isNameLoose = true;
    this.#forget = chained(this.#forget, rewrite.forget);
    this.figures.rewrites++;
  }

  /** A part of a rewrite. Where it fails, the file in use stays in use. */
  #attempt(write: () => void): void {
    try {
      write();
    } catch {
      this.#abandon(this.#rewrite);
    }
  }

  #abandon(rewrite: Rewrite | undefined): void {
    if (rewrite !== this.#rewrite) return;
    const { place } = this.#options;
    this.#rewrite = undefined;
    for (const tidy of [() => rewrite?.file.close(), () => place.draft(false).close()]) quietly(tidy);
  }

  /** A journal that cannot be written is none: the next run must not take it for whole. */
  #guard(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#giveUp(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #giveUp(error: Error): void {
    for (const close of [() => this.#rewrite?.file.close(), () => this.#file?.close()]) quietly(close);
    this.#rewrite = undefined;
    this.#file = undefined;
    this.#free.clear();
    this.#bound.clear();
    for (const record of this.#touched.splice(0)) record.isUnflushed = false;
    this.#options.onLost(error);
  }
}

function chained(first: (() => void) | undefined, then: (() => void) | undefined): () => void {
  return () => {
    first?.();
    then?.();
  };
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // It was for tidiness only.
  }
}
