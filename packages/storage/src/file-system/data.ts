import {
  type Awaitable,
  type Credentials,
  FsError,
  ModeBit,
  Stability,
  type Stretch,
  withoutSetIds,
} from '@dfs/nfs';
import { ContentGate } from './content-gate.ts';
import { accessed, type Core, modified, requireFile } from './core.ts';
import type { Inode } from './inode.ts';

const SET_IDS = ModeBit.SET_UID | ModeBit.SET_GID;

/** EFBIG, EINVAL unless a file may be that large. */
export function requireSize(core: Core, size: number): void {
  if (size > core.content.maxFileSize) throw new FsError('EFBIG');
  if (!Number.isSafeInteger(size) || size < 0) throw new FsError('EINVAL');
}

export function read(core: Core, inode: Inode, offset: number, target: Buffer): Awaitable<number> {
  core.guard.check();
  requireFile(inode);
  if (offset >= inode.size) return 0;
  const count = Math.min(target.length, inode.size - offset);
  const part = count === target.length ? target : target.subarray(0, count);
  const got = readContent(core, inode, offset, part);
  accessed(core, inode);
  if (typeof got !== 'number') return got.then((n) => zeroed(inode, offset, part, n));
  if (got < count) part.fill(0, got);
  return count;
}

/** The same from `start` to `end` of larger memory, where the content is at hand; undefined where not. */
export function readIn(
  core: Core,
  inode: Inode,
  offset: number,
  memory: Buffer,
  start: number,
  end: number,
): number | undefined {
  core.guard.check();
  requireFile(inode);
  if (offset >= inode.size) return 0;
  const count = Math.min(end - start, inode.size - offset);
  const got = core.content.readIn?.(inode.fileid, offset, memory, start, start + count);
  if (got === undefined) return undefined;
  accessed(core, inode);
  if (got < count) memory.fill(0, start + got, start + count);
  return count;
}

/** The same of what can be sent from where it lies. */
export function stretch(core: Core, inode: Inode, offset: number, count: number): Stretch | undefined {
  core.guard.check();
  requireFile(inode);
  if (offset + count > inode.size) return undefined;
  const found = core.content.stretch?.(inode.fileid, offset, count);
  if (found !== undefined) accessed(core, inode);
  return found;
}

function readContent(core: Core, inode: Inode, offset: number, part: Buffer): Awaitable<number> {
  try {
    const got = core.content.read(inode.fileid, offset, part);
    return typeof got === 'number' ? got : got.catch((error: unknown) => readFailed(core, error));
  } catch (error) {
    return readFailed(core, error);
  }
}

function readFailed(core: Core, error: unknown): never {
  core.guard.readFailed(error);
  throw error;
}

/** A file may reach beyond its content: a hole. And it may have been cut while a thread read. */
function zeroed(inode: Inode, offset: number, part: Buffer, got: number): number {
  const count = Math.max(0, Math.min(part.length, inode.size - offset));
  if (got < count) part.fill(0, got);
  return count;
}

export function write(
  core: Core,
  inode: Inode,
  offset: number,
  data: Buffer,
  stability: Stability,
  cred?: Credentials,
): Awaitable<Stability> {
  core.guard.checkChange();
  requireFile(inode);
  requireSize(core, offset + data.length);
  const mustSync = stability !== Stability.UNSTABLE && core.log.durability === 'power';
  const isKept = mustSync && core.kept.takes(data.length);
  if (
    mustSync !== isKept ||
    !inode.contentIsTrimmed ||
    inode.gate?.admitsWriters === false ||
    core.log.isBacklogged
  ) {
    return writeInTurn(core, inode, offset, data, stability, cred);
  }
  if (data.length === 0) return stability;
  const { usage } = core;
  const isForeseen = usage.foresees(inode, offset);
  const reserved = usage.reserve(inode, offset, data.length);
  const isNew = inode.neverWritten;
  inode.neverWritten = false;
  let writing: Awaitable<void>;
  try {
    writing = core.content.write(inode.fileid, offset, data, isNew);
  } catch (error) {
    inode.contentIsTrimmed = false;
    usage.landed(inode, reserved);
    core.guard.writeFailed(error);
    throw error;
  }
  const end = offset + data.length;
  if (writing !== undefined) {
    const finished = finishWrite(core, inode, end, reserved, writing, stability, cred);
    // In which order threads write nobody knows: what the journal has might not be what the file had last.
    return isKept ? finished.then(() => synced(core, inode)) : finished;
  }
  written(core, inode, end, cred);
  if (isForeseen) usage.grew(inode, reserved);
  else usage.landed(inode, reserved);
  if (!isKept) return stability;
  core.kept.keep(inode.fileid, offset, data);
  return Stability.FILE_SYNC;
}

