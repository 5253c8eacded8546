import { setImmediate as nextTurn } from 'node:timers/promises';
import { FsError } from '@dfs/nfs';
import type { ContentStore } from '../content/store.ts';
import { Inode } from '../file-system/inode.ts';
import { endOf, key64, parseKey64, parseKeyText, readNumber, ShareKeys, Table } from '../file-system/keys.ts';
import { decodeSuperblock, type Superblock } from '../file-system/superblock.ts';
import { chargeOf, decodeHeld, type Held } from '../file-system/usage.ts';
import type { Key, KeyValue, MetadataStore } from '../metadata/store.ts';
import { Census } from './census.ts';
import type { FindingCode, Findings } from './finding.ts';
import type { Repairs } from './repair.ts';
import { judge } from './verdicts.ts';

export type CheckPhase =
  | 'inodes'
  | 'names'
  | 'listings'
  | 'links'
  | 'xattrs'
  | 'orphans'
  | 'verdicts'
  | 'content';

export interface ShareCheck {
  readonly share: number;
  readonly metadata: MetadataStore;
  readonly content: ContentStore;
  readonly findings: Findings;
  /** What would mend the findings is handed to it, where it is there. */
  readonly repairs?: Repairs;
  /** Told now and then how many records of a phase have been looked at. */
  readonly onProgress?: (share: number, phase: CheckPhase, done: number) => void;
}

const PAGE = 1000;
const NUMBER_BYTES = 8;

/** Looks at every record of a share, and at the files that hold its content. Nothing else may use the stores meanwhile. */
export async function checkShare(check: ShareCheck): Promise<void> {
  const keys = new ShareKeys(check.share);
  const superblock = superblockOf(check, keys);
  if (superblock === undefined) return;
  const walk = new Walk(check, keys, superblock);
  await walk.inodes();
  walk.usage();
  await walk.names();
  await walk.listings();
  await walk.links();
  await walk.xattrs();
  await walk.orphans();
  check.onProgress?.(check.share, 'verdicts', walk.census.count);
  judge(walk.census, superblock, walk.report, check.repairs);
  await walk.content();
}

function superblockOf(check: ShareCheck, keys: ShareKeys): Superblock | undefined {
  try {
    const bytes = check.metadata.get(keys.superblock);
    if (bytes !== undefined) return decodeSuperblock(bytes);
  } catch {
    // Said below, as for one that is missing.
  }
  check.findings.add({ code: 'SUPERBLOCK_BAD', share: check.share, ino: undefined, detail: '' });
  return undefined;
}

export type Report = (code: FindingCode, ino: number | undefined, detail: string) => void;

class Walk {
  readonly census = new Census();
  #bytes = 0;
  readonly #check: ShareCheck;
  readonly #keys: ShareKeys;
  readonly #superblock: Superblock;

  constructor(check: ShareCheck, keys: ShareKeys, superblock: Superblock) {
    this.#check = check;
    this.#keys = keys;
    this.#superblock = superblock;
  }

  readonly report: Report = (code, ino, detail) => {
    this.#check.findings.add({ code, share: this.#check.share, ino, detail });
  };

