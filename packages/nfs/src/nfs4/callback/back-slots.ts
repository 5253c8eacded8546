import { nextSeqid } from '../state/stateids.ts';

/** Callbacks of one session that wait for a slot. */
const MAX_WAITING = 1024;

/** One slot of a back channel. */
export class BackSlot {
  readonly id: number;
  #last = 0;
  /** The call after the last that was answered may have arrived or not: its reply never came. */
  #uncertain = false;

  /** `tried` is the sequence id of the last call of an earlier run, 0 for none. */
  constructor(id: number, tried = 0) {
    this.id = id;
    if (tried === 0) return;
    this.#last = tried === 1 ? 0 : tried - 1;
    this.#uncertain = true;
  }

  /**
   * The sequence id of the next call. After a call whose fate is unknown it is the one behind that, for under the same one the client would
   * take another call for a retransmission, and answer from its cache.
   */
  next(): number {
    const next = nextSeqid(this.#last);
    return this.#uncertain ? nextSeqid(next) : next;
  }

  /** The client has seen this sequence id. */
  seen(sequenceId: number): void {
    this.#last = sequenceId;
    this.#uncertain = false;
  }

  /** Nobody answered. */
  lost(): void {
    this.#uncertain = true;
  }

  /** The client expects another sequence id: true where there is one left to try, the one of the lost call, which then never arrived. */
  misordered(): boolean {
    const left = this.#uncertain;
    this.#uncertain = false;
    return left;
  }
}

/** The slots of a session's back channel, lowest first; who finds none free waits (RFC 8881 §2.10.6.1). */
export class BackSlots {
  readonly count: number;
  readonly #free: BackSlot[];
  readonly #waiting: ((slot: BackSlot) => void)[] = [];

  constructor(count: number, tried: readonly number[] = []) {
    this.count = count;
    this.#free = Array.from({ length: count }, (_, id) => new BackSlot(id, tried[id])).reverse();
  }

  /** Undefined where too many wait already. */
  take(): BackSlot | Promise<BackSlot> | undefined {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#waiting.length >= MAX_WAITING) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  release(slot: BackSlot): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(slot);
    else next(slot);
  }
}