async function finishWrite(
  core: Core,
  inode: Inode,
  end: number,
  reserved: number,
  writing: Promise<void>,
  stability: Stability,
  cred: Credentials | undefined,
): Promise<Stability> {
  await inTurn(inode, false, async () => {
    await landing(core, inode, reserved, async () => {
      await contentWritten(core, writing);
      written(core, inode, end, cred);
    });
  });
  return stability;
}

/** What is written while the share stops may be lost with the rest, and must not be answered with the verifier of after. */
async function contentWritten(core: Core, writing: Promise<void>): Promise<void> {
  try {
    await writing;
  } catch (error) {
    core.guard.writeFailed(error);
    throw error;
  }
  core.guard.check();
}

async function writeContent(core: Core, inode: Inode, offset: number, data: Buffer): Promise<void> {
  await core.content.write(inode.fileid, offset, data);
}

async function writeInTurn(
  core: Core,
  inode: Inode,
  offset: number,
  data: Buffer,
  stability: Stability,
  cred: Credentials | undefined,
): Promise<Stability> {
  // Nobody waits for what an unstable write leaves to be committed: here is where too much of that is kept from coming.
  if (core.log.isBacklogged) await core.log.relief();
  await inTurn(inode, false, async () => {
    core.guard.checkChange();
    requireFile(inode);
    if (data.length === 0) return;
    await trimFirst(core, inode);
    const reserved = core.usage.reserve(inode, offset, data.length);
    inode.neverWritten = false;
    await landing(core, inode, reserved, async () => {
      await contentWritten(core, writeContent(core, inode, offset, data));
      written(core, inode, offset + data.length, cred);
    });
  });
  return stability === Stability.UNSTABLE ? stability : await synced(core, inode);
}

/** What was written is on the disk when this answers, and what that made of the inode when the log is stable. */
async function synced(core: Core, inode: Inode): Promise<Stability> {
  core.log.urge();
  const syncing = syncContent(core, inode);
  // Whoever asked is told when both are on the disk: neither waits for the other.
  if (syncing !== undefined) {
    core.log.begin();
    await syncing;
  }
  return Stability.FILE_SYNC;
}

/** The content has changed up to `end`. */
export function written(core: Core, inode: Inode, end: number, cred: Credentials | undefined): void {
  if (end > inode.size) inode.size = end;
  dropSetIds(inode, cred);
  modified(core, inode, core.now());
}

/** Who changes a program without being root takes its set-id bits; where nobody says who it is, they go. */
export function dropSetIds(inode: Inode, cred: Credentials | undefined): void {
  if ((inode.mode & SET_IDS) !== 0 && cred?.uid !== 0) inode.mode = withoutSetIds(inode, inode.mode);
}

/** Everything written so far survives a loss of power when this answers. */
export function commit(core: Core, inode: Inode): Awaitable<void> {
  core.guard.check();
  requireFile(inode);
  const syncing = syncContent(core, inode);
  const committing = commitBeside(core, inode, syncing);
  if (syncing === undefined) return committing;
  return committing === undefined ? syncing : Promise.all([syncing, committing]).then(() => {});
}

/** A refusal on the spot leaves nobody who waits for the sync. */
function commitBeside(core: Core, inode: Inode, syncing: Awaitable<void>): Awaitable<void> {
  try {
    return commitInode(core, inode);
  } catch (error) {
    syncing?.catch(() => {});
    throw error;
  }
}

function commitInode(core: Core, inode: Inode): Awaitable<void> {
  if (inode.unwritten === 0) return;
  core.log.urge();
  // The caller may be the one who holds it.
  core.log.release();
  return core.log.stable();
}

/**
 * A sync that failed has left pages that look clean but are not on the disk: what the host says of this share from then on is not to be
 * believed, so it stops.
 */
export function syncContent(core: Core, inode: Inode): Awaitable<void> {
  // The host keeps what was written when the process ends: more is not promised then.
  if (core.log.durability !== 'crash') return madeSafe(core, inode);
}

