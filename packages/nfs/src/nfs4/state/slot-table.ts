import type { Lasting, Marks } from './marks.ts';
import { type ReplyCache, Slot } from './slots.ts';

/** Slots of one session as an operator sees them. */
export interface SlotFigures {
  readonly granted: number;
  readonly target: number;
  readonly inUse: number;
  readonly touched: number;
}

/** Slots that a session has at first, where its client wants as many. One that asks for fewer gets those, and never more. */
export const INITIAL_SLOTS = 64;
/** Slots that are always served, however full the reply cache is: with them every session gets on. */
export const ASSURED_SLOTS = 4;
/** A session that has used no more than a quarter of its slots since the last look gives half of them back. */
const IDLE_SHARE = 4;

/**
 * The slots of a session's fore channel (RFC 8881 §2.10.6.1). They grow when the client uses the highest of them, up to a bound, and are taken back
 * when it does not need them or the reply cache is full: then `target` goes down first, and the slots above it only when the client has said,
 * knowing of that, that it has nothing outstanding there. No reply that may still be asked for is dropped.
 */
export class SlotTable {
  readonly #slots: (Slot | undefined)[] = [];
  readonly #cache: ReplyCache;
  readonly #initial: number;
  /** Slots that it may grow to. */
  readonly most: number;
  readonly #marks: Marks;
  readonly #session: Lasting & { readonly number: number };
  /** The session is from an earlier run of the server. */
  #resumed = false;
  #granted: number;
  #target: number;
  /** Counts the targets: a slot whose last reply carried the present one shows that the client knows it. */
  #generation = 0;
  /** The highest slot used since the last look. */
  #peak = 0;

  constructor(
    granted: number,
    most: number,
    cache: ReplyCache,
    marks: Marks,
    session: Lasting & { readonly number: number },
  ) {
    this.#granted = granted;
    this.#target = granted;
    this.#initial = granted;
    this.most = Math.max(granted, most);
    this.#marks = marks;
    this.#session = session;
    this.#cache = cache;
  }

  /** The slot, undefined beyond the session's last. */
  find(number: number): Slot | undefined {
    if (number >= this.#granted) return undefined;
    let slot = this.#slots[number];
    if (slot === undefined) {
      slot = new Slot(this.#cache, this.#session.number, number);
      if (this.#resumed) slot.resume();
      this.#slots[number] = slot;
    }
    return slot;
  }

  /** The session is from an earlier run, which had come so far. */
  resume(granted: number, target: number): void {
    this.#resumed = true;
    this.#granted = granted;
    this.#target = target;
  }

  /** May a request on this slot leave a reply in the cache? */
  admits(number: number): boolean {
    return number < ASSURED_SLOTS || !this.#cache.full || this.#slots[number]!.replyBytes > 0;
  }

  /** A new request has come on a slot, from a client that says which is the highest that it has something outstanding on. */
  use(slot: Slot, number: number, highest: number): void {
    if (number > this.#peak) this.#peak = number;
    if (this.#target < this.#granted && slot.told === this.#generation && highest < this.#target)
      this.#retire();
    if (number >= this.#target - 1 && !this.#cache.pressed) this.#grow();
    slot.told = this.#generation;
  }

  #grow(): void {
    if (this.#target === this.most) return;
    this.#marks.touch(this.#session);
    if (this.#target === this.#granted) this.#granted = Math.min(this.most, this.#granted * 2);
    this.#target = this.#granted;
    this.#generation++;
  }

  #retire(): void {
    while (this.#granted > this.#target && this.#slots[this.#granted - 1]?.busy !== true) {
      this.#granted--;
      this.#marks.touch(this.#session);
      const slot = this.#slots[this.#granted];
      if (slot === undefined) continue;
      slot.retire();
      // Its client has nothing outstanding here: after a restart it may go on with any sequence id.
      if (slot.journaled) this.#marks.touch(slot);
    }
  }

  /** Asks for slots back; true where that is news. */
  lower(target: number): boolean {
    const to = Math.max(1, target);
    if (to >= this.#target) return false;
    this.#target = to;
    this.#generation++;
    this.#marks.touch(this.#session);
    return true;
  }

  /** To be called now and then: takes back what the client has not used since the last time. */
  review(): void {
    const used = this.#peak + 1;
    this.#peak = 0;
    if (used * IDLE_SHARE <= this.#target && this.#target > this.#initial)
      this.lower(Math.max(this.#initial, Math.ceil(this.#target / 2)));
  }

  get granted(): number {
    return this.#granted;
  }

  /** Requests that are running now. */
  get busy(): number {
    let busy = 0;
    for (const slot of this.#slots) if (slot?.busy) busy++;
    return busy;
  }

  get cachedBytes(): number {
    let bytes = 0;
    for (const slot of this.#slots) bytes += slot?.replyBytes ?? 0;
    return bytes;
  }

  /** The highest slot that is accepted. */
  get highest(): number {
    return this.#granted - 1;
  }

  /** The highest slot that the client should use. */
  get target(): number {
    return this.#target - 1;
  }

  view(): SlotFigures {
    const touched = this.#slots.reduce((count, slot) => count + (slot === undefined ? 0 : 1), 0);
    return { granted: this.#granted, target: this.#target, inUse: this.busy, touched };
  }

  /** The slots that the journal has. */
  journaled(): Slot[] {
    return this.#slots.filter((slot, number) => slot?.journaled && number < this.#granted) as Slot[];
  }

  /** The session has ended: what is cached goes, and who waits for a reply is told. */
  end(): void {
    for (const slot of this.#slots) {
      slot?.end();
      if (slot?.journaled) this.#marks.touch(slot);
    }
  }
}
