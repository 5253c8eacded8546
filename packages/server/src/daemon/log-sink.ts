import { constants, fstatSync, openSync, write } from 'node:fs';

/** Bytes of log text that wait for a slow reader; more is dropped, so that a stuck pipe costs messages and not the service. */
export const MAX_WAITING_BYTES = 4 * 1024 * 1024;
const RETRY_MS = 20;

/** Writes text to a file descriptor in order, without ever stopping the event loop. */
export class LogSink {
  readonly #fd: number;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #writing: Buffer | undefined;
  #dropped = 0;
  /** Nobody reads any more: the terminal or the pipe is gone. The server goes on without a log. */
  #gone = false;
  readonly #idle: (() => void)[] = [];

  constructor(fd: number) {
    this.#fd = withoutWaiting(fd);
  }

  write(text: string): void {
    if (this.#gone) return;
    const bytes = Buffer.byteLength(text);
    if (this.#waitingBytes + bytes > MAX_WAITING_BYTES) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(text);
    this.#waitingBytes += bytes;
    if (this.#writing === undefined) this.#next();
  }

  /** Resolves when all is written, or after `timeoutMs` without that. */
  flush(timeoutMs: number): Promise<void> {
    if (this.#writing === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#idle.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #next(): void {
    if (this.#dropped > 0 && this.#waiting.length > 0) {
      this.#waiting.push(
        `{"level":"warn","msg":"log messages dropped: nobody read them","count":${this.#dropped}}\n`,
      );
      this.#dropped = 0;
    }
    if (this.#waiting.length === 0) {
      this.#writing = undefined;
      for (const done of this.#idle.splice(0)) done();
      return;
    }
    const batch = Buffer.from(this.#waiting.join(''), 'utf8');
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#push(batch);
  }

  #push(rest: Buffer): void {
    this.#writing = rest;
    write(this.#fd, rest, (error, written) => {
      if (error === null) {
        if (written < rest.length) this.#push(rest.subarray(written));
        else this.#next();
      } else if (error.code === 'EAGAIN') {
        setTimeout(() => this.#push(rest), RETRY_MS);
      } else {
        this.#gone = true;
        this.#waiting = [];
        this.#next();
      }
    });
  }
}

/**
 * The same pipe or terminal, opened once more so that a write to it never waits: a thread that hangs in a write would hold up the
 * end of the process for as long. Files never wait long, and sockets cannot be opened again: those are used as they are.
 */
function withoutWaiting(fd: number): number {
  try {
    const stats = fstatSync(fd);
    if (!stats.isFIFO() && !stats.isCharacterDevice()) return fd;
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return fd;
  }
}
