/** What a check can find. `damage` contradicts itself; a `leftover` is what a killed server leaves, which its next start clears away. */
export const FINDINGS = {
  SUPERBLOCK_BAD: { kind: 'damage', text: 'the record of the share itself cannot be read' },
  ROOT_BAD: { kind: 'damage', text: 'the top directory is missing or not one' },
  INODE_BAD: { kind: 'damage', text: 'a record of a file cannot be read' },
  INODE_AHEAD: { kind: 'damage', text: 'a file has a number that has not been given out yet' },
  NAME_DANGLING: { kind: 'damage', text: 'a name leads to nothing' },
  NAME_LOST: { kind: 'damage', text: 'a name lies in a directory that is not there' },
  NAME_UNLISTED: { kind: 'damage', text: 'a name is missing from its listing' },
  LISTING_STRAY: { kind: 'damage', text: 'a listing has an entry without a name' },
  COOKIE_AHEAD: { kind: 'damage', text: 'a listing has an entry behind its end' },
  LINKS_WRONG: { kind: 'damage', text: 'a link count is not the number of names' },
  ENTRIES_WRONG: { kind: 'damage', text: 'a directory does not know how many entries it has' },
  PARENT_WRONG: { kind: 'damage', text: 'a directory does not know where it lies' },
  DIRECTORY_TWICE: { kind: 'damage', text: 'a directory has several names' },
  NAMELESS: { kind: 'damage', text: 'something has no name any more, and was not removed' },
  UNREACHABLE: { kind: 'damage', text: 'directories lie within each other, out of reach' },
  TARGET_WRONG: {
    kind: 'damage',
    text: 'a symbolic link has no target, or not the length that it should have',
  },
  TARGET_STRAY: { kind: 'damage', text: 'the target of a symbolic link that is not there' },
  XATTRS_WRONG: { kind: 'damage', text: 'extended attributes are not as long as their sum says' },
  XATTR_STRAY: { kind: 'damage', text: 'an extended attribute of something that is not there' },
  USAGE_WRONG: { kind: 'damage', text: 'a share does not know how much it holds' },
  CONTENT_STRAY: { kind: 'leftover', text: 'content of a file that is not there' },
  CONTENT_LONG: { kind: 'leftover', text: 'content beyond the end of its file' },
  CONTENT_UNREADABLE: { kind: 'damage', text: 'the disk does not let the content of a file be looked at' },
  ORPHAN: { kind: 'leftover', text: 'a file without a name that waits to be removed' },
} as const satisfies Record<string, { readonly kind: 'damage' | 'leftover'; readonly text: string }>;

export type FindingCode = keyof typeof FINDINGS;

export interface Finding {
  readonly code: FindingCode;
  readonly share: number;
  /** The inode that it is about; undefined for the share as a whole. */
  readonly ino: number | undefined;
  /** Which name, which numbers. */
  readonly detail: string;
}

/** Findings that are kept with their details; the others are only counted. */
const MAX_KEPT = 1000;

/** Counts all findings, and keeps the first of them. */
export class Findings {
  readonly kept: Finding[] = [];
  readonly counts = new Map<FindingCode, number>();

  add(finding: Finding): void {
    this.counts.set(finding.code, (this.counts.get(finding.code) ?? 0) + 1);
    if (this.kept.length < MAX_KEPT) this.kept.push(finding);
  }

  get damage(): number {
    return this.#sum('damage');
  }

  get leftovers(): number {
    return this.#sum('leftover');
  }

  #sum(kind: 'damage' | 'leftover'): number {
    let sum = 0;
    for (const [code, count] of this.counts) if (FINDINGS[code].kind === kind) sum += count;
    return sum;
  }
}