  async inodes(): Promise<void> {
    await this.#each('inodes', Table.INODE, (key, value, at) => {
      const ino = parseKey64(key, at);
      let inode: Inode;
      try {
        inode = Inode.decode(key, ino, value);
      } catch (error) {
        this.report('INODE_BAD', ino, error instanceof Error ? error.message : String(error));
        const size = this.#sizeOf(ino);
        if (size !== undefined) this.#check.repairs?.rebuild(ino, size);
        return;
      }
      if (ino >= this.#superblock.reservedIno) {
        this.report('INODE_AHEAD', ino, `${this.#superblock.reservedIno} comes next`);
        this.#check.repairs?.reserve(ino);
      }
      this.census.add(inode);
      this.#bytes += chargeOf(inode);
    });
  }

  /** One that says nothing is counted when it is opened. */
  usage(): void {
    const { metadata, repairs } = this.#check;
    const stored = metadata.get(this.#keys.usage);
    if (stored === undefined) return;
    const hasRoot = this.census.find(this.#superblock.rootIno) >= 0;
    const held = { bytes: this.#bytes, files: this.census.count - (hasRoot ? 1 : 0) };
    const said = decodeHeld(stored);
    if (said?.bytes === held.bytes && said.files === held.files) return;
    this.report('USAGE_WRONG', undefined, `${shown(said)} instead of ${shown(held)}`);
    repairs?.setUsage(held);
  }

  async names(): Promise<void> {
    let dirIno = -1;
    let dir = -1;
    await this.#each('names', Table.NAME, (key, value, at) => {
      const holder = parseKey64(key, at);
      if (holder !== dirIno) {
        dirIno = holder;
        dir = this.census.find(holder);
      }
      this.#name(dir, holder, parseKeyText(key, at + NUMBER_BYTES), value);
    });
  }

  #name(dir: number, holder: number, name: string, value: Buffer): void {
    const { repairs, metadata } = this.#check;
    const cookie = readNumber(value, 0);
    const ino = readNumber(value, NUMBER_BYTES);
    if (dir < 0 || !this.census.isDirectory(dir)) {
      this.report('NAME_LOST', holder, quoted(name));
      repairs?.dropName(holder, name, cookie);
      return;
    }
    const target = this.census.find(ino);
    if (target < 0) {
      this.report('NAME_DANGLING', ino, `${quoted(name)} in ${holder}`);
      repairs?.dropName(holder, name, cookie);
      return;
    }
    const isDirectory = this.census.isDirectory(target);
    if (isDirectory && (this.census.names(target) > 0 || ino === this.#superblock.rootIno)) {
      this.report('DIRECTORY_TWICE', ino, `${quoted(name)} in ${holder}`);
      repairs?.dropName(holder, name, cookie);
      return;
    }
    this.census.name(dir, target);
    if (isDirectory && this.census.parent(target) !== holder) {
      this.report('PARENT_WRONG', ino, `${this.census.parent(target)} instead of ${holder}`);
      repairs?.setParent(ino, holder);
    }
    const listed = metadata.get(this.#keys.cookie(key64(holder), cookie));
    if (
      listed === undefined ||
      readNumber(listed, 0) !== ino ||
      listed.toString('utf8', NUMBER_BYTES) !== name
    ) {
      this.report('NAME_UNLISTED', holder, quoted(name));
      repairs?.list(holder, name, ino);
    }
  }

  async listings(): Promise<void> {
    let dirIno = -1;
    let next = 0;
    await this.#each('listings', Table.COOKIE, (key, value, at) => {
      const holder = parseKey64(key, at);
      if (holder !== dirIno) {
        dirIno = holder;
        next = this.#nextCookie(holder);
      }
      const cookie = parseKey64(key, at + NUMBER_BYTES);
      const name = value.toString('utf8', NUMBER_BYTES);
      const named = this.#check.metadata.get(this.#keys.name(key64(holder), name));
      if (named === undefined || readNumber(named, 0) !== cookie) {
        this.report('LISTING_STRAY', holder, `${quoted(name)} at ${cookie}`);
        this.#check.repairs?.unlist(holder, cookie);
      } else if (cookie >= next) {
        this.report('COOKIE_AHEAD', holder, `${cookie}, where ${next} comes next`);
        this.#check.repairs?.setNextCookie(holder, cookie + 1);
      }
    });
  }

  #nextCookie(holder: number): number {
    const key = this.#keys.inode(holder);
    const bytes = this.#check.metadata.get(key);
    // A directory that is not there has been told of with its names.
    return bytes === undefined || this.census.find(holder) < 0
      ? Number.MAX_SAFE_INTEGER
      : Inode.decode(key, holder, bytes).nextCookie;
  }

  async links(): Promise<void> {
    await this.#each('links', Table.LINK, (key, value, at) => {
      const ino = parseKey64(key, at);
      const link = this.census.find(ino);
      if (link < 0 || !this.census.isLink(link)) {
        this.report('TARGET_STRAY', ino, `${value.length} bytes`);
        this.#check.repairs?.drop(key);
        return;
      }
      this.census.markTarget(link);
      if (value.length !== this.census.size(link)) {
        this.report('TARGET_WRONG', ino, `${value.length} bytes instead of ${this.census.size(link)}`);
        this.#check.repairs?.setSize(ino, value.length);
      }
    });
  }

  async xattrs(): Promise<void> {
    let owner = -1;
    let sum = 0;
    const settle = () => {
      const at = this.census.find(owner);
      if (at < 0) return;
      this.census.markXattrs(at);
      if (sum === this.census.xattrBytes(at)) return;
      this.report('XATTRS_WRONG', owner, `${sum} bytes instead of ${this.census.xattrBytes(at)}`);
      this.#check.repairs?.setXattrBytes(owner, sum);
    };
    await this.#each('xattrs', Table.XATTR, (key, value, at) => {
      const ino = parseKey64(key, at);
      if (ino !== owner) {
        settle();
        owner = ino;
        sum = 0;
      }
      sum += key.length - at - NUMBER_BYTES + value.length;
      if (this.census.find(ino) >= 0) return;
      this.report('XATTR_STRAY', ino, quoted(parseKeyText(key, at + NUMBER_BYTES)));
      this.#check.repairs?.drop(key);
    });
    settle();
  }

  async orphans(): Promise<void> {
    await this.#each('orphans', Table.ORPHAN, (key, _value, at) => {
      const ino = parseKey64(key, at);
      const found = this.census.find(ino);
      if (found >= 0) this.census.markOrphan(found);
      this.report('ORPHAN', ino, '');
    });
  }

  async content(): Promise<void> {
    const { content, metadata, repairs } = this.#check;
    let done = 0;
    for (const ino of content.list(0)) {
      const at = this.census.find(ino);
      if (++done % PAGE === 0) await this.#pause('content', done);
      const size = this.#sizeOf(ino);
      if (size === undefined) continue;
      if (at >= 0 && this.census.isFile(at)) {
        if (size <= this.census.size(at)) continue;
        this.report('CONTENT_LONG', ino, `${size} bytes instead of ${this.census.size(at)}`);
      } else if (metadata.get(this.#keys.orphan(key64(ino))) === undefined) {
        this.report('CONTENT_STRAY', ino, `${size} bytes`);
        repairs?.removeContent(ino);
      }
    }
    this.#check.onProgress?.(this.#check.share, 'content', done);
  }

  /** Undefined where the disk does not say, which is told. */
  #sizeOf(ino: number): number | undefined {
    try {
      return this.#check.content.size(ino);
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      this.report('CONTENT_UNREADABLE', ino, error.message);
      return undefined;
    }
  }

  async #each(
    phase: CheckPhase,
    table: Table,
    look: (key: Key, value: Buffer, numberAt: number) => void,
  ): Promise<void> {
    const prefix = this.#keys.prefix + table;
    const end = endOf(prefix);
    let done = 0;
    for (let from = prefix; ; ) {
      const page: readonly KeyValue[] = this.#check.metadata.scan(from, end, PAGE);
      for (const { key, value } of page) look(key, value, prefix.length);
      done += page.length;
      await this.#pause(phase, done);
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return;
      from = `${last.key}\x00`;
    }
  }

  async #pause(phase: CheckPhase, done: number): Promise<void> {
    this.#check.onProgress?.(this.#check.share, phase, done);
    await nextTurn();
  }
}

function shown(held: Held | undefined): string {
  return held === undefined ? 'an unknown form' : `${held.bytes} bytes in ${held.files} files`;
}

/** A name as it is shown: what would not print is escaped. */
export function quoted(name: string): string {
  return JSON.stringify(name);
}
