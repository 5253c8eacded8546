import { LATENCY_BUCKETS, type LoadView } from '../control.ts';

/** Which of the latency buckets so many seconds fall into. */
export function latencyBucket(seconds: number): number {
  let bucket = 0;
  while (bucket < LATENCY_BUCKETS.length && seconds > LATENCY_BUCKETS[bucket]!) bucket++;
  return bucket;
}

/** What one connection, one share or the whole server has been asked: numbers that only grow. */
export class Load implements LoadView {
  operations = 0;
  bytesIn = 0;
  bytesOut = 0;
  /** That all requests took together. */
  seconds = 0;
  readonly latency: number[] = new Array<number>(LATENCY_BUCKETS.length + 1).fill(0);

  /** One request with its reply; `seconds` is undefined where times are not measured, else falls into `bucket`. */
  add(
    operations: number,
    bytesIn: number,
    bytesOut: number,
    seconds: number | undefined,
    bucket: number,
  ): void {
    this.operations += operations;
    this.bytesIn += bytesIn;
    this.bytesOut += bytesOut;
    if (seconds === undefined) return;
    this.seconds += seconds;
    this.latency[bucket]!++;
  }
}

/** Shares whose load is kept: those of deleted shares stay, as a share may come back under its number. */
const MAX_SHARE_LOADS = 4096;

/** The load of each share, by its number. */
export class ShareLoads {
  readonly #loads = new Map<number, Load>();

  /** The same for the same number, through every change of the share's terms. */
  of(id: number): Load {
    let load = this.#loads.get(id);
    if (load === undefined) {
      load = new Load();
      if (this.#loads.size < MAX_SHARE_LOADS) this.#loads.set(id, load);
    }
    return load;
  }

  get views(): ReadonlyMap<number, LoadView> {
    return this.#loads;
  }
}
