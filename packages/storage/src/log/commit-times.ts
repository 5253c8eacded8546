import { LATENCY_BUCKETS } from '@dfs/nfs';

/** How long commits took, until they were on disk; numbers that only grow. */
export interface CommitView {
  readonly commits: number;
  /** Of all of them together. */
  readonly seconds: number;
  /** Commits by how long they took: LATENCY_BUCKETS' upper bounds, and one more for the rest. */
  readonly latency: readonly number[];
}

export class CommitTimes implements CommitView {
  commits = 0;
  seconds = 0;
  readonly latency: number[] = new Array<number>(LATENCY_BUCKETS.length + 1).fill(0);

  add(seconds: number): void {
    this.commits++;
    this.seconds += seconds;
    const bucket = LATENCY_BUCKETS.findIndex((bound) => seconds <= bound);
    this.latency[bucket === -1 ? LATENCY_BUCKETS.length : bucket]!++;
  }
}
