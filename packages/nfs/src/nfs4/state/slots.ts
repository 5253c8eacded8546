import type { Limits } from '../../limits.ts';
import type { XdrWriter } from '../../xdr/index.ts';
import { Status } from '../constants/index.ts';
import type { Lasting } from './marks.ts';

/** Near its bound the cache is pressed: slots are asked back, none are added. */
const PRESSED_SHARE = 0.75;

/** Memory for a reply of this size stays with the slot: most are smaller. */
const SMALL_REPLY = 512;
const NO_MEMORY = Buffer.alloc(0);

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

/** The sequence id of a slot of which nothing is known. */
const UNKNOWN = -1;
/** What is less than so far ahead is later; the rest is earlier. */
const HALF = 2 ** 31;

/** What a slot of a session remembers: the last request, and its reply (RFC 8881 §2.10.6.1). */
export class Slot implements Lasting {
  sequenceId = 0;
  /**
   * It is from an earlier run, and requests may have come after the last that was recorded, which changed nothing: any later sequence id
   * is the next.
   */
  resumed = false;
  marked = false;
  nextMarked: Lasting | undefined;
  journaled = false;
  /** The record is of the last request, not of one before. */
  recorded = false;
  /** The numbers of its session and its own: its key in the journal. */
  readonly session: number;
  readonly number: number;

  /** The request with `sequenceId` is still running. */
  busy = false;
  /** Tells the last request from another with the same slot and sequence id. */
  digest = 0;
  /** Which of its session's targets the client has been told with the last reply. */
  told = -1;
  /** It was taken back: its client may start it over at 1, or go on. */
  restarted = false;
  readonly #cache: ReplyCache;
  /** The cached reply: the first bytes of memory that the slot uses for one after the other. */
  #memory = NO_MEMORY;
  #length = 0;
  #ended = false;
  /** Retransmissions that arrived while the request ran: each gets its reply. */
  #waiters: ((reply: Buffer | Status) => void)[] | undefined;

  constructor(cache: ReplyCache, session: number, number: number) {
    this.#cache = cache;
    this.session = session;
    this.number = number;
  }

  /** The COMPOUND4res of the last request, where it was to be cached. */
  get reply(): Buffer | undefined {
    return this.#length === 0 ? undefined : Buffer.from(this.#memory.subarray(0, this.#length));
  }

  get replyBytes(): number {
    return this.#length;
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
    this.resumed = false;
    this.recorded = false;
    this.forget();
  }

  /**
   * The request is done; its reply, what was written to `out` from `start` on, is copied if it must stay. Where that is not the `whole` of it, who asked
   * again has to ask once more, and is told then that nothing is cached.
   */
  finish(out: XdrWriter, start: number, keep: boolean, whole = true): void {
    this.busy = false;
    if (keep && !this.#ended) this.#store(out, start);
    if (this.#waiters !== undefined) this.#wake(whole ? Buffer.from(out.bytes(start)) : Status.DELAY);
  }

  /** The request has to wait before it is done: what was recorded of it is kept as from now on, the reply with it. */
  keep(out: XdrWriter, start: number): void {
    if (!this.#ended) this.#store(out, start);
  }

  /** Writes the cached reply. */
  writeReply(out: XdrWriter): void {
    out.copyFrom(this.#memory, 0, this.#length);
  }

  #store(out: XdrWriter, start: number): void {
    const length = out.position - start;
    this.#cache.bytes -= this.#length;
    if (this.#memory.length < length) this.#memory = Buffer.allocUnsafeSlow(Math.max(length, SMALL_REPLY));
    out.copyTo(this.#memory, start);
    this.#length = length;
    this.#cache.bytes += length;
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
    this.#cache.bytes -= this.#length;
    this.#length = 0;
    if (this.#memory.length > SMALL_REPLY) this.#memory = NO_MEMORY;
  }

  /** The client has nothing outstanding here, and will not use it until it is offered again. */
  retire(): void {
    this.restarted = true;
    this.forget();
  }

  /** As an earlier run left it: with what is known of its last request, if anything. */
  resume(last?: {
    readonly sequenceId: number;
    readonly digest: number;
    readonly reply: Buffer | undefined;
  }): void {
    this.resumed = true;
    this.sequenceId = last?.sequenceId ?? UNKNOWN;
    this.digest = last?.digest ?? 0;
    this.recorded = last !== undefined;
    this.journaled = last !== undefined;
    if (last?.reply === undefined) return;
    this.#memory = Buffer.allocUnsafeSlow(Math.max(last.reply.length, SMALL_REPLY));
    last.reply.copy(this.#memory);
    this.#length = last.reply.length;
    this.#cache.bytes += this.#length;
  }

  /** May the next request have this sequence id, though it is not the next one? */
  skipsTo(sequenceId: number): boolean {
    if (!this.resumed) return false;
    return this.sequenceId === UNKNOWN || (sequenceId - this.sequenceId) >>> 0 < HALF;
  }

  /** The session has ended. */
  end(): void {
    this.#ended = true;
    this.forget();
    this.#wake(Status.BADSESSION);
  }
}
