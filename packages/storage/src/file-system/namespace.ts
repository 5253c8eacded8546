import {
  type Awaitable,
  type Credentials,
  type EntrySink,
  FsError,
  Permission,
  requirePermission,
  requireUnlink,
} from '@dfs/nfs';
import { Climb } from './ancestry.ts';
import { accessed, type Core, changed, modified, requireAlive, requireDirectory } from './core.ts';
import {
  deleteEntry,
  findEntry,
  listEntries,
  putEntry,
  requireFreeName,
  requireNameLength,
} from './directory-index.ts';
import { type Entry, FIRST_COOKIE, type Inode } from './inode.ts';
import { unname } from './orphans.ts';

const { WRITE, EXECUTE, READ } = Permission;
/** Entries fetched at a time at the least and the most. */
const LEAST_PAGE = 32;
const PAGE = 256;
/** Its entry and its ".". */
const LINKS_WITHOUT_SUBDIRECTORIES = 2;

export function lookup(core: Core, dir: Inode, cred: Credentials, name: string): Inode {
  const inode = find(core, dir, cred, name);
  if (inode === undefined) throw NO_ENTRY;
  return inode;
}

export function find(core: Core, dir: Inode, cred: Credentials, name: string): Inode | undefined {
  core.guard.check();
  requireDirectory(dir);
  requirePermission(dir, cred, EXECUTE);
  requireNameLength(core, name);
  const entry = findEntry(core, dir, name);
  return entry === null ? undefined : core.inodes.must(entry.ino);
}

export function parent(core: Core, dir: Inode, cred: Credentials): Inode {
  core.guard.check();
  requireDirectory(dir);
  requirePermission(dir, cred, EXECUTE);
  return core.inodes.must(dir.parent);
}

export function readdir(
  core: Core,
  dir: Inode,
  cred: Credentials,
  cookie: number,
  sink: EntrySink<Inode>,
  glances: boolean,
): boolean {
  core.guard.check();
  requireDirectory(dir);
  requirePermission(dir, cred, READ);
  if (cookie !== 0 && (cookie < FIRST_COOKIE || cookie >= dir.nextCookie)) throw new FsError('EBADCOOKIE');
  if (cookie === 0) accessed(core, dir);
  let taken = 0;
  for (let after = cookie, limit = core.listings.usual; ; limit = Math.min(2 * limit, PAGE)) {
    const { entries, end, again } = listEntries(core, dir, after, limit);
    for (const entry of entries) {
      let { inode } = entry;
      if (inode === undefined) {
        if (glances && !again) inode = core.inodes.glimpse(entry.ino);
        else {
          inode = core.inodes.must(entry.ino);
          entry.inode = inode;
        }
      }
      if (!sink(entry.name, entry.cookie, inode)) {
        // Most callers ask for as much as they did before: one entry more than that tells where it ends.
        core.listings.usual = Math.min(Math.max(taken + 1, LEAST_PAGE), PAGE);
        return false;
      }
      taken++;
      after = entry.cookie;
    }
    if (end) return true;
  }
}

export function link(core: Core, inode: Inode, dir: Inode, cred: Credentials, name: string): void {
  core.guard.checkChange();
  requireDirectory(dir);
  requireAlive(inode);
  if (inode.isDirectory) throw new FsError('EISDIR');
  requirePermission(dir, cred, WRITE | EXECUTE);
  requireFreeName(core, dir, name);
  // An open file without a name stays without: its removal is on record already.
  if (inode.nlink === 0) throw new FsError('ENOENT');
  if (inode.nlink >= core.limits.maxLinks) throw new FsError('EMLINK');
  const now = core.now();
  putEntry(core, dir, name, inode.fileid);
  inode.nlink++;
  changed(core, inode, now);
  modified(core, dir, now);
  core.log.urge();
}

export function remove(core: Core, dir: Inode, cred: Credentials, name: string): void {
  core.guard.checkChange(true);
  requireDirectory(dir);
  requirePermission(dir, cred, EXECUTE);
  requireNameLength(core, name);
  const entry = requireEntry(core, dir, name);
  const victim = core.inodes.must(entry.ino);
  requireUnlink(dir, victim, cred);
  if (victim.isDirectory && victim.entries > 0) throw new FsError('ENOTEMPTY');
  const now = core.now();
  deleteEntry(core, dir, name, entry);
  dropName(core, dir, victim, now);
  modified(core, dir, now);
  core.log.urge();
}

export interface RenameRequest {
  readonly fromDir: Inode;
  readonly fromName: string;
  readonly toDir: Inode;
  readonly toName: string;
  readonly cred: Credentials;
}

interface Move extends RenameRequest {
  readonly entry: Entry;
  readonly source: Inode;
  readonly replaced: Entry | null;
  readonly victim: Inode | undefined;
}

