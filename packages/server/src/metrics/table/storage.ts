import type { ScalarMetric } from '../metric.ts';
import { samples, single } from '../samples.ts';

const MS = 1000;

/** What the disk is asked for: commits, the journal, backups. */
export const STORAGE: readonly ScalarMetric[] = [
  {
    name: 'dfs_storage_full',
    type: 'gauge',
    help: '1 while the disk has no room for records: changes are refused, all but those that free some.',
    read: ({ storage }) => single(storage?.full === true ? 1 : 0),
  },
  {
    name: 'dfs_storage_batches_total',
    type: 'counter',
    help: 'Batches of changes that were committed to the metadata store. Changes by batches is the size of a batch.',
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
    help: 'Replies that wait for the disk.',
    read: ({ storage }) => single(storage?.log.waiting ?? 0),
  },
  {
    name: 'dfs_storage_journal_bytes_total',
    type: 'counter',
    help: 'Bytes written to the journal: what changed in files and their attributes, small writes that were to be stable, sessions, opens and locks.',
    read: ({ storage }) => single(storage?.journal?.bytes ?? 0),
  },
  {
    name: 'dfs_storage_journal_flushes_total',
    type: 'counter',
    help: 'Writes to the journal: one for a turn of the event loop in which something changed.',
    read: ({ storage }) => single(storage?.journal?.flushes ?? 0),
  },
  {
    name: 'dfs_storage_journal_syncs_total',
    type: 'counter',
    help: 'Syncs of the journal, with grade power: all replies that wait at one moment share one.',
    read: ({ storage }) => single(storage?.journal?.syncs ?? 0),
  },
  {
    name: 'dfs_storage_journal_sync_seconds_total',
    type: 'counter',
    help: 'Time that all syncs of the journal took. By syncs it is the latency of one.',
    read: ({ storage }) => single(storage?.journal?.syncSeconds ?? 0),
  },
  {
    name: 'dfs_storage_content_syncs_total',
    type: 'counter',
    help: 'Times that the content of one file was brought to the disk: for COMMIT, and for a WRITE that asks for it.',
    read: ({ storage }) => single(storage?.contentSyncs ?? 0),
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
];
