/** What a slot of a session remembers: the last request, and its reply (RFC 8881 §2.10.6.1). */
export class Slot {
  sequenceId = 0;
  /** The request with `sequenceId` is still running. */
  busy = false;
  /** Tells the last request from another with the same slot and sequence id. */
  digest = 0;
  /** The COMPOUND4res of the last request, where it was to be cached. */
  reply: Buffer | undefined;
  /** Retransmissions that arrived while the request ran: each gets its reply. */
  #waiters: ((reply: Buffer) => void)[] | undefined;

  /** The reply of the request that is running. */
  wait(): Promise<Buffer> {
    return new Promise((resolve) => {
      this.#waiters ??= [];
      this.#waiters.push(resolve);
    });
  }

  begin(sequenceId: number, digest: number): void {
    this.sequenceId = sequenceId;
    this.digest = digest;
    this.busy = true;
    this.reply = undefined;
  }

  /** The request is done; `reply` is a view, copied if it must stay. */
  finish(reply: Buffer, keep: boolean): void {
    this.busy = false;
    const waiters = this.#waiters;
    if (!keep && waiters === undefined) return;
    const copy = Buffer.from(reply);
    if (keep) this.reply = copy;
    this.#waiters = undefined;
    for (const resolve of waiters ?? []) resolve(copy);
  }
}
