/** One value of a metric. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A histogram that somebody else has counted. */
export interface Distribution {
  readonly labels: Readonly<Record<string, string>>;
  /** Counts by bucket, and one more for what is above all bounds. Not cumulative. */
  readonly counts: readonly number[];
  readonly sum: number;
}

export function samples(label: string, values: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));
}

export function mapSamples(label: string, values: ReadonlyMap<string, number>): Sample[] {
  return [...values].map(([name, value]) => ({ labels: { [label]: name }, value }));
}

export function single(value: number): Sample[] {
  return [{ value }];
}
