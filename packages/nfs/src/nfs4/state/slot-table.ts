import { type ReplyCache, Slot } from './slots.ts';

/** Slots of one session as an operator sees them. */
export interface SlotFigures {
  readonly granted: number;
  readonly target: number;
  readonly inUse: number;
  readonly touched: number;
}

/** The slots of a session's fore channel (RFC 8881 §2.10.6.1). */
export class SlotTable {
  readonly #slots: (Slot | undefined)[] = [];
  readonly #cache: ReplyCache;
  #granted: number;

  constructor(granted: number, cache: ReplyCache) {
    this.#granted = granted;
    this.#cache = cache;
  }

  /** The slot, undefined beyond the session's last. */
  find(number: number): Slot | undefined {
    if (number >= this.#granted) return undefined;
    let slot = this.#slots[number];
    if (slot === undefined) {
      slot = new Slot(this.#cache);
      this.#slots[number] = slot;
    }
    return slot;
  }

  /** Requests that are running now. */
  get busy(): number {
    let busy = 0;
    for (const slot of this.#slots) if (slot?.busy) busy++;
    return busy;
  }

  get cachedBytes(): number {
    let bytes = 0;
    for (const slot of this.#slots) bytes += slot?.reply?.length ?? 0;
    return bytes;
  }

  /** The highest slot that is accepted, and the one that the client should keep to. */
  get highest(): number {
    return this.#granted - 1;
  }

  get target(): number {
    return this.#granted - 1;
  }

  view(): SlotFigures {
    const touched = this.#slots.reduce((count, slot) => count + (slot === undefined ? 0 : 1), 0);
    return { granted: this.#granted, target: this.#granted, inUse: this.busy, touched };
  }

  /** The session has ended: what is cached goes, and who waits for a reply is told. */
  end(): void {
    for (const slot of this.#slots) slot?.end();
  }
}
