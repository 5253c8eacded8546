import type { MeasuredShare, ScalarMetric } from '../metric.ts';
import { type Sample, single } from '../samples.ts';

function byShare(
  shares: readonly MeasuredShare[],
  value: (share: MeasuredShare) => number | undefined,
): Sample[] {
  return shares.flatMap((share) => {
    const found = value(share);
    return found === undefined ? [] : [{ labels: { share: share.path }, value: found }];
  });
}

/** What is served, how much is in it, and whether it works. */
export const SHARES: readonly ScalarMetric[] = [
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
];
