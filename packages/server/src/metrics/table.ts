import { type EngineCounters, type EngineGauges, LATENCY_BUCKETS, type ServerStats } from '@dfs/nfs';
import type { StorageFigures } from '@dfs/storage';
import type { BackupFigures } from '../daemon/backups.ts';
import { memorySamples } from './memory.ts';
import { operationName, statusName } from './names.ts';
import { type Distribution, mapSamples, type Sample, samples, single } from './samples.ts';

/** A share, with what is in it. A quota of 0 is none. */
interface MeasuredShare {
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

const MS = 1000;

function byShare(
  shares: readonly MeasuredShare[],
  value: (share: MeasuredShare) => number | undefined,
): Sample[] {
  return shares.flatMap((share) => {
    const found = value(share);
    return found === undefined ? [] : [{ labels: { share: share.path }, value: found }];
  });
}

/** Every metric that is read from the engine: this table makes the registry and docs/metrics.md. */
export const SCALARS: readonly ScalarMetric[] = [
  {
    name: 'dfs_nfs_connections_active',
    type: 'gauge',
    help: 'Open TCP connections.',
    read: ({ stats }) => single(stats.connections),
  },
  {
    name: 'dfs_nfs_connections_draining',
    type: 'gauge',
    help: 'Connections that execute nothing new and close when what is in flight has been answered.',
    read: ({ gauges }) => single(gauges.connectionsDraining),
  },
  {
    name: 'dfs_nfs_connections_opened_total',
    type: 'counter',
    help: 'TCP connections that were accepted and kept.',
    read: ({ counters }) => single(counters.connectionsOpened),
  },
  {
    name: 'dfs_nfs_connections_refused_total',
    type: 'counter',
    help: 'TCP connections that were closed at once: beyond max_connections, on a drained address, or while stopping.',
    read: ({ counters }) => single(counters.connectionsRefused),
  },
  {
    name: 'dfs_nfs_connections_bind_total',
    type: 'counter',
    help: 'Bindings of a connection to a session, by the direction that they got.',
    labels: ['direction'],
    read: ({ counters }) => samples('direction', counters.bind),
  },
  {
    name: 'dfs_nfs_connections_unbind_total',
    type: 'counter',
    help: 'Bindings that ended, by why: explicit, disconnect, session_destroy, reaper or drained.',
    labels: ['reason'],
    read: ({ counters }) => samples('reason', counters.unbind),
  },
  {
    name: 'dfs_nfs_connections_bound',
    type: 'gauge',
    help: 'Connections bound to each session. Gone with the session; switched off by metrics.per_session.',
    labels: ['session_id'],
    perSession: true,
    read: ({ gauges }) => mapSamples('session_id', gauges.bound),
  },
  {
    name: 'dfs_nfs_connections_over_limit_total',
    type: 'counter',
    help: 'Connections that came to a session that had v4_max_connections_per_session, by BIND_CONN_TO_SESSION (explicit) or SEQUENCE (implicit).',
    labels: ['how'],
    read: ({ counters }) => samples('how', counters.overLimit),
  },
  {
    name: 'dfs_nfs_connections_drained_total',
    type: 'counter',
    help: 'Connections that were drained: clean, or forced at the end of the time while still busy.',
    labels: ['result'],
    read: ({ counters }) => samples('result', counters.drained),
  },
  {
    name: 'dfs_nfs_sessions_active',
    type: 'gauge',
    help: 'Sessions.',
    read: ({ stats }) => single(stats.sessions),
  },
  {
    name: 'dfs_nfs_sessions_created_total',
    type: 'counter',
    help: 'Sessions that were created.',
    read: ({ counters }) => single(counters.sessionsCreated),
  },
  {
    name: 'dfs_nfs_sessions_destroyed_total',
    type: 'counter',
    help: 'Sessions that ended: by DESTROY_SESSION (destroyed), with their client, evicted by an operator, or with the lease (expired).',
    labels: ['reason'],
    read: ({ counters }) => samples('reason', counters.sessionsDestroyed),
  },
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
  {
    name: 'dfs_nfs_delegations_total',
    type: 'counter',
    help: 'Delegations by what became of them: granted, recalled, returned, revoked.',
    labels: ['event'],
    read: ({ counters }) => samples('event', { ...counters.delegations }),
  },
  {
    name: 'dfs_nfs_delegations_held',
    type: 'gauge',
    help: 'Delegations that clients hold.',
    read: ({ gauges }) => single(gauges.delegationsHeld),
  },
  {
    name: 'dfs_nfs_opens',
    type: 'gauge',
    help: 'Files held open.',
    read: ({ stats }) => single(stats.opens),
  },
  {
    name: 'dfs_nfs_locks',
    type: 'gauge',
    help: 'Byte-range locks.',
    read: ({ stats }) => single(stats.locks),
  },
  {
    name: 'dfs_nfs_leases',
    type: 'gauge',
    help: 'Clients by the state of their lease. Courtesy: past its end, kept until somebody else wants what they hold.',
    labels: ['state'],
    read: ({ gauges }) => samples('state', gauges.leases),
  },
  {
    name: 'dfs_nfs_grace_active',
    type: 'gauge',
    help: '1 while clients reclaim what they held before a restart.',
    read: ({ stats }) => single(stats.inGrace ? 1 : 0),
  },
  {
    name: 'dfs_nfs_shares',
    type: 'gauge',
    help: 'Shares that are served.',
    read: ({ shares }) => single(shares.length),
  },
  {
    name: 'dfs_share_used_bytes',
    type: 'gauge',
    help: 'Storage that a share takes: content of files without their holes, extended attributes, symbolic links.',
    labels: ['share'],
    read: ({ shares }) => byShare(shares, ({ held }) => held.bytes),
  },
  {
    name: 'dfs_share_used_files',
    type: 'gauge',
    help: 'Files, directories and other objects of a share, each once however many names it has.',
    labels: ['share'],
    read: ({ shares }) => byShare(shares, ({ held }) => held.files),
  },
  {
    name: 'dfs_share_quota_bytes',
    type: 'gauge',
    help: 'The most that dfs_share_used_bytes may come to, of a share that has such a quota.',
    labels: ['share'],
    read: ({ shares }) => byShare(shares, ({ quotaBytes }) => quotaBytes || undefined),
  },
  {
    name: 'dfs_share_quota_files',
    type: 'gauge',
    help: 'The most that dfs_share_used_files may come to, of a share that has such a quota.',
    labels: ['share'],
    read: ({ shares }) => byShare(shares, ({ quotaFiles }) => quotaFiles || undefined),
  },
  {
    name: 'dfs_share_stopped',
    type: 'gauge',
    help: '1 while a share answers with errors, as its disk has failed: `dfsctl share list` tells why, `dfsctl share start` has it serve again.',
    labels: ['share'],
    read: ({ shares }) => byShare(shares, ({ stopped }) => (stopped === undefined ? 0 : 1)),
  },
  {
    name: 'dfs_share_read_errors_total',
    type: 'counter',
    help: 'Reads of files that failed on the disk, by share.',
    labels: ['share'],
    read: ({ shares }) => byShare(shares, ({ readErrors }) => readErrors),
  },
  {
    name: 'dfs_storage_full',
    type: 'gauge',
    help: '1 while the disk has no room for records: changes are refused, all but those that free some.',
    read: ({ storage }) => single(storage?.full === true ? 1 : 0),
  },
  {
    name: 'dfs_storage_batches_total',
    type: 'counter',
    help: 'Batches of changes that were committed to the disk. Changes by batches is the size of a batch.',
    read: ({ storage }) => single(storage?.log.batches ?? 0),
  },
  {
    name: 'dfs_storage_changes_total',
    type: 'counter',
    help: 'Changes of records in the batches that were committed.',
    read: ({ storage }) => single(storage?.log.changes ?? 0),
  },
  {
    name: 'dfs_storage_commit_seconds_total',
    type: 'counter',
    help: 'Time that all commits took, each from when its batch was closed until it was on the disk. By batches it is the latency of a commit.',
    read: ({ storage }) => single((storage?.log.commitMs ?? 0) / MS),
  },
  {
    name: 'dfs_storage_waiting',
    type: 'gauge',
    help: 'Replies that wait for a commit.',
    read: ({ storage }) => single(storage?.log.waiting ?? 0),
  },
  {
    name: 'dfs_storage_journal_bytes_total',
    type: 'counter',
    help: 'Bytes written to the journal, by which sessions, opens and locks outlive the process.',
    read: ({ storage }) => single(storage?.journal?.bytes ?? 0),
  },
  {
    name: 'dfs_storage_journal_flushes_total',
    type: 'counter',
    help: 'Writes to the journal: one for a turn of the event loop in which something changed.',
    read: ({ storage }) => single(storage?.journal?.flushes ?? 0),
  },
  {
    name: 'dfs_storage_journal_lost',
    type: 'gauge',
    help: '1 where the journal could not be written and was given up: the next start begins with a grace period.',
    read: ({ storage }) => single(storage?.journal?.lost === true ? 1 : 0),
  },
  {
    name: 'dfs_backup_running',
    type: 'gauge',
    help: '1 while a backup is being made.',
    read: ({ backups }) => single(backups.running ? 1 : 0),
  },
  {
    name: 'dfs_backup_last_success_timestamp_seconds',
    type: 'gauge',
    help: 'When a backup was last done while the server ran, also before this start, in seconds since 1970; 0 where never.',
    read: ({ backups }) => single(backups.lastSuccess),
  },
  {
    name: 'dfs_backup_runs_total',
    type: 'counter',
    help: 'Backups that have ended, by how: done, failed or cancelled.',
    labels: ['result'],
    read: ({ backups }) => samples('result', { ...backups.ended }),
  },
  {
    name: 'dfs_backup_last_duration_seconds',
    type: 'gauge',
    help: 'How long the last backup that was done took.',
    read: ({ backups }) => single(backups.seconds),
  },
  {
    name: 'dfs_backup_last_pause_seconds',
    type: 'gauge',
    help: 'How long changes of content had to wait for the last backup that was done.',
    read: ({ backups }) => single(backups.pauseSeconds),
  },
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

export const OPERATION_LATENCY: HistogramMetric = {
  name: 'dfs_nfs_operation_duration_seconds',
  type: 'histogram',
  help: 'Time that operations took.',
  labels: ['operation'],
  buckets: LATENCY_BUCKETS,
  read: ({ counters }) =>
    [...counters.operations].map(([op, { latency, seconds }]) => ({
      labels: { operation: operationName(op) },
      counts: latency,
      sum: seconds,
    })),
};

export const SESSION_LIFETIME: ObservedMetric = {
  name: 'dfs_nfs_session_lifetime_seconds',
  type: 'histogram',
  help: 'How long sessions lived that have ended.',
  buckets: [1, 10, 60, 600, 3600, 21_600, 86_400, 604_800],
};

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

/** All, in the order in which they are documented. */
export const METRICS: readonly (ScalarMetric | HistogramMetric | ObservedMetric)[] = [
  ...SCALARS,
  OPERATION_LATENCY,
  SESSION_LIFETIME,
  EVENT_LOOP_LAG,
  GC_PAUSE,
];
