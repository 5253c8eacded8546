import type { ScalarMetric } from '../metric.ts';
import { samples, single } from '../samples.ts';

/** What clients hold. */
export const STATE: readonly ScalarMetric[] = [
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
];