/** Done at once, but for a directory that goes so far down that the way from there up takes several turns of the event loop. */
export function rename(core: Core, request: RenameRequest): Awaitable<void> {
  const move = requireMove(core, request);
  if (move === undefined) return;
  if (!hasOtherParent(move)) return perform(core, move);
  let climb = climbOf(core, move);
  if (!core.moves.isBusy && step(core, move, climb) === 'done') return;
  return core.moves.run(() => {
    // Names may have come and gone meanwhile.
    const now = requireMove(core, request);
    if (now === undefined) return 'done';
    if (now.source !== climb.source) climb = climbOf(core, now);
    return step(core, now, climb);
  });
}

function step(core: Core, move: Move, climb: Climb): 'again' | 'done' {
  if (hasOtherParent(move)) {
    const isBelow = isLeaf(move.source) ? move.toDir === move.source : climb.climb(core.limits.levelsAtOnce);
    if (isBelow === undefined) return 'again';
    requireMovable(core, move, isBelow);
  }
  perform(core, move);
  return 'done';
}

function climbOf(core: Core, { source, fromDir, toDir }: Move): Climb {
  return new Climb(core, source, fromDir, toDir);
}

function hasOtherParent({ source, fromDir, toDir }: Move): boolean {
  return source.isDirectory && fromDir !== toDir;
}

/** No directory lies below it. */
function isLeaf(dir: Inode): boolean {
  return dir.nlink === LINKS_WITHOUT_SUBDIRECTORIES;
}

/** All refusals but those of a directory that gets another parent; undefined where there is nothing to do. */
function requireMove(core: Core, request: RenameRequest): Move | undefined {
  const { fromDir, fromName, toDir, toName, cred } = request;
  core.guard.checkChange();
  requireDirectory(fromDir);
  requireDirectory(toDir);
  requirePermission(fromDir, cred, EXECUTE);
  requirePermission(toDir, cred, EXECUTE);
  requireNameLength(core, fromName);
  requireNameLength(core, toName);
  const entry = requireEntry(core, fromDir, fromName);
  const source = core.inodes.must(entry.ino);
  const replaced = findEntry(core, toDir, toName);
  const victim = replaced === null ? undefined : core.inodes.must(replaced.ino);
  // Two names of one object: POSIX has it done already.
  if (victim === source) return undefined;
  requireUnlink(fromDir, source, cred);
  if (victim === undefined) requirePermission(toDir, cred, WRITE | EXECUTE);
  else requireUnlink(toDir, victim, cred);
  return { ...request, entry, source, replaced, victim };
}

function perform(core: Core, move: Move): void {
  const { fromDir, fromName, entry, source, toDir, toName, replaced, victim } = move;
  if (victim !== undefined) requireReplaceable(source, victim);
  const now = core.now();
  if (replaced !== null && victim !== undefined) {
    deleteEntry(core, toDir, toName, replaced);
    dropName(core, toDir, victim, now);
  }
  deleteEntry(core, fromDir, fromName, entry);
  // Within a directory the entry keeps its place, so that a listing under way meets it once, not again at the end.
  if (fromDir === toDir) putEntry(core, toDir, toName, source.fileid, entry.cookie);
  else putEntry(core, toDir, toName, source.fileid);
  if (hasOtherParent(move)) {
    source.parent = toDir.fileid;
    fromDir.nlink--;
    toDir.nlink++;
  }
  changed(core, source, now);
  modified(core, fromDir, now);
  if (toDir !== fromDir) modified(core, toDir, now);
  core.log.urge();
}

/** A directory changes its parent: it is written to (its ".."), and may not come to lie below itself. */
function requireMovable(core: Core, { source, toDir, cred, victim }: Move, isBelow: boolean): void {
  if (isBelow) throw new FsError('EINVAL');
  requirePermission(source, cred, WRITE);
  if (victim === undefined && toDir.nlink >= core.limits.maxLinks) throw new FsError('EMLINK');
}

function requireReplaceable(source: Inode, victim: Inode): void {
  if (source.isDirectory) {
    if (!victim.isDirectory) throw new FsError('ENOTDIR');
    if (victim.entries > 0) throw new FsError('ENOTEMPTY');
  } else if (victim.isDirectory) throw new FsError('EISDIR');
}

/** The object has lost its entry in `dir`. */
function dropName(core: Core, dir: Inode, victim: Inode, now: number): void {
  if (victim.isDirectory) {
    dir.nlink--;
    victim.nlink = 0;
  } else victim.nlink--;
  changed(core, victim, now);
  if (victim.nlink === 0) unname(core, victim);
}

/** Thrown as it is: half of all look-ups before a create end with it. */
const NO_ENTRY = new FsError('ENOENT');

function requireEntry(core: Core, dir: Inode, name: string): Entry {
  const entry = findEntry(core, dir, name);
  if (entry === null) throw NO_ENTRY;
  return entry;
}
