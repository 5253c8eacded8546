import { constants } from 'node:os';
import koffi from 'koffi';
import { HOST_PAGE_BYTES } from '../limits.ts';
import { hostError } from './errors.ts';

/** fallocate(2) modes, lseek(2) whences, preadv2(2) flags, posix_fadvise(2) advices, flock(2) operations, the FICLONERANGE ioctl: Linux's numbers. */
const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const RWF_NOWAIT = 8;
const POSIX_FADV_DONTNEED = 4;
const LOCK_EX = 2;
const LOCK_NB = 4;
const FICLONERANGE = 0x4020940d;

/** cachestat(2), Linux 6.5: the C library has no function for it. The same number on every processor. */
const SYS_CACHESTAT = 451;

/** struct iovec and struct file_clone_range, 64-bit. */
const IOVEC_BYTES = 16;
const CLONE_RANGE_BYTES = 32;
const U64_BYTES = 8;

type Call = ((...args: unknown[]) => number) & {
  async: (...args: unknown[]) => void;
};

/** One function of the C library, undefined where this host has none such. */
function find(definition: string): Call | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return koffi.load(null).func(definition) as unknown as Call;
  } catch {
    return undefined;
  }
}

const fallocate = find('int fallocate(int fd, int mode, int64_t offset, int64_t length)');
const lseek = find('int64_t lseek(int fd, int64_t offset, int whence)');
const preadv2 = find('int64_t preadv2(int fd, uintptr_t vector, int count, int64_t offset, int flags)');
const fadvise = find('int posix_fadvise(int fd, int64_t offset, int64_t length, int advice)');
const flock = find('int flock(int fd, int operation)');
const syncfs = find('int syncfs(int fd)');
const sendfile = find('int64_t sendfile(int to, int from, uintptr_t offset, uintptr_t count)');
const syscall = find(
  'int64_t syscall(int64_t number, int64_t fd, uintptr_t range, uintptr_t found, uint64_t flags)',
);
const ioctl = find('int ioctl(int fd, unsigned long request, void *argument)');

/** Holes can be made, found and filled. */
export const canSparse = fallocate !== undefined && lseek !== undefined;

export const canSyncHost = syncfs !== undefined;

/** Runs on a thread; the errno stays there, so a call that failed is made again here, where it fails as fast. */
function inThread(name: string, call: Call, args: readonly unknown[]): Promise<void> {
  return new Promise((resolve, reject) => {
    call.async(...args, (error: unknown, result: number) => {
      if (error) reject(error);
      else if (result >= 0 || call(...args) >= 0) resolve();
      else reject(hostError(name, koffi.errno()));
    });
  });
}

function need(call: Call | undefined, name: string): Call {
  if (call === undefined) throw hostError(name, constants.errno.EOPNOTSUPP);
  return call;
}

/** All that was written to the file system of `fd` is on its disk when this answers. */
export function syncHost(fd: number): Promise<void> {
  const call = need(syncfs, 'syncfs');
  return new Promise((resolve, reject) => {
    call.async(fd, (error: unknown, result: number) => {
      if (error) reject(error);
      else if (result >= 0) resolve();
      // Asked again it would tell no more of what went wrong: a loss is reported once.
      else reject(hostError('syncfs', constants.errno.EIO));
    });
  });
}

/** Frees the range's storage; it reads as zeros. The size stays. */
export function punchHole(fd: number, offset: number, length: number): Promise<void> {
  const mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  return inThread('fallocate', need(fallocate, 'fallocate'), [fd, mode, offset, length]);
}

/** Reserves the range's storage; extends the file to its end. */
export function reserve(fd: number, offset: number, length: number): Promise<void> {
  return inThread('fallocate', need(fallocate, 'fallocate'), [fd, 0, offset, length]);
}

/** The next data or hole at or behind `offset`; undefined where there is none before the end. Moves the position of `fd`. */
export function seek(fd: number, offset: number, what: 'data' | 'hole'): number | undefined {
  const found = need(lseek, 'lseek')(fd, offset, what === 'data' ? SEEK_DATA : SEEK_HOLE);
  if (found >= 0) return Number(found);
  const errno = koffi.errno();
  if (errno === constants.errno.ENXIO) return undefined;
  throw hostError('lseek', errno);
}

/** A struct iovec. Not from the pool, nor on the heap: it stays where it is. */
const vector = Buffer.allocUnsafeSlow(HOST_PAGE_BYTES).fill(0, 0, IOVEC_BYTES);
const vectorAddress = preadv2 === undefined ? 0 : addressOf(vector);
const TWO_32 = 2 ** 32;
/** Where large memory lies, which is used again and again. No Buffer's memory moves as long as it is there. */
const addresses = new WeakMap<Buffer, number>();
const LARGE = 16 * HOST_PAGE_BYTES;
let canReadCached = preadv2 !== undefined;
/** What is read only to see whether it is there. */
const ends = Buffer.allocUnsafeSlow(1);

/** Exact: user space ends far below 2^53. */
function addressOf(memory: Buffer): number {
  return Number(koffi.address(memory));
}

function writeU64(memory: Buffer, value: number, at: number): void {
  memory.writeUInt32LE(value % TWO_32, at);
  memory.writeUInt32LE(Math.floor(value / TWO_32), at + 4);
}

