import type { ObservedMetric, ScalarMetric } from '../metric.ts';
import { mapSamples, samples, single } from '../samples.ts';

/** Connections, and the sessions that they are bound to. */
export const TRUNKS: readonly ScalarMetric[] = [
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
];

export const SESSION_LIFETIME: ObservedMetric = {
  name: 'dfs_nfs_session_lifetime_seconds',
  type: 'histogram',
  help: 'How long sessions lived that have ended.',
  buckets: [1, 10, 60, 600, 3600, 21_600, 86_400, 604_800],
};
