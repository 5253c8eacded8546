import { LATENCY_BUCKETS } from '@dfs/nfs';
import type { HistogramMetric, ScalarMetric } from '../metric.ts';
import { operationName, statusName } from '../names.ts';
import { mapSamples, single } from '../samples.ts';

/** What clients ask, and what is asked of them. */
export const REQUESTS: readonly ScalarMetric[] = [
  {
    name: 'dfs_nfs_sequence_errors_total',
    type: 'counter',
    help: 'SEQUENCE operations that were refused, by status.',
    labels: ['status'],
    read: ({ counters }) => mapSamples('status', counters.sequenceErrors),
  },
  {
    name: 'dfs_nfs_replays_total',
    type: 'counter',
    help: 'Retransmissions that were answered from the reply cache or joined the request that was still running.',
    read: ({ counters }) => single(counters.replays),
  },
  {
    name: 'dfs_nfs_slots_granted',
    type: 'gauge',
    help: 'Slots that clients may use now, of all sessions.',
    read: ({ gauges }) => single(gauges.slotsGranted),
  },
  {
    name: 'dfs_nfs_slots_in_use',
    type: 'gauge',
    help: 'Slots whose request is being worked on, of all sessions.',
    read: ({ gauges }) => single(gauges.slotsInUse),
  },
  {
    name: 'dfs_nfs_reply_cache_bytes',
    type: 'gauge',
    help: 'Bytes of replies kept for retransmissions.',
    read: ({ counters }) => single(counters.replyCacheBytes),
  },
  {
    name: 'dfs_nfs_operations_total',
    type: 'counter',
    help: 'Operations by name and status.',
    labels: ['operation', 'status'],
    read: ({ counters }) =>
      [...counters.operations].flatMap(([op, { statuses }]) =>
        [...statuses].map(([status, value]) => ({
          labels: { operation: operationName(op), status: statusName(status) },
          value,
        })),
      ),
  },
  {
    name: 'dfs_nfs_requests_total',
    type: 'counter',
    help: 'Calls that have arrived.',
    read: ({ counters }) => single(counters.requests),
  },
  {
    name: 'dfs_nfs_requests_in_flight',
    type: 'gauge',
    help: 'Calls that are being worked on.',
    read: ({ counters }) => single(counters.requestsInFlight),
  },
  {
    name: 'dfs_nfs_received_bytes_total',
    type: 'counter',
    help: 'Bytes received from clients.',
    read: ({ counters }) => single(counters.bytesIn),
  },
  {
    name: 'dfs_nfs_sent_bytes_total',
    type: 'counter',
    help: 'Bytes sent to clients.',
    read: ({ counters }) => single(counters.bytesOut),
  },
  {
    name: 'dfs_nfs_callbacks_total',
    type: 'counter',
    help: 'Callbacks to clients, by operation and result: a status, or why there was none.',
    labels: ['operation', 'result'],
    read: ({ counters }) =>
      [...counters.callbacks].map(([key, value]) => {
        const [operation = '', ...result] = key.split(' ');
        return { labels: { operation, result: result.join(' ') }, value };
      }),
  },
];

export const OPERATION_LATENCY: HistogramMetric = {
  name: 'dfs_nfs_operation_duration_seconds',
  type: 'histogram',
  help: 'Time that operations took. That of SEQUENCE, PUTFH and GETFH, which is next to none, counts with the operation that follows them.',
  labels: ['operation'],
  buckets: LATENCY_BUCKETS,
  read: ({ counters }) =>
    [...counters.operations].map(([op, { latency, seconds }]) => ({
      labels: { operation: operationName(op) },
      counts: latency,
      sum: seconds,
    })),
};
