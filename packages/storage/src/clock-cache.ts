/** What lies in a {@link ClockCache}: set `referenced` on every use. */
export interface Cached {
  referenced: boolean;
}

/**
 * A bounded map that lets go of what was not used of late ("second chance"): a hit costs one look-up and one store. What may not be
 * evicted stays beyond the bound.
 */
export class ClockCache<K, V extends Cached> {
  readonly #map = new Map<K, V>();
  readonly #capacity: number;
  readonly #mayEvict: (value: V) => boolean;
  readonly #evicted: (value: V) => void;
  #hand: Iterator<[K, V]>;

  constructor(capacity: number, mayEvict: (value: V) => boolean, evicted: (value: V) => void) {
    this.#capacity = capacity;
    this.#mayEvict = mayEvict;
    this.#evicted = evicted;
    this.#hand = this.#map.entries();
  }

  get size(): number {
    return this.#map.size;
  }

  get(key: K): V | undefined {
    const value = this.#map.get(key);
    if (value !== undefined) value.referenced = true;
    return value;
  }

  /** What is not used again is the first to go: whoever lists or looks up very many things once pushes out little of what others use. */
  set(key: K, value: V): void {
    value.referenced = false;
    this.#map.set(key, value);
    if (this.#map.size > this.#capacity) this.#evict(key);
  }

  delete(key: K): boolean {
    return this.#map.delete(key);
  }

  /** Looks at a few entries only, so that a cache full of what must stay costs no more than that for each newcomer. */
  #evict(newcomer: K): void {
    const MAX_STEPS = 64;
    for (let step = 0; step < MAX_STEPS && this.#map.size > this.#capacity; step++) {
      const next = this.#hand.next();
      if (next.done) {
        this.#hand = this.#map.entries();
        continue;
      }
      const [key, value] = next.value;
      if (value.referenced) value.referenced = false;
      else if (key !== newcomer && this.#mayEvict(value)) {
        this.#map.delete(key);
        this.#evicted(value);
      }
    }
  }
}
