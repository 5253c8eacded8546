import type { HistogramMetric, ObservedMetric, ScalarMetric } from './metric.ts';
import { EVENT_LOOP_LAG, GC_PAUSE, PROCESS } from './table/process.ts';
import { OPERATION_LATENCY, REQUESTS } from './table/requests.ts';
import { SHARES } from './table/shares.ts';
import { STATE } from './table/state.ts';
import { STORAGE } from './table/storage.ts';
import { SESSION_LIFETIME, TRUNKS } from './table/trunks.ts';

/** Every metric that is read from the engine: this table makes the registry and docs/metrics.md. */
export const SCALARS: readonly ScalarMetric[] = [
  ...TRUNKS,
  ...REQUESTS,
  ...STATE,
  ...SHARES,
  ...STORAGE,
  ...PROCESS,
];

/** All, in the order in which they are documented. */
export const METRICS: readonly (ScalarMetric | HistogramMetric | ObservedMetric)[] = [
  ...SCALARS,
  OPERATION_LATENCY,
  SESSION_LIFETIME,
  EVENT_LOOP_LAG,
  GC_PAUSE,
];
