import fs from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { readAt, writeAt } from '../content/threaded-io.ts';
import { codeOf } from '../host/errors.ts';
import { canSparse, cloneFile, punchHole, seek } from '../host/libc.ts';
import { BACKUP_CHUNK_BYTES as CHUNK } from '../limits.ts';
import { asSourceError, reading } from './errors.ts';
import type { Task } from './task.ts';

const MODE = 0o600;
const FOLDER_MODE = 0o700;
const ZEROS = Buffer.alloc(CHUNK);
const INDEX_BYTES = 8;
const CANNOT_CLONE: ReadonlySet<string> = new Set([
  'EXDEV',
  'ENOTTY',
  'EOPNOTSUPP',
  'EINVAL',
  'ENOSYS',
  'ETXTBSY',
  'EPERM',
]);

/** Which parts of a file of `size` bytes are to be copied. */
export type Ranges = (size: number) => readonly (readonly [start: number, end: number])[];
export const ALL: Ranges = (size) => (size === 0 ? [] : [[0, size]]);

interface Source {
  readonly path: string;
  readonly fd: number;
}

/** Copies files from folder to folder: by shared storage where the host can, else data as data and holes as holes. */
export class FileCopier {
  readonly #task: Task;
  /** As many as copies have been under way at one time. */
  readonly #buffers: Buffer[] = [];
  #clones = true;

  constructor(task: Task) {
    this.#task = task;
  }

  /** Brings `to` to where `from` is; all outside of the ranges is the same already. A file that is not there is none in the copy either. */
  async copy(from: string, to: string, ranges: Ranges): Promise<void> {
    let source: fs.promises.FileHandle;
    try {
      source = await fs.promises.open(from, 'r');
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw asSourceError(from, error);
      await fs.promises.rm(to, { force: true });
      return;
    }
    try {
      const target = await made(to);
      try {
        await this.#transfer({ path: from, fd: source.fd }, target.fd, ranges);
      } finally {
        await target.close();
      }
    } finally {
      await source.close();
    }
    this.#task.file();
  }

  async #transfer(from: Source, to: number, ranges: Ranges): Promise<void> {
    const { size } = fs.fstatSync(from.fd);
    if (size > 0 && (await this.#cloned(from.fd, to))) {
      this.#task.seen(size);
      return;
    }
    fs.ftruncateSync(to, size);
    const buffer = this.#buffers.pop() ?? Buffer.allocUnsafeSlow(CHUNK);
    try {
      for (const [start, end] of ranges(size)) await this.#copyRange(from, to, start, end, buffer);
    } finally {
      this.#buffers.push(buffer);
    }
  }

  async #cloned(from: number, to: number): Promise<boolean> {
    if (!this.#clones) return false;
    const { size } = fs.fstatSync(to);
    try {
      // Over what is there: should it be refused, that is still good for a copy of some ranges.
      await cloneFile(from, to);
      if (size > fs.fstatSync(from).size) fs.ftruncateSync(to, fs.fstatSync(from).size);
      return true;
    } catch (error) {
      if (!CANNOT_CLONE.has(codeOf(error) ?? '')) throw error;
      this.#clones = false;
      return false;
    }
  }

  async #copyRange(from: Source, to: number, start: number, end: number, buffer: Buffer): Promise<void> {
    for (let at = start; at < end; ) {
      const data = canSparse ? Math.min(seek(from.fd, at, 'data') ?? end, end) : at;
      if (data > at) {
        await clear(to, at, data);
        this.#task.seen(data - at);
      }
      const hole = canSparse ? Math.min(seek(from.fd, data, 'hole') ?? end, end) : end;
      for (at = data; at < hole; ) {
        const part = buffer.subarray(0, Math.min(CHUNK, hole - at));
        const got = await reading(from.path, readAt(from.fd, part, 0, at));
        if (got === 0) return;
        await writeAt(to, part.subarray(0, got), at);
        at += got;
        await this.#task.moved(got);
      }
    }
  }
}

/** A range becomes zeros, and a hole where the host has such. */
async function clear(fd: number, start: number, end: number): Promise<void> {
  if (canSparse) {
    try {
      await punchHole(fd, start, end - start);
      return;
    } catch (error) {
      if (codeOf(error) !== 'EOPNOTSUPP') throw error;
    }
  }
  for (let at = start; at < end; at += CHUNK) {
    await writeAt(fd, ZEROS.subarray(0, Math.min(CHUNK, end - at)), at);
  }
}

async function made(path: string): Promise<fs.promises.FileHandle> {
  const flags = fs.constants.O_RDWR | fs.constants.O_CREAT;
  try {
    return await fs.promises.open(path, flags, MODE);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    await fs.promises.mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE });
    return await fs.promises.open(path, flags, MODE);
  }
}

/** What a file's content comes to, however its holes lie. */
export interface Digest {
  readonly size: number;
  /** CRC-32 over those chunks that hold more than zeros, each with its number before it. */
  readonly crc: number;
}

/** Reads a file, without its holes. */
export async function digestOf(path: string, task: Task): Promise<Digest> {
  const file = await fs.promises.open(path, 'r');
  try {
    const { size } = await file.stat();
    const buffer = Buffer.allocUnsafeSlow(CHUNK);
    const index = Buffer.alloc(INDEX_BYTES);
    let crc = 0;
    for (let at = 0; at < size; ) {
      const data = canSparse ? (seek(file.fd, at, 'data') ?? size) : at;
      const start = data - (data % CHUNK);
      task.seen(Math.max(0, Math.min(start, size) - at));
      if (data >= size) break;
      const got = await readAt(file.fd, buffer.subarray(0, Math.min(CHUNK, size - start)), 0, start);
      if (got === 0) break;
      const chunk = buffer.subarray(0, got);
      if (!chunk.equals(ZEROS.subarray(0, got))) {
        index.writeBigUInt64LE(BigInt(start / CHUNK));
        crc = crc32(chunk, crc32(index, crc));
      }
      at = start + got;
      await task.moved(got);
    }
    return { size, crc };
  } finally {
    await file.close();
  }
}
