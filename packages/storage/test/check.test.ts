import fs from 'node:fs';
import { join } from 'node:path';
import { Stability } from '@dfs/nfs';
import { describe, expect, test, vi } from 'vitest';
import { pathOf } from '../src/content/host-files.ts';
import { Inode } from '../src/file-system/inode.ts';
import { key64, keyText, ShareKeys } from '../src/file-system/keys.ts';
import { encodeHeld } from '../src/file-system/usage.ts';
import {
  checkDataDirectory,
  type DataDirectory,
  type FindingCode,
  LmdbMetadataStore,
  LocalContentStore,
  openDataDirectory,
  openFilesCache,
} from '../src/index.ts';
import {
  cleanUpAfterEach,
  cleanups,
  list,
  names,
  ROOT,
  ROOT_DIRECTORY,
  refusal,
  scratch,
} from './support.ts';

cleanUpAfterEach();

const SHARE = 1;
const keys = new ShareKeys(SHARE);
const ROOT_INO = 2;

interface Numbers {
  readonly dir: number;
  readonly below: number;
  readonly file: number;
  readonly twice: number;
  readonly link: number;
}

/** A data directory with something of everything, closed properly. */
async function made(): Promise<{ path: string; ino: Numbers }> {
  const path = await scratch();
  const directory = await openDataDirectory(path);
  const share = await directory.openShare(SHARE, ROOT_DIRECTORY);
  const root = share.root();
  const dir = share.createObject(root, ROOT, 'dir', { type: 2 }, {});
  const below = share.createObject(dir, ROOT, 'below', { type: 2 }, {});
  const file = share.createFile(below, ROOT, 'file', {});
  await share.write(file, 0, Buffer.alloc(5000, 'x'), Stability.FILE_SYNC);
  share.xattr.set(file, ROOT, 'colour', Buffer.from('red'), 0);
  const twice = share.createFile(root, ROOT, 'one', {});
  share.link(twice, dir, ROOT, 'two');
  const link = share.createObject(root, ROOT, 'link', { type: 5, target: Buffer.from('dir/below') }, {});
  share.rename(root, 'one', dir, 'three', ROOT);
  await directory.close();
  const number = (node: { fileid: number }) => node.fileid;
  return {
    path,
    ino: {
      dir: number(dir),
      below: number(below),
      file: number(file),
      twice: number(twice),
      link: number(link),
    },
  };
}

/** Alters the records behind the server's back. */
async function tamper(
  path: string,
  change: (changes: Map<string, Buffer | undefined>, inode: (ino: number) => Inode) => void,
): Promise<void> {
  const store = new LmdbMetadataStore(join(path, 'meta'));
  const changes = new Map<string, Buffer | undefined>();
  change(changes, (ino) => {
    const key = keys.inode(ino);
    const bytes = store.get(key);
    if (bytes === undefined) throw new Error(`no inode ${ino}`);
    return Inode.decode(key, ino, bytes);
  });
  await store.commit(changes);
  await store.close();
}

function put(changes: Map<string, Buffer | undefined>, inode: Inode): void {
  changes.set(inode.key, inode.encode());
}

async function found(path: string): Promise<FindingCode[]> {
  return [...(await checkDataDirectory(path)).findings.counts.keys()].sort();
}

async function repaired(path: string): Promise<number | undefined> {
  const { afterRepair } = await checkDataDirectory(path, { mayRepair: async () => true });
  return afterRepair?.damage;
}

async function opened<T>(path: string, look: (directory: DataDirectory) => Promise<T>): Promise<T> {
  const directory = await openDataDirectory(path);
  try {
    return await look(directory);
  } finally {
    await directory.close();
  }
}

describe('a data directory that is as it should be', () => {
  test('has nothing to find', async () => {
    const { path } = await made();
    const { shares, findings, afterRepair } = await checkDataDirectory(path, { mayRepair: async () => true });
    expect(shares).toEqual([SHARE]);
    expect(findings.kept).toEqual([]);
    expect(afterRepair).toBeUndefined();
  });

  test('is refused while a server has it, and where there is none', async () => {
    const { path } = await made();
    await opened(path, async () => {
      expect(await refusal(() => checkDataDirectory(path))).toBe('LOCKED');
    });
    expect(await refusal(() => checkDataDirectory(join(path, 'nothing')))).toBe('NOT_A_DATA_DIRECTORY');
    expect(await refusal(async () => checkDataDirectory(await scratch()))).toBe('NOT_A_DATA_DIRECTORY');
  });

  test('tells of progress in each phase', async () => {
    const { path } = await made();
    const seen = new Set<string>();
    await checkDataDirectory(path, { onProgress: (_share, phase) => seen.add(phase) });
    expect([...seen].sort()).toEqual(
      ['content', 'inodes', 'links', 'listings', 'names', 'orphans', 'verdicts', 'xattrs'].sort(),
    );
  });
});

