import fs from 'node:fs';
import { codeOf } from '../host/errors.ts';
import { cloneRange } from '../host/libc.ts';
import type { Range } from './copy.ts';

/** Has a range of one open file share the storage of another's, as RFC 7862 §15.13 wants it; in one go, so that nobody sees a part of it. */
export function shareRange(from: number, to: number, range: Range, block: number): void {
  const { fromOffset, toOffset, length } = range;
  try {
    cloneRange(from, fromOffset, to, toOffset, length);
  } catch (error) {
    if (codeOf(error) !== 'EINVAL' || !endsWithin(from, to, range, block)) throw error;
    const part = length % block;
    const whole = length - part;
    if (whole > 0) cloneRange(from, fromOffset, to, toOffset, whole);
    copyLast(from, fromOffset + whole, to, toOffset + whole, part, block);
  }
}

/** The source ends within a block, and the target goes on behind it: the host shares whole blocks only, there. */
function endsWithin(
  from: number,
  to: number,
  { fromOffset, toOffset, length }: Range,
  block: number,
): boolean {
  const isAligned = fromOffset % block === 0 && toOffset % block === 0;
  return (
    isAligned &&
    length % block > 0 &&
    fromOffset + length === fs.fstatSync(from).size &&
    toOffset + length < fs.fstatSync(to).size
  );
}

/** The part of a block, and zeros behind it to that block's end. */
function copyLast(
  from: number,
  fromOffset: number,
  to: number,
  toOffset: number,
  part: number,
  block: number,
): void {
  const count = Math.min(block, fs.fstatSync(to).size - toOffset);
  const bytes = Buffer.alloc(count);
  for (let done = 0; done < part; ) {
    const got = fs.readSync(from, bytes, done, part - done, fromOffset + done);
    if (got === 0) break;
    done += got;
  }
  for (let done = 0; done < count; ) done += fs.writeSync(to, bytes, done, count - done, toOffset + done);
}
