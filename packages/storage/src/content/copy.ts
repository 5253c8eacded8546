import fs from 'node:fs';
import { canSparse, punchHole, seek } from '../host/libc.ts';
import { COPY_CHUNK_BYTES } from '../limits.ts';
import { readAt, writeAt } from './threaded-io.ts';

export interface Range {
  readonly fromOffset: number;
  readonly toOffset: number;
  readonly length: number;
}

/** Copies a range between two open files: data chunk by chunk, holes as holes. */
export async function copySparse(from: number, to: number, range: Range): Promise<void> {
  const { fromOffset, toOffset, length } = range;
  const end = fromOffset + length;
  const shift = toOffset - fromOffset;
  const chunk = Buffer.allocUnsafeSlow(Math.min(COPY_CHUNK_BYTES, length));
  for (let at = fromOffset; at < end; ) {
    const data = canSparse ? Math.min(seek(from, at, 'data') ?? end, end) : at;
    if (data > at) await makeHole(to, at + shift, data + shift);
    const hole = canSparse ? Math.min(seek(from, data, 'hole') ?? end, end) : end;
    for (at = data; at < hole; ) {
      const part = chunk.subarray(0, Math.min(chunk.length, hole - at));
      const got = await readAt(from, part, 0, at);
      if (got === 0) break;
      await writeAt(to, part.subarray(0, got), at + shift);
      at += got;
    }
    at = Math.max(at, hole);
  }
  if (fs.fstatSync(to).size < toOffset + length) fs.ftruncateSync(to, toOffset + length);
}

async function makeHole(fd: number, start: number, end: number): Promise<void> {
  const stop = Math.min(end, fs.fstatSync(fd).size);
  if (stop > start) await punchHole(fd, start, stop - start);
}
