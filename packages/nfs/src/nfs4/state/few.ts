/** A set of which most have one member or none: to make a Set for each of them takes longer than the rest of an open. */
export class Few<T> implements Iterable<T> {
  #only: T | undefined;
  #more: Set<T> | undefined;

  get size(): number {
    if (this.#more !== undefined) return this.#more.size;
    return this.#only === undefined ? 0 : 1;
  }

  add(value: T): void {
    if (this.#more !== undefined) this.#more.add(value);
    else if (this.#only === undefined) this.#only = value;
    else {
      this.#more = new Set([this.#only, value]);
      this.#only = undefined;
    }
  }

  delete(value: T): void {
    if (this.#only === value) this.#only = undefined;
    else this.#more?.delete(value);
  }

  /** The first, in the order in which they came, that passes. */
  find(test: (value: T) => boolean): T | undefined {
    if (this.#only !== undefined) return test(this.#only) ? this.#only : undefined;
    if (this.#more !== undefined) for (const value of this.#more) if (test(value)) return value;
    return undefined;
  }

  [Symbol.iterator](): Iterator<T> {
    if (this.#more !== undefined) return this.#more.values();
    return (this.#only === undefined ? [] : [this.#only]).values();
  }
}