type Tampering = (
  ino: Numbers,
  changes: Map<string, Buffer | undefined>,
  inode: (ino: number) => Inode,
) => void;

/** Each damage with what is found of it. All of them can be mended. */
const DAMAGES: Record<string, { readonly codes: readonly FindingCode[]; readonly tamper: Tampering }> = {
  'a name that leads to nothing': {
    codes: ['NAME_DANGLING', 'ENTRIES_WRONG', 'CONTENT_STRAY', 'XATTR_STRAY'],
    tamper: (ino, changes) => changes.set(keys.inode(ino.file), undefined),
  },
  'a name missing from its listing': {
    codes: ['NAME_UNLISTED'],
    tamper: (ino, changes) => changes.set(keys.cookie(key64(ino.below), 3), undefined),
  },
  'a listing without the name': {
    codes: ['LISTING_STRAY', 'ENTRIES_WRONG', 'NAMELESS'],
    tamper: (ino, changes) => changes.set(keys.name(key64(ino.below), 'file'), undefined),
  },
  'a directory that is gone, with what lies in it': {
    codes: ['NAME_DANGLING', 'NAME_LOST', 'NAMELESS', 'LINKS_WRONG', 'ENTRIES_WRONG'],
    tamper: (ino, changes) => changes.set(keys.inode(ino.below), undefined),
  },
  'a link count': {
    codes: ['LINKS_WRONG'],
    tamper: (ino, changes, inode) => put(changes, Object.assign(inode(ino.twice), { nlink: 7 })),
  },
  'a count of entries': {
    codes: ['ENTRIES_WRONG'],
    tamper: (ino, changes, inode) => put(changes, Object.assign(inode(ino.dir), { entries: 1 })),
  },
  'a parent': {
    codes: ['PARENT_WRONG'],
    tamper: (ino, changes, inode) => put(changes, Object.assign(inode(ino.below), { parent: ROOT_INO })),
  },
  'a record that does not decode': {
    codes: ['INODE_BAD', 'NAME_DANGLING', 'ENTRIES_WRONG', 'CONTENT_STRAY', 'XATTR_STRAY'],
    tamper: (ino, changes) => changes.set(keys.inode(ino.file), Buffer.from('?')),
  },
  'a lost target': {
    codes: ['TARGET_WRONG'],
    tamper: (ino, changes) => changes.set(keys.link(key64(ino.link)), undefined),
  },
  'a target of another length': {
    codes: ['TARGET_WRONG'],
    tamper: (ino, changes) => changes.set(keys.link(key64(ino.link)), Buffer.from('dir')),
  },
  'a sum of extended attributes': {
    codes: ['XATTRS_WRONG'],
    tamper: (ino, changes, inode) => put(changes, Object.assign(inode(ino.file), { xattrBytes: 1 })),
  },
  'extended attributes that are gone': {
    codes: ['XATTRS_WRONG'],
    tamper: (ino, changes) => changes.set(keys.xattr(key64(ino.file), 'colour'), undefined),
  },
  'directories within each other': {
    codes: ['UNREACHABLE', 'LISTING_STRAY', 'ENTRIES_WRONG', 'LINKS_WRONG', 'NAME_UNLISTED'],
    tamper: (ino, changes, inode) => {
      // `dir` leaves the top and lies in its own subdirectory.
      changes.set(keys.name(key64(ROOT_INO), 'dir'), undefined);
      const entry = Buffer.alloc(16);
      entry.writeUInt32BE(9, 4);
      entry.writeUInt32BE(ino.dir, 12);
      changes.set(keys.name(key64(ino.below), keyText('dir')), entry);
      put(changes, Object.assign(inode(ino.dir), { parent: ino.below }));
    },
  },
  'a directory with two names': {
    codes: ['DIRECTORY_TWICE', 'LISTING_STRAY'],
    tamper: (ino, changes) => {
      const entry = Buffer.alloc(16);
      entry.writeUInt32BE(9, 4);
      entry.writeUInt32BE(ino.dir, 12);
      changes.set(keys.name(key64(ino.below), 'again'), entry);
      const listed = Buffer.alloc(8);
      listed.writeUInt32BE(ino.dir, 4);
      changes.set(keys.cookie(key64(ino.below), 9), Buffer.concat([listed, Buffer.from('again ')]));
    },
  },
  'an entry behind the end of its listing': {
    codes: ['COOKIE_AHEAD'],
    tamper: (ino, changes, inode) => put(changes, Object.assign(inode(ino.below), { nextCookie: 3 })),
  },
  'what the share holds': {
    codes: ['USAGE_WRONG'],
    tamper: (_ino, changes) => changes.set(keys.usage, encodeHeld({ bytes: 1, files: 1 })),
  },
  'what the share holds, in an unknown form': {
    codes: ['USAGE_WRONG'],
    tamper: (_ino, changes) => changes.set(keys.usage, Buffer.from('?')),
  },
  'the top directory': {
    codes: ['ROOT_BAD', 'NAME_LOST', 'NAMELESS'],
    tamper: (_ino, changes) => changes.set(keys.inode(ROOT_INO), undefined),
  },
};

