import { codeOf, toFsError } from '../host/errors.ts';

/** Bytes of the disk that are kept for what has been promised already, should all others be taken. */
export interface Reserve {
  /** Gives them to whoever writes next; false where they are given already. Never throws. */
  release(): boolean;
  /** Sets them aside again, or for the first time; false where there is no room for that now. */
  refill(): Promise<boolean>;
  /** False where the host says that there is too little room for a commit. Never throws. */
  hasRoom(): boolean;
}

/** Times that a commit is not tried again where the host says that there is no room; then it is, as the host may be wrong. */
const UNTRIED = 60;

/** No room on the disk, or no more for this user. */
export function lacksRoom(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** Whether records find room on the disk, and what is done where they do not. */
export class Room {
  /** They did not, and it is not known that they would now. */
  isFull = false;
  readonly #reserve: Reserve | undefined;
  readonly #retryMs: number;
  readonly #told: (reason: string | undefined) => void;
  readonly #impatient = new Set<(error: unknown) => void>();
  /** A commit waits: nothing is set aside before that has found its room. */
  #isShort = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** `told` gets the reason when there is no room any more, undefined when there is again. */
  constructor(reserve: Reserve | undefined, retryMs: number, told: (reason: string | undefined) => void) {
    this.#reserve = reserve;
    this.#retryMs = retryMs;
    this.#told = told;
    if (reserve !== undefined) this.#refill();
  }

  /** A write found no room. Answers true where the reserve is there for it now. */
  release(error: unknown): boolean {
    if (!this.isFull) {
      this.isFull = true;
      this.#told(error instanceof Error ? error.message : String(error));
    }
    const released = this.#reserve?.release() ?? false;
    this.#wait();
    return released;
  }

  /** The same, and answers when it is worth another try. Rejects with the error where nobody waits for that any more. */
  async lacking(error: unknown): Promise<void> {
    if (this.#closed) throw error;
    this.#isShort = true;
    if (this.release(error)) return;
    for (const tell of this.#impatient) tell(toFsError(error));
    for (let untried = 0; untried < UNTRIED; untried++) {
      await new Promise((resolve) => setTimeout(resolve, this.#retryMs).unref());
      if (this.#closed) throw error;
      // Each commit that fails costs LMDB's thread more than a look: some have been seen to damage its memory.
      if (this.#reserve?.hasRoom() !== false) return;
    }
  }

  /** Runs `work`, and rejects with an FsError before it is done where that waits for room. */
  async patiently<T>(work: Promise<T>): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    this.#impatient.add(reject);
    try {
      return await Promise.race([work, promise]);
    } finally {
      this.#impatient.delete(reject);
    }
  }

  /** A commit found room. */
  found(): void {
    this.#isShort = false;
    if (!this.isFull) return;
    if (this.#reserve === undefined) this.#ended();
    else this.#wait();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #ended(): void {
    this.isFull = false;
    this.#told(undefined);
  }

  #wait(): void {
    if (this.#reserve === undefined || this.#closed) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#refill();
    }, this.#retryMs).unref();
  }

  #refill(): void {
    if (this.#isShort) {
      this.#wait();
      return;
    }
    void this.#reserve?.refill().then(
      (filled) => {
        if (this.#closed) return;
        if (!filled) this.#stillFull();
        else if (this.isFull && !this.#isShort) this.#ended();
      },
      // A disk that fails otherwise is told of by the writes themselves.
      () => this.#wait(),
    );
  }

  #stillFull(): void {
    if (!this.isFull) {
      this.isFull = true;
      this.#told('no room for what is set aside');
    }
    this.#wait();
  }
}
