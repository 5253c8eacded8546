import fs from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';

export const DATA_FILE = 'data.mdb';
const LOCK_FILE = 'lock.mdb';
const FILE_MODE = 0o664;

/** Of the two pages with which an LMDB file begins: offsets, and what stands there. */
const MAGIC_AT = 24;
const MAGIC = 0xbeefc0de;
const PAGE_BYTES_AT = 48;
const HEAD_BYTES = PAGE_BYTES_AT + 4;
/** LMDB writes numbers as its machine has them. */
const IS_LITTLE = endianness() === 'LE';
const MIN_PAGE_BYTES = 256;
const MAX_PAGE_BYTES = 65_536;
const HEADS = 2;
const DATA_OPENED = 2;

/**
 * Throws where a database in the folder could not be opened, as the disk or a damaged file does not let it: where LMDB's binding finds
 * that out by itself the process ends by SIGSEGV. Nothing is wrong with a folder that is not there yet.
 */
export function requireOpenable(folder: string): void {
  if (!fs.existsSync(folder)) return;
  const { O_RDWR, O_CREAT } = fs.constants;
  const path = join(folder, DATA_FILE);
  const files: number[] = [];
  try {
    files.push(fs.openSync(join(folder, LOCK_FILE), O_RDWR | O_CREAT, FILE_MODE));
    // As many as it opens itself.
    for (let n = 0; n < DATA_OPENED; n++) files.push(fs.openSync(path, O_RDWR | O_CREAT, FILE_MODE));
    requireHeads(path, files.at(-1) as number);
  } finally {
    for (const file of files) fs.closeSync(file);
  }
}

function requireHeads(path: string, fd: number): void {
  const { size } = fs.fstatSync(fd);
  // Made just now, and never written.
  if (size === 0) return;
  const head = new DataView(new ArrayBuffer(HEAD_BYTES));
  let at = 0;
  for (let n = 0; n < HEADS; n++) {
    const got = fs.readSync(fd, head, 0, HEAD_BYTES, at);
    const step = head.getUint32(PAGE_BYTES_AT, IS_LITTLE);
    const isHead = got === HEAD_BYTES && head.getUint32(MAGIC_AT, IS_LITTLE) === MAGIC;
    if (!isHead || step < MIN_PAGE_BYTES || step > MAX_PAGE_BYTES) {
      throw new Error(`${path} is damaged at its beginning: restore the data directory from a backup`);
    }
    at += step;
  }
}