function knownAddressOf(memory: Buffer): number {
  if (memory.length < LARGE) return addressOf(memory);
  let address = addresses.get(memory);
  if (address === undefined) {
    address = addressOf(memory);
    addresses.set(memory, address);
  }
  return address;
}

/**
 * Reads what the page cache holds to `start` up to `end` of `memory`, without ever waiting for the disk: the count, which falls short where the cache or the file ends;
 * 0 only at the file's end; undefined where nothing is cached, or the host cannot tell.
 */
export function readCached(
  fd: number,
  memory: Buffer,
  start: number,
  end: number,
  offset: number,
): number | undefined {
  if (!canReadCached || preadv2 === undefined) return undefined;
  const address = knownAddressOf(memory) + start;
  writeU64(vector, address, 0);
  vector.writeUInt32LE(end - start, IOVEC_BYTES / 2);
  const count = preadv2(fd, vectorAddress, 1, offset, RWF_NOWAIT);
  if (count >= 0) return count;
  const errno = koffi.errno();
  if (errno === constants.errno.EOPNOTSUPP || errno === constants.errno.ENOSYS) canReadCached = false;
  // Any other error comes again, with its reason, from the read that the caller falls back to.
  return undefined;
}

/** A struct cachestat_range, a struct cachestat, and an offset. */
const asked = Buffer.allocUnsafeSlow(HOST_PAGE_BYTES).fill(0);
const askedAddress = sendfile === undefined ? 0 : addressOf(asked);
const CACHESTAT_AT = 64;
const OFFSET_AT = 128;
let canTellCached = canReadCached && sendfile !== undefined && syscall !== undefined;

/**
 * The page cache has all of the range, so that {@link sendCached} does not wait for the disk. False where the host cannot tell. What is just being read from
 * the disk counts as there, except at the ends, which are looked at: what the host reads ahead it reads in order.
 */
export function isCached(fd: number, offset: number, count: number): boolean {
  if (!canTellCached || syscall === undefined) return false;
  writeU64(asked, offset, 0);
  writeU64(asked, count, U64_BYTES);
  if (syscall(SYS_CACHESTAT, fd, askedAddress, askedAddress + CACHESTAT_AT, 0) < 0) {
    // Of a file it tells always, or never: where the kernel lacks it, or whoever runs this process has forbidden it.
    canTellCached = false;
    return false;
  }
  const last = offset + count - 1;
  const pages = Math.floor(last / HOST_PAGE_BYTES) - Math.floor(offset / HOST_PAGE_BYTES) + 1;
  if (asked.readUInt32LE(CACHESTAT_AT) < pages) return false;
  return readCached(fd, ends, 0, 1, last) === 1 && readCached(fd, ends, 0, 1, offset) === 1;
}

/**
 * Sends from the file over a non-blocking socket, from the page cache without a copy: the count that the socket has taken, 0 where it has no room, or the file
 * has no more. What the cache lacks is waited for: see {@link isCached}. Throws what the socket, or the disk, has to say.
 */
export function sendCached(socket: number, fd: number, offset: number, count: number): number {
  writeU64(asked, offset, OFFSET_AT);
  const sent = need(sendfile, 'sendfile')(socket, fd, askedAddress + OFFSET_AT, count);
  if (sent >= 0) return sent;
  const errno = koffi.errno();
  if (errno === constants.errno.EAGAIN || errno === constants.errno.EINTR) return 0;
  throw hostError('sendfile', errno);
}

/** What the page cache has of the file, and is not to be written, is read from the disk again. Where the host cannot, nothing happens. */
export function dropCached(fd: number): void {
  fadvise?.(fd, 0, 0, POSIX_FADV_DONTNEED);
}

/** Locks the open file for this process, until it closes it or dies; false where another has it. */
export function tryLock(fd: number): boolean {
  if (need(flock, 'flock')(fd, LOCK_EX | LOCK_NB) >= 0) return true;
  const errno = koffi.errno();
  if (errno === constants.errno.EAGAIN) return false;
  throw hostError('flock', errno);
}

/** Makes `to`, which is empty, share the storage of all of `from`; on a thread, as what is not written yet is written first. */
export function cloneFile(from: number, to: number): Promise<void> {
  const range = Buffer.alloc(CLONE_RANGE_BYTES);
  range.writeBigInt64LE(BigInt(from), 0);
  return inThread('FICLONERANGE', need(ioctl, 'ioctl'), [to, FICLONERANGE, range]);
}

/** Makes `to` share the storage of a range of `from`. EOPNOTSUPP or EXDEV where the host's file system cannot. */
export function cloneRange(
  from: number,
  fromOffset: number,
  to: number,
  toOffset: number,
  length: number,
): void {
  const call = need(ioctl, 'ioctl');
  const range = Buffer.alloc(CLONE_RANGE_BYTES);
  range.writeBigInt64LE(BigInt(from), 0);
  range.writeBigUInt64LE(BigInt(fromOffset), 8);
  range.writeBigUInt64LE(BigInt(length), 16);
  range.writeBigUInt64LE(BigInt(toOffset), 24);
  if (call(to, FICLONERANGE, range) < 0) throw hostError('FICLONERANGE', koffi.errno());
}
