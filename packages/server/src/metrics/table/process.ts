import { memorySamples } from '../memory.ts';
import type { ObservedMetric, ScalarMetric } from '../metric.ts';
import { single } from '../samples.ts';

const MS = 1000;

/** The process itself. */
export const PROCESS: readonly ScalarMetric[] = [
  {
    name: 'dfs_build_info',
    type: 'gauge',
    help: 'Always 1; the versions are in the labels.',
    labels: ['version', 'node'],
    read: ({ version }) => [{ labels: { version, node: process.version }, value: 1 }],
  },
  {
    name: 'process_start_time_seconds',
    type: 'gauge',
    help: 'When the process started, seconds since 1970.',
    read: () => single(Date.now() / MS - process.uptime()),
  },
  {
    name: 'process_resident_memory_bytes',
    type: 'gauge',
    help: 'Resident memory of the process.',
    read: () => single(process.memoryUsage.rss()),
  },
  {
    name: 'dfs_memory_bytes',
    type: 'gauge',
    help:
      'Memory by kind: heap and heap_reserved of JavaScript, buffers outside of it; of what is resident, own, and mapped of files ' +
      "(the metadata store's among them), which the host may take back at any time.",
    labels: ['kind'],
    read: memorySamples,
  },
  {
    name: 'process_cpu_seconds_total',
    type: 'counter',
    help: 'CPU time that the process has taken.',
    read: () => {
      const { user, system } = process.cpuUsage();
      return single((user + system) / MS ** 2);
    },
  },
];

export const EVENT_LOOP_LAG: ObservedMetric = {
  name: 'dfs_event_loop_lag_seconds',
  type: 'histogram',
  help: 'How much later than asked a timer ran, sampled every 250 ms: time in which the process was busy with something else.',
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
};

export const GC_PAUSE: ObservedMetric = {
  name: 'dfs_gc_pause_seconds',
  type: 'histogram',
  help: 'Pauses for garbage collection, by kind.',
  labels: ['kind'],
  buckets: [0.0001, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5],
};
