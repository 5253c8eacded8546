import { codeOf } from '../host/errors.ts';
import type { CommitLog } from '../log/commit-log.ts';
import { refusalOf, type Stop, stopFor } from './stop.ts';

export interface GuardListener {
  /** Told when the share stops by itself, before anybody else is. */
  readonly stopped: (stop: Stop) => void;
  /** Told of the first failure, and of later ones at most once in {@link TOLD_MS}. */
  readonly readFailed: (reason: string, count: number) => void;
}

const TOLD_MS = 60_000;

/** Whether a share answers: it stops when its content cannot be kept, and with all others when records cannot. */
export class ShareGuard {
  readonly #log: CommitLog;
  readonly #now: () => number;
  readonly #listener: GuardListener;
  #stop: Stop | undefined;
  #toldAt = Number.NEGATIVE_INFINITY;
  /** Reads of content that have failed. */
  readErrors = 0;

  constructor(log: CommitLog, now: () => number, listener: GuardListener) {
    this.#log = log;
    this.#now = now;
    this.#listener = listener;
  }

  /** Why it does not answer, or takes no changes. */
  get stop(): Stop | undefined {
    return this.#stop ?? this.#log.stopped;
  }

  /** EIO where it has stopped. */
  check(): void {
    if (this.#stop !== undefined) throw refusalOf(this.#stop);
    this.#log.check();
  }

  /** EAGAIN while records cannot even be read. */
  checkReadable(): void {
    this.#log.checkReadable();
  }

  /** EIO for what changes something, too; EROFS, and ENOSPC unless it `frees` room, besides. */
  checkChange(frees = false): void {
    if (this.#stop !== undefined) throw refusalOf(this.#stop);
    this.#log.checkChange(frees);
  }

  /** What was written may not be on the disk, whatever the host says of it from now on. */
  fail(error: unknown): void {
    if (this.#stop !== undefined) return;
    this.#stop = stopFor('content', error, this.#now());
    this.#listener.stopped(this.#stop);
  }

  /** A write that the disk refused. For want of room, or of leave to write, it is that one's trouble only. */
  writeFailed(error: unknown): void {
    if (codeOf(error) === 'EIO') this.fail(error);
  }

  readFailed(error: unknown): void {
    if (codeOf(error) !== 'EIO') return;
    this.readErrors++;
    const now = this.#now();
    if (now - this.#toldAt < TOLD_MS) return;
    this.#toldAt = now;
    this.#listener.readFailed(error instanceof Error ? error.message : String(error), this.readErrors);
  }

  /** The cause is gone. */
  start(): void {
    this.#stop = undefined;
  }
}
