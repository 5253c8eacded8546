import { LATENCY_BUCKETS } from '@dfs/nfs';

/**
 * Seconds below which the share `q` (0 to 1) of the counted values lie, taken as evenly spread within their bucket; undefined where there are
 * none. What lies above the last bound counts as that bound.
 */
export function percentile(counts: readonly number[], q: number): number | undefined {
  let total = 0;
  for (const count of counts) total += count;
  if (total === 0) return undefined;
  let left = total * q;
  for (let index = 0; index < LATENCY_BUCKETS.length; index++) {
    const count = counts[index] ?? 0;
    const upper = LATENCY_BUCKETS[index] ?? 0;
    if (count > 0 && left <= count) {
      const lower = LATENCY_BUCKETS[index - 1] ?? 0;
      return lower + ((upper - lower) * left) / count;
    }
    left -= count;
  }
  return LATENCY_BUCKETS.at(-1);
}

/** What came since; what has gone back (the counter started anew) counts as nothing. */
export function difference(now: readonly number[], before: readonly number[]): number[] {
  return now.map((count, index) => Math.max(0, count - (before[index] ?? 0)));
}
