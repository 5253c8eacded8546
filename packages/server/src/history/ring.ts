/** The latest values of some columns, in memory that is taken once. What was not measured is NaN inside and null outside. */
export class Ring<C extends string> {
  readonly #size: number;
  readonly #times: Float64Array;
  readonly #columns: ReadonlyMap<C, Float32Array>;
  #written = 0;

  constructor(columns: readonly C[], size: number) {
    this.#size = size;
    this.#times = new Float64Array(size);
    this.#columns = new Map(columns.map((name) => [name, new Float32Array(size)]));
  }

  /** Bytes that one takes. */
  static bytes(columns: number, size: number): number {
    return size * (Float64Array.BYTES_PER_ELEMENT + columns * Float32Array.BYTES_PER_ELEMENT);
  }

  /** Seconds since 1970 of the latest values; undefined where there are none. */
  get last(): number | undefined {
    return this.#written === 0 ? undefined : this.#times[(this.#written - 1) % this.#size];
  }

  push(time: number, values: Readonly<Record<C, number | undefined>>): void {
    const at = this.#written++ % this.#size;
    this.#times[at] = time;
    for (const [name, column] of this.#columns) column[at] = values[name] ?? Number.NaN;
  }

  /** Oldest first; only what is later than `since`. */
  read(since = 0): { readonly times: number[] } & Record<C, (number | null)[]> {
    const times: number[] = [];
    const places: number[] = [];
    for (let n = Math.max(0, this.#written - this.#size); n < this.#written; n++) {
      const at = n % this.#size;
      const time = this.#times[at] ?? 0;
      if (time <= since) continue;
      times.push(time);
      places.push(at);
    }
    const columns = [...this.#columns].map(([name, column]) => [name, places.map((at) => shown(column[at]))]);
    return { times, ...Object.fromEntries(columns) };
  }
}

/** Six digits are what a 32-bit float has, and are shorter to send. */
const DIGITS = 6;

function shown(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : Number(value.toPrecision(DIGITS));
}
