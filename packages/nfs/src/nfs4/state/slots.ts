/** Counts the bytes of all slots' cached replies. */
export class ReplyCache {
  bytes = 0;
}

/** What a slot of a session remembers: the last request, and its reply (RFC 8881 §2.10.6.1). */
export class Slot {
  sequenceId = 0;
  /** The request with `sequenceId` is still running. */
  busy = false;
  /** Tells the last request from another with the same slot and sequence id. */
  digest = 0;
  readonly #cache: ReplyCache;
  #reply: Buffer | undefined;
  #ended = false;
  /** Retransmissions that arrived while the request ran: each gets its reply. */
  #waiters: ((reply: Buffer | undefined) => void)[] | undefined;

  constructor(cache: ReplyCache) {
    this.#cache = cache;
  }

  /** The COMPOUND4res of the last request, where it was to be cached. */
  get reply(): Buffer | undefined {
    return this.#reply;
  }

  /** The reply of the request that is running; undefined where its session ends first. */
  wait(): Promise<Buffer | undefined> {
    return new Promise((resolve) => {
      this.#waiters ??= [];
      this.#waiters.push(resolve);
    });
  }

  begin(sequenceId: number, digest: number): void {
    this.sequenceId = sequenceId;
    this.digest = digest;
    this.busy = true;
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

  #wake(reply: Buffer | undefined): void {
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

  /** The session has ended. */
  end(): void {
    this.#ended = true;
    this.forget();
    this.#wake(undefined);
  }
}
