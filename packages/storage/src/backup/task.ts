import { setTimeout as sleep } from 'node:timers/promises';
import { BackupError } from './errors.ts';

/** What is being done; the later ones only once. */
export type BackupPhase = 'copying' | 'holding' | 'metadata' | 'checksums' | 'syncing' | 'restoring';

export interface BackupProgress {
  readonly phase: BackupPhase;
  /** Of this phase. */
  readonly files: number;
  readonly bytes: number;
  /** Bytes that this phase will come to, about. */
  readonly ofBytes: number | undefined;
}

export interface TaskOptions {
  readonly onProgress?: (progress: BackupProgress) => void;
  readonly signal?: AbortSignal;
  /** Bytes to copy in a second at the most, on average. */
  readonly maxRate?: number;
}

const MS = 1000;

/** One backup or restore under way: counts what it does, keeps to its rate, and ends when it is told to. */
export class Task {
  #phase: BackupPhase = 'copying';
  #files = 0;
  #bytes = 0;
  #ofBytes: number | undefined;
  readonly #options: TaskOptions;
  readonly #startedAt = performance.now();
  #copied = 0;
  /** When what is done now must be done; none where undefined. */
  deadline: number | undefined;

  constructor(options: TaskOptions) {
    this.#options = options;
  }

  phase(phase: BackupPhase, ofBytes?: number): void {
    this.#phase = phase;
    this.#files = 0;
    this.#bytes = 0;
    this.#ofBytes = ofBytes;
    this.check();
    this.#tell();
  }

  /** Throws where the task is to end, or {@link Overdue} past its deadline. */
  check(): void {
    if (this.#options.signal?.aborted === true) {
      throw new BackupError('CANCELLED', 'cancelled', 'start it again when it suits');
    }
    if (this.deadline !== undefined && performance.now() > this.deadline) throw new Overdue();
  }

  file(): void {
    this.#files++;
    this.check();
    this.#tell();
  }

  get bytes(): number {
    return this.#bytes;
  }

  get files(): number {
    return this.#files;
  }

  /** So much is done without a byte being moved: a hole, or storage that is shared. */
  seen(bytes: number): void {
    this.#bytes += bytes;
    this.check();
    this.#tell();
  }

  /** So much has been copied or checked. Waits where that was more than the rate allows. */
  async moved(bytes: number): Promise<void> {
    this.#copied += bytes;
    this.seen(bytes);
    const { maxRate, signal } = this.#options;
    // Those who wait for the end of a hold are not to wait for this.
    if (maxRate === undefined || this.deadline !== undefined) return;
    const ahead = (this.#copied / maxRate) * MS - (performance.now() - this.#startedAt);
    if (ahead > 1) await sleep(ahead, undefined, signal === undefined ? {} : { signal }).catch(() => {});
    this.check();
  }

  #tell(): void {
    this.#options.onProgress?.({
      phase: this.#phase,
      files: this.#files,
      bytes: this.#bytes,
      ofBytes: this.#ofBytes,
    });
  }
}

/** The deadline has passed. */
export class Overdue extends Error {}
