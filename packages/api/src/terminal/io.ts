import { writeSync } from 'node:fs';

const STDOUT = 1;
const STDERR = 2;
const RETRY_MS = 10;

/** Writes to stdout. */
export function say(text: string): void {
  writeAll(STDOUT, text);
}

/** Writes to stderr. */
export function complain(text: string): void {
  writeAll(STDERR, text);
}

/**
 * All of `text` before anything else happens, so that an exit loses nothing. A reader that has gone away (`| head`) is no error; one
 * that is slow is waited for.
 */
function writeAll(fd: number, text: string): void {
  let rest: Uint8Array = Buffer.from(text, 'utf8');
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code !== 'EAGAIN') return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0, RETRY_MS);
    }
  }
}