/** The same, whatever is promised. */
export function madeSafe(core: Core, inode: Inode): Awaitable<void> {
  const kept = core.kept.orderOf(inode.fileid);
  const syncing = syncFile(core, inode.fileid);
  if (kept === undefined) return syncing;
  const isSafe = () => core.kept.safe(inode.fileid, kept);
  return syncing === undefined ? isSafe() : syncing.then(isSafe);
}

function syncFile(core: Core, ino: number): Awaitable<void> {
  const syncing = core.content.sync(ino);
  if (syncing === undefined) return;
  return syncing.then(
    // Another file's failure, meanwhile, is everybody's.
    () => core.guard.check(),
    (error: unknown) => {
      core.guard.fail(error);
      core.guard.check();
    },
  );
}

/**
 * Gives the file another size by `apply`. A cut of the content itself waits for the commit that says so, and what would write meanwhile
 * waits for the cut: so that a crash finds either all of the old content or the file cut.
 */
export function resize(core: Core, inode: Inode, size: number, apply: () => void): Awaitable<void> {
  if (size >= inode.size && inode.contentIsTrimmed && inode.gate?.admitsWriters !== false) return apply();
  return resizeInTurn(core, inode, size, apply);
}

async function resizeInTurn(core: Core, inode: Inode, size: number, apply: () => void): Promise<void> {
  const gate = gateOf(inode);
  await gate.enter(true);
  let leave = true;
  try {
    core.guard.checkChange(true);
    requireFile(inode);
    if (size >= inode.size) {
      await trimFirst(core, inode);
      apply();
      return;
    }
    apply();
    inode.contentIsTrimmed = false;
    leave = false;
    const left = () => leaveGate(inode, gate, true);
    core.log.afterCommit(() => {
      void Promise.resolve(trimQuietly(core, inode)).then(left);
    }, left);
    core.log.hasten();
  } finally {
    if (leave) leaveGate(inode, gate, true);
  }
}

/** Should it fail, the next write tries again, and tells. */
async function trimQuietly(core: Core, inode: Inode): Promise<void> {
  try {
    if (!inode.gone) await trim(core, inode);
  } catch {
    inode.contentIsTrimmed = false;
  }
}

/** The same for a change that must not find content beyond the end. ESTALE where the file has gone meanwhile: content would come back. */
export async function trimFirst(core: Core, inode: Inode): Promise<void> {
  await trim(core, inode);
  requireFile(inode);
}

/**
 * Cuts content beyond the file's size, which a write that failed or a crash has left: it must not come to light when the file grows.
 * Only for who is in the gate.
 */
export function trim(core: Core, inode: Inode): Awaitable<void> {
  if (inode.contentIsTrimmed) return;
  if (core.content.size(inode.fileid) <= inode.size) return trimmed(core, inode, () => {});
  const isCut = () => trimmed(core, inode, () => core.usage.shrank(inode));
  const cutting = core.content.truncate(inode.fileid, inode.size);
  return cutting === undefined ? isCut() : cutting.then(isCut);
}

/** A cut that is not on the disk, this run's or the last one's, is undone by a loss of power: then the file must not have grown yet. */
function trimmed(core: Core, inode: Inode, then: () => void): Awaitable<void> {
  const isSafe = () => {
    inode.contentIsTrimmed = true;
    then();
  };
  const syncing = syncContent(core, inode);
  return syncing === undefined ? isSafe() : syncing.then(isSafe);
}

/** Ends what {@link ShareUsage.reserve} began. An operation on content that failed may have left some beyond the end. */
export async function landing(
  core: Core,
  inode: Inode,
  reserved: number,
  operation: () => Promise<void>,
): Promise<void> {
  try {
    await operation();
  } catch (error) {
    inode.contentIsTrimmed = false;
    throw error;
  } finally {
    core.usage.landed(inode, reserved);
  }
}

/** Runs in the file's gate: with other writers, or alone. */
export async function inTurn<T>(inode: Inode, alone: boolean, run: () => Promise<T>): Promise<T> {
  const gate = gateOf(inode);
  // No `await` where it is admitted at once: what runs must begin in the same turn as the caller's look at the gate.
  const waiting = gate.enter(alone);
  if (waiting !== undefined) await waiting;
  try {
    return await run();
  } finally {
    leaveGate(inode, gate, alone);
  }
}

function gateOf(inode: Inode): ContentGate {
  inode.gate ??= new ContentGate();
  return inode.gate;
}

function leaveGate(inode: Inode, gate: ContentGate, alone: boolean): void {
  gate.leave(alone);
  if (gate.isIdle && inode.gate === gate) inode.gate = undefined;
}
