import type { EngineCounters, EngineGauges, ServerStats } from '@dfs/nfs';
import type { StorageFigures } from '@dfs/storage';
import type { BackupFigures } from '../daemon/backups.ts';
import type { Distribution, Sample } from './samples.ts';

/** A share, with what is in it. A quota of 0 is none. */
export interface MeasuredShare {
  readonly path: string;
  readonly quotaBytes: number;
  readonly quotaFiles: number;
  readonly held: { readonly bytes: number; readonly files: number };
  readonly stopped: unknown;
  readonly readErrors: number;
}

/** What is asked of the engine once for each scrape. */
export interface Scrape {
  readonly counters: EngineCounters;
  readonly stats: ServerStats;
  readonly gauges: EngineGauges;
  readonly shares: readonly MeasuredShare[];
  readonly storage: StorageFigures | undefined;
  readonly backups: BackupFigures;
  readonly version: string;
}

interface Described {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

export interface ScalarMetric extends Described {
  readonly type: 'counter' | 'gauge';
  /** Left out where the setting metrics.per_session is off. */
  readonly perSession?: boolean;
  readonly read: (scrape: Scrape) => readonly Sample[];
}

export interface HistogramMetric extends Described {
  readonly type: 'histogram';
  readonly buckets: readonly number[];
  readonly read: (scrape: Scrape) => readonly Distribution[];
}

/** Counted by the process itself, as things happen. */
export interface ObservedMetric extends Described {
  readonly type: 'histogram';
  readonly buckets: readonly number[];
}
