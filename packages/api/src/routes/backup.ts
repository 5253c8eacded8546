import { Backup, BackupRequest } from '../schemas/backup.ts';
import { removed, route, seen, V1 } from './route.ts';

const BACKUP = `${V1}/backup`;

/** Copies of the data directory. */
export const BACKUP_ROUTES = {
  backup: route({
    ...seen,
    path: BACKUP,
    tag: 'backup',
    summary: 'How far the backup is that is being made, or what became of the last one',
    answer: Backup,
  }),
  createBackup: route({
    method: 'POST',
    path: BACKUP,
    access: 'admin',
    tag: 'backup',
    summary: 'Begins to copy the data directory, as it is at one moment, while it is served. One at a time',
    body: BackupRequest,
    status: 202,
    answer: Backup,
    refusals: [409, 422],
  }),
  cancelBackup: route({
    ...removed,
    method: 'DELETE',
    path: BACKUP,
    tag: 'backup',
    summary: 'Ends the backup that is being made. What it has written is no backup',
  }),
} as const;
