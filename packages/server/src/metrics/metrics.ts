import { constants, PerformanceObserver } from 'node:perf_hooks';
import type { EngineEvent, NfsServer } from '@dfs/nfs';
import type { StorageFigures } from '@dfs/storage';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { BackupFigures } from '../daemon/backups.ts';
import { VERSION } from '../version.ts';
import { ReadHistogram } from './distribution.ts';
import type { ObservedMetric, ScalarMetric, Scrape } from './metric.ts';
import { EVENT_LOOP_LAG, GC_PAUSE } from './table/process.ts';
import { OPERATION_LATENCY } from './table/requests.ts';
import { SESSION_LIFETIME } from './table/trunks.ts';
import { SCALARS } from './table.ts';

export interface MetricsOptions {
  /** A series for each session. */
  readonly perSession: boolean;
  readonly now?: () => number;
}

interface MetricsSource {
  readonly nfs: NfsServer;
  readonly shares: Scrape['shares'];
  readonly storage: StorageFigures | undefined;
  readonly backups: BackupFigures;
}

const MS = 1000;
const LAG_INTERVAL_MS = 250;

const GC_KINDS: ReadonlyMap<number, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weak_callbacks'],
]);

/** The metrics of one server, in a registry of its own: a second server in the process has others. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #now: () => number;
  readonly #lifetimes: Histogram<string>;
  /** When each session was made that is there. */
  readonly #born = new Map<string, number>();
  readonly #source: () => MetricsSource;
  #scrape: Scrape | undefined;
  #stop: (() => void) | undefined;

  /** `source` is asked at each scrape. */
  constructor(source: () => MetricsSource, { perSession, now = Date.now }: MetricsOptions) {
    this.#source = source;
    this.#now = now;
    for (const metric of SCALARS) if (perSession || metric.perSession !== true) this.#add(metric);
    const { name, help, buckets, read } = OPERATION_LATENCY;
    new ReadHistogram({ name, help }, buckets, () => read(this.#current()), this.#registry);
    this.#lifetimes = this.#observed(SESSION_LIFETIME);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Begins to watch the process. */
  start(): void {
    const lag = watchEventLoop(this.#observed(EVENT_LOOP_LAG));
    const gc = watchGc(this.#observed(GC_PAUSE));
    this.#stop = () => {
      lag();
      gc();
    };
  }

  close(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  /** To be told of each event of the engine. */
  event(event: EngineEvent): void {
    if (event.type === 'session_created') this.#born.set(event.session, this.#now());
    if (event.type !== 'session_destroyed') return;
    const born = this.#born.get(event.session);
    this.#born.delete(event.session);
    if (born !== undefined) this.#lifetimes.observe((this.#now() - born) / MS);
  }

  /** What Prometheus reads. All of it is from one moment: nothing runs while it is read from the engine. */
  async text(): Promise<string> {
    this.#scrape = this.#read();
    try {
      return await this.#registry.metrics();
    } finally {
      this.#scrape = undefined;
    }
  }

  #current(): Scrape {
    this.#scrape ??= this.#read();
    return this.#scrape;
  }

  #read(): Scrape {
    const { nfs, shares, storage, backups } = this.#source();
    const { control } = nfs;
    return {
      counters: control.counters(),
      stats: nfs.stats(),
      gauges: control.gauges(),
      shares,
      storage,
      backups,
      version: VERSION,
    };
  }

  #add({ name, help, labels = [], type, read }: ScalarMetric): void {
    const config = { name, help, labelNames: [...labels], registers: [this.#registry] };
    const current = () => read(this.#current());
    if (type === 'counter') {
      new Counter({
        ...config,
        collect() {
          this.reset();
          for (const { labels: given, value } of current()) this.inc(given ?? {}, value);
        },
      });
    } else {
      new Gauge({
        ...config,
        collect() {
          this.reset();
          for (const { labels: given, value } of current()) this.set(given ?? {}, value);
        },
      });
    }
  }

  #observed({ name, help, labels = [], buckets }: ObservedMetric): Histogram<string> {
    return new Histogram({
      name,
      help,
      labelNames: [...labels],
      buckets: [...buckets],
      registers: [this.#registry],
    });
  }
}

/** Samples how late timers are. Answers what ends it. */
function watchEventLoop(lag: Histogram<string>): () => void {
  let expected = performance.now() + LAG_INTERVAL_MS;
  const timer = setInterval(() => {
    const now = performance.now();
    lag.observe(Math.max(0, now - expected) / MS);
    expected = now + LAG_INTERVAL_MS;
  }, LAG_INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function watchGc(pauses: Histogram<string>): () => void {
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind } = (entry as { readonly detail?: { readonly kind?: number } }).detail ?? {};
      pauses.observe({ kind: GC_KINDS.get(kind ?? 0) ?? 'other' }, entry.duration / MS);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return () => observer.disconnect();
}
