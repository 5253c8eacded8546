import { Stability } from '@dfs/nfs';
import {
  type BackupError,
  type DataDirectory,
  type DataDirectoryOptions,
  type Inode,
  openDataDirectory,
  type ShareFileSystem,
} from '../../src/index.ts';
import { cleanups, closedOnce, ROOT, ROOT_DIRECTORY } from '../support.ts';

/** Far longer than it takes: how fast the machine is, is not tested. */
export const PAUSE = { maxPauseMs: 120_000 };

/** Share 1 of a data directory, which is closed after the test unless it has been. */
export async function opened(
  path: string,
  options: DataDirectoryOptions = {},
): Promise<[DataDirectory, ShareFileSystem]> {
  const directory = closedOnce(await openDataDirectory(path, options));
  cleanups.push(() => directory.close());
  return [directory, await directory.openShare(1, ROOT_DIRECTORY)];
}

export async function make(share: ShareFileSystem, name: string, content: Buffer | string): Promise<Inode> {
  const file = share.createFile(share.root(), ROOT, name, { mode: 0o644 });
  await share.write(file, 0, Buffer.from(content), Stability.FILE_SYNC);
  await share.stable();
  return file;
}

export async function contentOf(share: ShareFileSystem, file: Inode): Promise<Buffer> {
  const content = Buffer.alloc(file.size);
  await share.read(file, 0, content);
  return content;
}

export const textOf = async (share: ShareFileSystem, name: string): Promise<string> =>
  (await contentOf(share, share.lookup(share.root(), ROOT, name))).toString();

export const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: BackupError) => error.code,
  );
