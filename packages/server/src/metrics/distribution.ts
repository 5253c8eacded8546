import { Histogram, type HistogramConfiguration, type Registry } from 'prom-client';
import type { Distribution } from './samples.ts';

interface BucketSample {
  readonly metricName: string;
  readonly labels: Record<string, string | number>;
  readonly value: number;
}

/** A histogram whose counts come ready from the engine at each scrape: prom-client's own can only be told of each value. */
export class ReadHistogram extends Histogram<string> {
  readonly #name: string;
  readonly #help: string;
  readonly #buckets: readonly number[];
  readonly #read: () => readonly Distribution[];

  constructor(
    config: Pick<HistogramConfiguration<string>, 'name' | 'help'>,
    buckets: readonly number[],
    read: () => readonly Distribution[],
    registry: Registry,
  ) {
    super({ ...config, registers: [registry] });
    this.#name = config.name;
    this.#help = config.help;
    this.#buckets = buckets;
    this.#read = read;
  }

  /** What the registry asks for, and what the class's own `get` is made from. */
  async getForPromString() {
    const values = this.#read().flatMap((distribution) => this.#expand(distribution));
    return { name: this.#name, help: this.#help, type: 'histogram', aggregator: 'sum', values };
  }

  /** Buckets are cumulative on the wire. */
  #expand({ labels, counts, sum }: Distribution): BucketSample[] {
    let count = 0;
    const buckets = counts.map((bucket, index) => {
      count += bucket;
      const le = this.#buckets[index] ?? '+Inf';
      return { metricName: `${this.#name}_bucket`, labels: { ...labels, le }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${this.#name}_sum`, labels, value: sum },
      { metricName: `${this.#name}_count`, labels, value: count },
    ];
  }
}
