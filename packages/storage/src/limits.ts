const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** Every bound of the storage, in one place. */
export interface StorageLimits {
  /** Inodes kept in memory; those in use or not yet written come on top. */
  readonly cachedInodes: number;
  /** Directory entries kept in memory, those known to be absent among them. */
  readonly cachedEntries: number;
  /** Entries of directory listings kept in memory in the order of their cookies, with their objects. */
  readonly listedEntries: number;
  /** Content files held open. */
  readonly openFiles: number;
  /** Hard links to one file, and subdirectories of one directory. */
  readonly maxLinks: number;
  /** Directories that are gone up, from where one is moved to, before others get their turn. */
  readonly levelsAtOnce: number;
  /** Bytes of a name. */
  readonly maxName: number;
  /** Bytes of a symbolic link's target. */
  readonly maxLinkText: number;
  /** Bytes of an extended attribute's name, of its value, and of all of one object together. */
  readonly maxXattrName: number;
  readonly maxXattrValue: number;
  readonly maxXattrTotal: number;
  /** Bytes of content that `memory` takes in all its shares. */
  readonly memoryBytes: number;
  /** Milliseconds that an effect which nobody waits for (atime, the size after an unstable write) may stay unwritten. */
  readonly lazyCommitMs: number;
  /** Changes in one batch, beyond which it is committed though nobody waits. */
  readonly batchChanges: number;
  /** Bytes of its large values, beyond which it is, too. Four times as much, and changes wait for a commit. */
  readonly batchBytes: number;
  /** Milliseconds that a COMPOUND which has to wait may keep changes from being committed, its own and others'. */
  readonly holdLimitMs: number;
  /** Bytes of the disk that are set aside in the data directory, for what has been promised when it is full. */
  readonly reserveBytes: number;
  /** Milliseconds between two tries to write to a disk that was full. */
  readonly fullRetryMs: number;
  /** Bytes that the journal may have before it is written anew with what is still true. */
  readonly journalBytes: number;
  /** Bytes of content that the journal may have before it is written anew. */
  readonly keptContentBytes: number;
  /** Characters of a record's or a state's key, which may be any that a byte holds. */
  readonly maxRecordKey: number;
}

export const DEFAULT_STORAGE_LIMITS: StorageLimits = Object.freeze({
  cachedInodes: 50_000,
  cachedEntries: 100_000,
  listedEntries: 50_000,
  openFiles: 512,
  maxLinks: 2 ** 31 - 1,
  levelsAtOnce: 1000,
  maxName: 255,
  maxLinkText: 4096,
  maxXattrName: 255,
  maxXattrValue: 64 * KIB,
  maxXattrTotal: MIB,
  memoryBytes: 4 * GIB,
  lazyCommitMs: 500,
  batchChanges: 20_000,
  batchBytes: 16 * MIB,
  holdLimitMs: 1000,
  reserveBytes: 8 * MIB,
  fullRetryMs: 1000,
  journalBytes: 16 * MIB,
  keptContentBytes: 128 * MIB,
  maxRecordKey: 900,
});

/** Reads up to this size are done on the spot where the page cache answers; a thread does larger ones. */
export const SYNC_READ_BYTES = 128 * KIB;
/**
 * What one call writes of content. The host keeps what came in one call in pieces as large as that may be, and looks at every block of a
 * piece for each later write into it: of a file that was written a megabyte at a time, 4 KiB cost it three times as much. Smaller pieces than
 * this cost readers more than they save writers.
 */
export const WRITE_PIECE_BYTES = 256 * KIB;
/** Writes up to this size that must be on the disk go there with the journal. */
export const KEPT_WRITE_BYTES = 64 * KIB;
/** Files that are synced at a time so that the journal may let go of what it keeps of them. */
export const SETTLED_AT_ONCE = 2;
/** A write that takes so long was made to wait for the disk. */
export const SLOW_WRITE_MS = 10;
/** Threads that write at a time: libuv's. Who comes when they are busy waits for those as well. */
export const WRITE_THREADS = 4;
/** For so long after one of those, threads do the writes. */
export const SLOW_SPELL_MS = 500;
/** From this size on, what the page cache has is sent from there, without a copy: of 32 KiB the two copies cost less. */
export const SEND_FROM_BYTES = 64 * KIB;
/** Milliseconds for which what was seen in the page cache is taken to be there. */
export const CACHED_FOR_MS = 5;
/** Reads that are being sent so at a time, each of which keeps its file open: more are copied. */
export const MAX_STRETCHES = 256;
/** What one step of a copy or of clearing moves at the most. */
export const COPY_CHUNK_BYTES = MIB;
/** A file that loses more than this by one truncation is cut by a thread. */
export const SYNC_TRUNCATE_BYTES = 16 * MIB;
/** Granularity of holes in `memory`. */
export const MEMORY_PAGE_BYTES = 16 * KIB;
/** The host's page, below which a write to an uncached page has to read it first. */
export const HOST_PAGE_BYTES = 4 * KIB;

/** What a backup reads, checks and tells apart as changed, at a time. */
export const BACKUP_CHUNK_BYTES = 256 * KIB;
/** Files that may change while a backup copies, before it gives up: what is noted of them is kept in memory. */
export const BACKUP_CHANGED_FILES = 1_000_000;
/** Milliseconds that a backup may have changes of content wait, unless told otherwise. */
export const BACKUP_PAUSE_MS = 2000;
/** Rounds of copying what has changed meanwhile, before the last of them is tried with changes waiting; and such tries. */
export const BACKUP_ROUNDS = 4;
export const BACKUP_TRIES = 5;
/** Files that a backup or a restore copies or checks at a time. */
export const BACKUP_WORKERS = 4;
/** Entries of the metadata in one commit of a restore, and in one step of a backup. */
export const BACKUP_PAGE = 5000;
