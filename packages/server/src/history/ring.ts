/** Values that there is room for at first: most connections do not live long. */
const FIRST_ROOM = 12;

/** The latest values of some columns, in memory that grows with them up to its bound. What was not measured is NaN inside and null outside. */
export class Ring<C extends string> {
  readonly #size: number;
  #times = new Float64Array(FIRST_ROOM);
  readonly #columns: Map<C, Float32Array>;
  #written = 0;

  constructor(columns: readonly C[], size: number) {
    this.#size = size;
    this.#columns = new Map(columns.map((name) => [name, new Float32Array(FIRST_ROOM)]));
  }

  /** Seconds since 1970 of the latest values; undefined where there are none. */
  get last(): number | undefined {
    return this.#written === 0 ? undefined : this.#times[(this.#written - 1) % this.#times.length];
  }

  push(time: number, values: Readonly<Record<C, number | undefined>>): void {
    if (this.#written === this.#times.length && this.#written < this.#size) this.#grow();
    const at = this.#written++ % this.#times.length;
    this.#times[at] = time;
    for (const [name, column] of this.#columns) column[at] = values[name] ?? Number.NaN;
  }

  /** Before the first round is over: everything stays where it is. */
  #grow(): void {
    const room = Math.min(this.#size, 2 * this.#times.length);
    const times = new Float64Array(room);
    times.set(this.#times);
    this.#times = times;
    for (const [name, column] of this.#columns) {
      const grown = new Float32Array(room);
      grown.set(column);
      this.#columns.set(name, grown);
    }
  }

  /** Oldest first; only what is later than `since`. */
  read(since = 0): { readonly times: number[] } & Record<C, (number | null)[]> {
    const times: number[] = [];
    const places: number[] = [];
    for (let n = Math.max(0, this.#written - this.#times.length); n < this.#written; n++) {
      const at = n % this.#times.length;
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
