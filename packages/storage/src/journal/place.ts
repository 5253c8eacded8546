/** A file that only grows. Its calls are synchronous, its refusals the host's errors. */
export interface JournalFile {
  /** There is something in it already, see {@link JournalPlace.draft}. */
  readonly isUsed?: boolean;
  /** Adds the first `length` bytes of `data`, all of them: they survive the process when this returns. */
  append(data: Buffer, length: number): void;
  /** All that was added before survives a loss of power when this answers. One at a time. */
  sync(): Promise<void>;
  /** Lets go of it, as soon as no sync is under way. */
  close(): void;
}

/** All that is in a journal's file. */
export interface JournalContent {
  readonly bytes: Buffer;
  /** Its process gave it up, and went on without it. */
  readonly isRetired: boolean;
}

/** Where a journal lies: one file, which is replaced as a whole. Nothing but syncs waits for a disk. */
export interface JournalPlace {
  /** What there is; undefined where there is nothing. Throws where the host does not give it. */
  read(): JournalContent | undefined;
  /**
   * Begins a file beside the one in use, in place of one begun before; `isSynced`, it is made for being synced often. With `mayReuse`, it may be the one
   * that was in use before the last, written over from its beginning: nobody may find that by the journal's name any more, and it must be synced before
   * it is adopted. Behind what is added lies what was in it then, but right behind it are four zeros at least. Any other has never held anything.
   */
  draft(isSynced: boolean, mayReuse?: boolean): JournalFile;
  /** The draft becomes the one in use. */
  adopt(): void;
  /** Gives back the room that is kept for the next draft; false where there is none. */
  trim?(): boolean;
  /** What was adopted or removed is so after a loss of power, too, when this answers. */
  syncNames(): Promise<void>;
  /** The one in use is that no more, but kept. */
  retire(): void;
  /** There is none in use any more, no draft, and none that was retired. */
  remove(): void;
}
