import { statfs } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Vitals as VitalsAnswer } from '@dfs/api';
import type { CommitView } from '@dfs/storage';
import { HISTORY_LIMITS } from './history.ts';
import { difference, percentile } from './percentile.ts';
import { Ring } from './ring.ts';

const COLUMNS = ['commits', 'commit_p50', 'commit_p99', 'loop_lag', 'cpu', 'memory', 'disk_free'] as const;
const MEDIAN = 0.5;
const TAIL = 0.99;
const NS = 1e9;
const US = 1e6;
const LOOP_RESOLUTION_MS = 20;

/** The last hour of commits and of the process; the disk as it is. */
export class Vitals {
  readonly #ring = new Ring(COLUMNS, HISTORY_LIMITS.points);
  readonly #commits: CommitView;
  readonly #directory: string | undefined;
  readonly #loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  /** Bytes, as the file system said last: it is asked beside, a slow disk holds up no sample. */
  #diskFree: number | undefined;
  #before: { time: number; commits: number; latency: number[]; cpu: number } | undefined;

  /** `directory` is the data directory; undefined where everything is in memory. */
  constructor(commits: CommitView, directory: string | undefined) {
    this.#commits = commits;
    this.#directory = directory;
    this.#loop.enable();
    this.#askDisk();
  }

  close(): void {
    this.#loop.disable();
  }

  /** `time` in seconds since 1970. */
  sample(time: number): void {
    const { commits, latency } = this.#commits;
    const used = process.cpuUsage();
    const now = { time, commits, latency: [...latency], cpu: (used.user + used.system) / US };
    const before = this.#before;
    this.#before = now;
    this.#askDisk();
    const lag = Math.max(0, this.#loop.max / NS - LOOP_RESOLUTION_MS / 1000);
    this.#loop.reset();
    if (before === undefined || time <= before.time) return;
    const seconds = time - before.time;
    const grown = difference(now.latency, before.latency);
    this.#ring.push(time, {
      commits: (commits - before.commits) / seconds,
      commit_p50: percentile(grown, MEDIAN),
      commit_p99: percentile(grown, TAIL),
      loop_lag: lag,
      cpu: (now.cpu - before.cpu) / seconds,
      memory: process.memoryUsage.rss(),
      disk_free: this.#diskFree,
    });
  }

  #askDisk(): void {
    diskOf(this.#directory).then(
      (disk) => {
        this.#diskFree = disk?.free_bytes;
      },
      () => {
        this.#diskFree = undefined;
      },
    );
  }

  async read(since?: number): Promise<VitalsAnswer> {
    return {
      interval_seconds: HISTORY_LIMITS.intervalSeconds,
      ...this.#ring.read(since),
      disk: await diskOf(this.#directory),
    };
  }
}

async function diskOf(directory: string | undefined): Promise<VitalsAnswer['disk']> {
  if (directory === undefined) return null;
  const { bsize, blocks, bavail } = await statfs(directory);
  return { path: directory, total_bytes: bsize * blocks, free_bytes: bsize * bavail };
}
