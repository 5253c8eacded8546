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

/** What {@link Vitals.read} waits for a disk, in milliseconds. */
const PATIENCE_MS = 1000;

type AskDisk = (
  path: string,
) => Promise<{ readonly bsize: number; readonly blocks: number; readonly bavail: number }>;

/** The last hour of commits and of the process; the disk as it is. */
export class Vitals {
  readonly #ring = new Ring(COLUMNS, HISTORY_LIMITS.points);
  readonly #commits: CommitView;
  readonly #disk: DiskView;
  readonly #loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  #before: { time: number; commits: number; latency: number[]; cpu: number } | undefined;

  /** `directory` is the data directory; undefined where everything is in memory. `ask` is the host's statfs. */
  constructor(commits: CommitView, directory: string | undefined, ask: AskDisk = statfs) {
    this.#commits = commits;
    this.#disk = new DiskView(directory, ask);
    this.#loop.enable();
    void this.#disk.ask();
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
    void this.#disk.ask();
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
      disk_free: this.#disk.last?.free_bytes,
    });
  }

  /** The disk as it is, or as it was when it last answered, where that takes long. */
  async read(since?: number): Promise<VitalsAnswer> {
    const patience = Promise.withResolvers<void>();
    const timer = setTimeout(patience.resolve, PATIENCE_MS);
    await Promise.race([this.#disk.ask(), patience.promise]);
    clearTimeout(timer);
    return {
      interval_seconds: HISTORY_LIMITS.intervalSeconds,
      ...this.#ring.read(since),
      disk: this.#disk.last,
    };
  }
}

/** Asks a file system for its space, which takes a thread for as long as a disk that hangs does: never a second one. */
class DiskView {
  /** As it answered last; null where nothing is known. */
  last: VitalsAnswer['disk'] = null;
  readonly #directory: string | undefined;
  readonly #statfs: AskDisk;
  #asking: Promise<void> | undefined;

  constructor(directory: string | undefined, ask: AskDisk) {
    this.#directory = directory;
    this.#statfs = ask;
  }

  /** Answers when {@link last} is as it is now; joins a question under way. Does not reject. */
  ask(): Promise<void> {
    if (this.#directory === undefined) return Promise.resolve();
    this.#asking ??= this.#ask(this.#directory).finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #ask(path: string): Promise<void> {
    try {
      const { bsize, blocks, bavail } = await this.#statfs(path);
      this.last = { path, total_bytes: bsize * blocks, free_bytes: bsize * bavail };
    } catch {
      this.last = null;
    }
  }
}
