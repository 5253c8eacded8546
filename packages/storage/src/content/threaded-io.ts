import fs from 'node:fs';
import { WRITE_PIECE_BYTES } from '../limits.ts';

function readOnce(fd: number, target: Buffer, start: number, offset: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(fd, target, start, target.length - start, offset + start, (error, count) => {
      if (error) reject(error);
      else resolve(count);
    });
  });
}

function writeOnce(fd: number, data: Buffer, start: number, offset: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.write(fd, data, start, data.length - start, offset + start, (error, count) => {
      if (error) reject(error);
      else resolve(count);
    });
  });
}

/** Fills `target`, whose first `done` bytes are there, from the file's `offset`; the count is short only at its end. */
export async function readAt(fd: number, target: Buffer, done: number, offset: number): Promise<number> {
  let count = done;
  while (count < target.length) {
    const got = await readOnce(fd, target, count, offset);
    if (got === 0) break;
    count += got;
  }
  return count;
}

export async function writeAt(fd: number, data: Buffer, offset: number): Promise<void> {
  for (let count = 0; count < data.length; ) count += await writeOnce(fd, data, count, offset);
}

/** Writes all of it before it returns, piece by piece. */
export function writeOnSpot(fd: number, data: Buffer, offset: number): void {
  for (let done = 0; done < data.length; ) {
    const piece = Math.min(WRITE_PIECE_BYTES, data.length - done);
    done += fs.writeSync(fd, data, done, piece, offset + done);
  }
}
