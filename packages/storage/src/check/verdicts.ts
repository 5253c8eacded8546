import type { Superblock } from '../file-system/superblock.ts';
import type { Census } from './census.ts';
import type { Report } from './check-share.ts';
import type { Repairs } from './repair.ts';

/** A directory has two links of its own, and one for each directory in it. */
const OWN_LINKS = 2;

/** Holds what each inode says of itself against what was found. */
export function judge(
  census: Census,
  superblock: Superblock,
  report: Report,
  repairs: Repairs | undefined,
): void {
  judgeRoot(census, superblock, report, repairs);
  for (let at = 0; at < census.count; at++) {
    const ino = census.ino(at);
    if (census.names(at) === 0 && ino !== superblock.rootIno) {
      // One with a mark has lost its last name on purpose: the next start removes it.
      if (!census.isOrphan(at)) judgeNameless(census, at, report, repairs);
      continue;
    }
    judgeCounts(census, at, report, repairs);
    judgeParts(census, at, report, repairs);
    if (census.isDirectory(at)) judgePath(census, at, superblock.rootIno, report, repairs);
  }
}

function judgeRoot(
  census: Census,
  { rootIno }: Superblock,
  report: Report,
  repairs: Repairs | undefined,
): void {
  const root = census.find(rootIno);
  if (root >= 0 && census.isDirectory(root) && census.parent(root) === rootIno) return;
  report('ROOT_BAD', rootIno, root < 0 ? 'missing' : 'not a directory of its own');
  repairs?.rebuildRoot(rootIno);
}

function judgeNameless(census: Census, at: number, report: Report, repairs: Repairs | undefined): void {
  const ino = census.ino(at);
  report('NAMELESS', ino, `${census.nlink(at)} links`);
  if (census.nlink(at) === 0 && census.isFile(at)) repairs?.markOrphan(ino);
  else repairs?.adopt(ino);
}

function judgeCounts(census: Census, at: number, report: Report, repairs: Repairs | undefined): void {
  const ino = census.ino(at);
  const links = census.isDirectory(at) ? OWN_LINKS + census.subdirectories(at) : census.names(at);
  if (census.nlink(at) !== links) {
    report('LINKS_WRONG', ino, `${census.nlink(at)} instead of ${links}`);
    repairs?.setLinks(ino, links);
  }
  if (census.isDirectory(at) && census.entries(at) !== census.listed(at)) {
    report('ENTRIES_WRONG', ino, `${census.entries(at)} instead of ${census.listed(at)}`);
    repairs?.setEntries(ino, census.listed(at));
  }
}

function judgeParts(census: Census, at: number, report: Report, repairs: Repairs | undefined): void {
  const ino = census.ino(at);
  if (census.isLink(at) && !census.hasTarget(at)) {
    report('TARGET_WRONG', ino, 'no target');
    repairs?.loseTarget(ino);
  }
  if (census.xattrBytes(at) > 0 && !census.hasXattrs(at)) {
    report('XATTRS_WRONG', ino, `none instead of ${census.xattrBytes(at)} bytes`);
    repairs?.setXattrBytes(ino, 0);
  }
}

/** Goes up from a directory until it comes to what is known to be reached, or meets itself. */
function judgePath(
  census: Census,
  from: number,
  rootIno: number,
  report: Report,
  repairs: Repairs | undefined,
): void {
  const path = new Set<number>();
  for (let at = from; at >= 0 && !census.isReached(at); at = census.find(census.parent(at))) {
    if (path.has(at)) {
      report('UNREACHABLE', census.ino(at), '');
      repairs?.adopt(census.ino(at));
      break;
    }
    path.add(at);
    // One without a name has been told of, and is the top of what lies below it.
    if (census.ino(at) === rootIno || census.names(at) === 0) break;
  }
  for (const at of path) census.markReached(at);
}