describe('damage is found and mended', () => {
  test.each(Object.entries(DAMAGES))('%s', async (_name, { codes, tamper: change }) => {
    const { path, ino } = await made();
    await tamper(path, (changes, inode) => change(ino, changes, inode));
    const before = await found(path);
    for (const code of codes) expect(before).toContain(code);
    // A check alone changes nothing.
    expect(await found(path)).toEqual(before);

    expect(await repaired(path)).toBe(0);
    expect(await found(path)).toEqual([]);
    await opened(path, async (directory) => {
      const share = await directory.openShare(SHARE, ROOT_DIRECTORY);
      expect(list(share, share.root())).not.toEqual([]);
      expect(share.held.files).toBeGreaterThan(0);
    });
    expect(await found(path)).toEqual([]);
  });

  test('a share whose own record is not readable is told of, and left alone', async () => {
    const { path } = await made();
    await tamper(path, (changes) => changes.set(keys.superblock, Buffer.from('?')));
    expect(await found(path)).toEqual(['SUPERBLOCK_BAD']);
    expect(await repaired(path)).toBe(1);
  });
});

describe('what has lost its name', () => {
  test('is found again in lost+found, with its content', async () => {
    const { path, ino } = await made();
    await tamper(path, (changes) => {
      changes.set(keys.name(key64(ino.below), 'file'), undefined);
      changes.set(keys.cookie(key64(ino.below), 3), undefined);
    });
    expect(await repaired(path)).toBe(0);
    await opened(path, async (directory) => {
      const share = await directory.openShare(SHARE, ROOT_DIRECTORY);
      const home = share.lookup(share.root(), ROOT, 'lost+found');
      expect(names(list(share, home))).toEqual([`inode-${ino.file}`]);
      const file = share.lookup(home, ROOT, `inode-${ino.file}`);
      const target = Buffer.alloc(6000);
      expect(await share.read(file, 0, target)).toBe(5000);
      expect(share.attributes(file).nlink).toBe(1);
    });
  });

  test('of a damaged top, everything is there again', async () => {
    const { path } = await made();
    await tamper(path, (changes) => changes.set(keys.inode(ROOT_INO), undefined));
    expect(await repaired(path)).toBe(0);
    await opened(path, async (directory) => {
      const share = await directory.openShare(SHARE, ROOT_DIRECTORY);
      const home = share.lookup(share.root(), ROOT, 'lost+found');
      expect(list(share, home).length).toBe(2);
    });
  });
});

test('content without a file is a leftover, which goes with a repair', async () => {
  const { path } = await made();
  const content = new LocalContentStore(join(path, 'content', '1'), openFilesCache(10));
  await content.write(4711, 0, Buffer.from('lost'));
  content.close();
  const { findings } = await checkDataDirectory(path);
  expect([findings.damage, findings.leftovers]).toEqual([0, 1]);
  expect(await repaired(path)).toBe(0);
  expect(await found(path)).toEqual([]);
});

test('a file whose content the disk does not let be looked at is told of, and the rest is looked at', async () => {
  const { path, ino } = await made();
  const stat = fs.statSync;
  const spy = vi.spyOn(fs, 'statSync').mockImplementation(((at: fs.PathLike, ...rest: []) => {
    if (String(at).endsWith(pathOf(ino.file)))
      throw Object.assign(new Error('EIO: injected'), { code: 'EIO' });
    return stat(at, ...rest);
  }) as typeof fs.statSync);
  cleanups.push(() => spy.mockRestore());
  let asked = 0;
  const { findings, afterRepair } = await checkDataDirectory(path, {
    mayRepair: async () => ++asked > 0,
  });
  for (const found of [findings, afterRepair]) {
    expect(found?.kept).toEqual([
      { code: 'CONTENT_UNREADABLE', share: SHARE, ino: ino.file, detail: 'EIO: injected' },
    ]);
  }
  spy.mockRestore();
  expect((await checkDataDirectory(path)).findings.counts).toEqual(new Map());
});
