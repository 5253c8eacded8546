import type { Awaitable, Stretch } from '@dfs/nfs';
import { codeOf, toFsError } from '../host/errors.ts';
import { isCached, readCached, sendCached } from '../host/libc.ts';
import { CACHED_FOR_MS, MAX_STRETCHES, SEND_FROM_BYTES } from '../limits.ts';
import type { HostFiles, OpenFile } from './host-files.ts';
import { readAt } from './threaded-io.ts';

/** What sendfile(2) says of the socket; anything else is about the file. */
const SOCKET_ERRORS = new Set([
  'EPIPE',
  'ECONNRESET',
  'ENOTCONN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EBADF',
  'ENOTSOCK',
]);
/** About what the host can spare just now: the pieces that are copied instead need less at a time. */
const SHORTAGES = new Set(['ENOBUFS', 'ENOMEM']);

let stretches = 0;

/** A stretch of an open file that the page cache has; undefined where it has not all of it, or that does not pay. */
export function stretchOf(
  files: HostFiles,
  file: OpenFile,
  offset: number,
  length: number,
): Stretch | undefined {
  if (length < SEND_FROM_BYTES || stretches >= MAX_STRETCHES || file.unsendable) return undefined;
  // Also where the file is shorter: what is behind its end is nowhere.
  return isCached(file.fd, offset, length) ? new HostStretch(files, file, offset, length) : undefined;
}

/** Goes from the page cache to the socket by sendfile(2): nothing of it is copied. */
class HostStretch implements Stretch {
  readonly length: number;
  readonly #files: HostFiles;
  readonly #file: OpenFile;
  readonly #offset: number;
  /** When it was last seen to be in the page cache. */
  #seenAt = performance.now();

  constructor(files: HostFiles, file: OpenFile, offset: number, length: number) {
    this.#files = files;
    this.#file = file;
    this.#offset = offset;
    this.length = length;
    files.hold(file);
    stretches++;
  }

  send(descriptor: number, from: number): number {
    const { fd } = this.#file;
    const offset = this.#offset + from;
    const count = this.length - from;
    // A slow peer may come to it long after: what has left the cache since is read by a thread.
    if (!this.#isCached(offset, count)) return 0;
    try {
      return sendCached(descriptor, fd, offset, count);
    } catch (error) {
      const code = codeOf(error) ?? '';
      if (SOCKET_ERRORS.has(code)) throw error;
      if (!SHORTAGES.has(code)) this.#file.unsendable = true;
      return 0;
    }
  }

  #isCached(offset: number, count: number): boolean {
    const now = performance.now();
    if (now - this.#seenAt < CACHED_FOR_MS) return true;
    if (!isCached(this.#file.fd, offset, count)) return false;
    this.#seenAt = now;
    return true;
  }

  read(from: number, target: Buffer): Awaitable<void> {
    const { fd } = this.#file;
    const offset = this.#offset + from;
    const got = readCached(fd, target, 0, target.length, offset) ?? 0;
    if (got === target.length) return;
    return this.#readInThread(offset, target, got);
  }

  release(): void {
    stretches--;
    this.#files.letGo(this.#file);
  }

  async #readInThread(offset: number, target: Buffer, done: number): Promise<void> {
    try {
      const got = await this.#files.using(this.#file, (fd) => readAt(fd, target, done, offset));
      // The file was cut meanwhile, and the answer has promised more.
      target.fill(0, got);
    } catch (error) {
      this.#file.unsendable = true;
      throw toFsError(error);
    }
  }
}
