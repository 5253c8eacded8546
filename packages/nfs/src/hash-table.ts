/** What a {@link HashTable} keeps: in one table at a time. */
export interface Hashed<V> {
  /** A whole number, the same as long as it is in a table. */
  readonly hash: number;
  /** The table's. */
  next: V | undefined;
}

const INITIAL = 16;
const MIX = 0x9e3779b1;
const MIX_SHIFT = 15;

/**
 * Finds what comes and goes with every request. A `Map` copies itself after about as many deletions as it has room for, and what a copy that has grown
 * old still names grows old with it, dead or not: half a megabyte for each collection of young objects, each of them three times as long.
 */
export class HashTable<V extends Hashed<V>> {
  #chains: (V | undefined)[] = new Array<undefined>(INITIAL).fill(undefined);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The first of those that may have this hash; the others follow by `next`. Which of them is meant is left to the caller. */
  first(hash: number): V | undefined {
    return this.#chains[this.#place(hash)];
  }

  add(value: V): void {
    if (this.#size >= this.#chains.length) this.#double();
    this.#link(value);
    this.#size++;
  }

  /** False where it is not in there. */
  remove(value: V): boolean {
    const place = this.#place(value.hash);
    let before: V | undefined;
    let at = this.#chains[place];
    while (at !== value) {
      if (at === undefined) return false;
      before = at;
      at = at.next;
    }
    if (before === undefined) this.#chains[place] = value.next;
    else before.next = value.next;
    value.next = undefined;
    this.#size--;
    return true;
  }

  /** All of them as they are now, in no order. */
  all(): V[] {
    const found: V[] = [];
    for (const first of this.#chains) {
      for (let value = first; value !== undefined; value = value.next) found.push(value);
    }
    return found;
  }

  clear(): void {
    for (const value of this.all()) this.remove(value);
  }

  #place(hash: number): number {
    return mixed(hash, 0) & (this.#chains.length - 1);
  }

  #link(value: V): void {
    const place = this.#place(value.hash);
    value.next = this.#chains[place];
    this.#chains[place] = value;
  }

  #double(): void {
    const all = this.all();
    this.#chains = new Array<undefined>(2 * this.#chains.length).fill(undefined);
    for (const value of all) this.#link(value);
  }
}

/** By chance, so that no client can choose names that all have one hash. Nothing that anybody sees depends on it. */
const SEED = Math.floor(Math.random() * 2 ** 32);

function mixed(hash: number, value: number): number {
  const next = Math.imul(hash ^ value, MIX);
  return next ^ (next >>> MIX_SHIFT);
}

/** The hash of a text. */
export function hashOfText(text: string): number {
  let hash = SEED ^ text.length;
  for (let i = 0; i < text.length; i++) hash = mixed(hash, text.charCodeAt(i));
  return hash >>> 0;
}

/** The hash of bytes, and of a number that goes with them. */
export function hashOfBytes(bytes: Uint8Array, start: number): number {
  let hash = SEED ^ start;
  for (let i = 0; i < bytes.length; i++) hash = mixed(hash, bytes[i]!);
  return hash >>> 0;
}
