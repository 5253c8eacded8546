interface Slot {
  readonly id: number;
  /** The sequence id of the next new request. */
  next: number;
  busy: boolean;
}

/** The client's end of a session's slot table (RFC 8881 §2.10.6.1). The lowest free slot is taken first. */
export class SlotTable {
  readonly #slots: Slot[] = [];
  readonly #waiting: ((slot: Slot) => void)[] = [];
  #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Slots that may be used, counted from 0. */
  get limit(): number {
    return this.#limit;
  }

  /** As the server's target says. A slot above it that is in use ends its request first. */
  setLimit(limit: number): void {
    this.#limit = Math.max(1, limit);
    this.#serve();
  }

  get highestInUse(): number {
    return this.#slots.findLastIndex((slot) => slot.busy);
  }

  get inUse(): number {
    return this.#slots.filter((slot) => slot.busy).length;
  }

  /** Waits for a free slot. */
  acquire(): Promise<Slot> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#serve();
    });
  }

  /** Takes this slot; throws where it is busy. */
  take(id: number): Slot {
    const slot = this.#slot(id);
    if (slot.busy) throw new RangeError(`slot ${id} is busy`);
    slot.busy = true;
    return slot;
  }

  release(slot: Slot): void {
    slot.busy = false;
    this.#serve();
  }

  #slot(id: number): Slot {
    while (this.#slots.length <= id) this.#slots.push({ id: this.#slots.length, next: 1, busy: false });
    return this.#slots[id]!;
  }

  #free(): Slot | undefined {
    for (let id = 0; id < this.#limit; id++) {
      const slot = this.#slot(id);
      if (!slot.busy) return slot;
    }
    return undefined;
  }

  #serve(): void {
    while (this.#waiting.length > 0) {
      const slot = this.#free();
      if (slot === undefined) return;
      slot.busy = true;
      this.#waiting.shift()!(slot);
    }
  }
}

export type SlotLease = Slot;
