import type { Limits } from '../../limits.ts';
import { Status } from '../constants/index.ts';

/** Near its bound the cache is pressed: slots are asked back, none are added. */
const PRESSED_SHARE = 0.75;

/** Counts the bytes of all slots' cached replies, and holds them against their bound. */
export class ReplyCache {
  readonly #limits: Limits;
  bytes = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get pressed(): boolean {
    return this.bytes >= this.#limits.maxReplyCacheBytes * PRESSED_SHARE;
  }

  get full(): boolean {
    return this.bytes >= this.#limits.maxReplyCacheBytes;
  }
}

/** What a slot of a session remembers: the last request, and its reply (RFC 8881 §2.10.6.1). */
export class Slot {
  sequenceId = 0;
  /** The request with `sequenceId` is still running. */
  busy = false;
  /** Tells the last request from another with the same slot and sequence id. */
  digest = 0;
  /** Which of its session's targets the client has been told with the last reply. */
  told = -1;
  /** It was taken back: its client may start it over at 1, or go on. */
  restarted = false;
  readonly #cache: ReplyCache;
  #reply: Buffer | undefined;
  #ended = false;
  /** Retransmissions that arrived while the request ran: each gets its reply. */
  #waiters: ((reply: Buffer | Status) => void)[] | undefined;

  constructor(cache: ReplyCache) {
    this.#cache = cache;
  }

  /** The COMPOUND4res of the last request, where it was to be cached. */
  get reply(): Buffer | undefined {
    return this.#reply;
  }

  /** The reply of the request that is running, or the status that is left to say where there will be none. */
  wait(): Promise<Buffer | Status> {
    return new Promise((resolve) => {
      this.#waiters ??= [];
      this.#waiters.push(resolve);
    });
  }

  begin(sequenceId: number, digest: number): void {
    this.sequenceId = sequenceId;
    this.digest = digest;
    this.busy = true;
    this.restarted = false;
    this.forget();
  }

  /** The request is done; `reply` is a view, copied if it must stay. */
  finish(reply: Buffer, keep: boolean): void {
    this.busy = false;
    const waiters = this.#waiters;
    if (!keep && waiters === undefined) return;
    const copy = Buffer.from(reply);
    if (keep && !this.#ended) {
      this.#reply = copy;
      this.#cache.bytes += copy.length;
    }
    this.#wake(copy);
  }

  /** The request broke without a reply. It is not run again: who asks is told that nothing is cached. */
  fail(): void {
    this.busy = false;
    this.#wake(Status.DELAY);
  }

  #wake(reply: Buffer | Status): void {
    const waiters = this.#waiters;
    this.#waiters = undefined;
    for (const resolve of waiters ?? []) resolve(reply);
  }

  /** Drops the cached reply: its client has it, or is gone. */
  forget(): void {
    if (this.#reply === undefined) return;
    this.#cache.bytes -= this.#reply.length;
    this.#reply = undefined;
  }

  /** The client has nothing outstanding here, and will not use it until it is offered again. */
  retire(): void {
    this.restarted = true;
    this.forget();
  }

  /** The session has ended. */
  end(): void {
    this.#ended = true;
    this.forget();
    this.#wake(Status.BADSESSION);
  }
}
