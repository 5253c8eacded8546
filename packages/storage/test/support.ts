import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Credentials, FileType } from '@dfs/nfs';
import { afterEach } from 'vitest';
import { seededRandom } from '../../nfs/test/support/random.ts';
import {
  type DataDirectory,
  type DataDirectoryOptions,
  type Inode,
  openDataDirectory,
  openMemoryDirectory,
  type ShareFileSystem,
} from '../src/index.ts';

export const ROOT: Credentials = { uid: 0, gid: 0, groups: [] };
export const ALICE: Credentials = { uid: 1000, gid: 1000, groups: [50] };
export const BOB: Credentials = { uid: 1001, gid: 1001, groups: [50] };
export const ROOT_DIRECTORY = { uid: 0, gid: 0, mode: 0o777 };

export interface Kind {
  readonly name: string;
  readonly open: (folder: string, options?: DataDirectoryOptions) => Promise<DataDirectory>;
}
export const KINDS: readonly Kind[] = [
  { name: 'memory + memory', open: async (_folder, options) => openMemoryDirectory(options) },
  { name: 'lmdb + local', open: openDataDirectory },
];

/** Runs after each test of the calling file, last first. */
export const cleanups: (() => unknown)[] = [];

export function cleanUpAfterEach(): void {
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });
}

export async function scratch(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'dfs-storage-'));
  cleanups.push(() => rm(path, { recursive: true }));
  return path;
}

/** May be closed by the test and once more after it. */
export function closedOnce(directory: DataDirectory): DataDirectory {
  let isOpen = true;
  const close = directory.close.bind(directory);
  directory.close = async () => {
    if (isOpen) await close();
    isOpen = false;
  };
  return directory;
}

/** A share of a new data directory, closed after the test. */
export async function newShare(kind: Kind, options?: DataDirectoryOptions): Promise<ShareFileSystem> {
  const directory = await kind.open(await scratch(), options);
  cleanups.push(() => directory.close());
  return directory.openShare(1, ROOT_DIRECTORY);
}

export interface Listed {
  readonly name: string;
  readonly cookie: number;
  readonly node: Inode;
}

export function list(
  share: ShareFileSystem,
  dir: Inode,
  cookie = 0,
  limit = Number.POSITIVE_INFINITY,
): Listed[] {
  const found: Listed[] = [];
  share.readdir(dir, ROOT, cookie, (name, at, node) => {
    if (found.length >= limit) return false;
    found.push({ name, cookie: at, node });
    return true;
  });
  return found;
}

export const names = (listed: readonly Listed[]): string[] => listed.map((entry) => entry.name);

/** The errno's name that a call refuses with, thrown or as a rejection; undefined where it does not. */
export async function refusal(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
}

export async function contentOf(share: ShareFileSystem, node: Inode, length = 1 << 20): Promise<Buffer> {
  const target = Buffer.alloc(length, 0xee);
  return target.subarray(0, await share.read(node, 0, target));
}

/** Of random histories: given, or another each time. */
export const SEED = Number(process.env['DFS_MODEL_SEED'] ?? Date.now() % 1_000_000);

/** Whole numbers below what is asked for: the same ones for the same seed. */
export function random(seed: number): (below: number) => number {
  const next = seededRandom(seed);
  return (below) => Math.floor(next() * below);
}

/** Bytes of storage that an object takes, as a quota counts them. */
export function bytesOf(share: ShareFileSystem, node: Inode): number {
  const { used, type, size } = share.attributes(node);
  return used + node.xattrBytes + (type === FileType.SYMLINK ? size : 0);
}
