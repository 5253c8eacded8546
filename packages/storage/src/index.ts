export type { BackupOptions, BackupResult } from './backup/backup.ts';
export { BackupError, type BackupErrorCode } from './backup/errors.ts';
export { type BackupSummary, isBackup } from './backup/manifest.ts';
export { backupDataDirectory } from './backup/offline.ts';
export { type RestoreOptions, type RestoreResult, restoreBackup } from './backup/restore.ts';
export type { BackupPhase, BackupProgress, TaskOptions } from './backup/task.ts';
export { type BackupCheck, type BackupDamage, checkBackup } from './backup/verify.ts';
export {
  type CheckOptions,
  type CheckResult,
  checkDataDirectory,
} from './check/check-directory.ts';
export type { CheckPhase } from './check/check-share.ts';
export { FINDINGS, type Finding, type FindingCode, type Findings } from './check/finding.ts';
export {
  type ContentStore,
  LocalContentStore,
  MemoryBudget,
  MemoryContentStore,
  openFilesCache,
} from './content/index.ts';
export type { DataDirectory, DataDirectoryOptions, StorageFigures } from './directory/data-directory.ts';
export { DataDirectoryError, type DataDirectoryErrorCode } from './directory/errors.ts';
export { dataDirectoryUser, openDataDirectory, openMemoryDirectory } from './directory/open.ts';
export type { Records } from './directory/records.ts';
export type { Stop, StopCause, StorageEvent } from './faults/stop.ts';
export type { Inode } from './file-system/inode.ts';
export { type RootAttributes, ShareFileSystem } from './file-system/share.ts';
export type { Held, Quota } from './file-system/usage.ts';
export type { JournalContent, JournalFile, JournalPlace } from './journal/place.ts';
export { DEFAULT_STORAGE_LIMITS, type StorageLimits } from './limits.ts';
export type { Durability } from './log/commit-log.ts';
export type { CommitView } from './log/commit-times.ts';
export { LmdbMetadataStore, MemoryMetadataStore, type MetadataStore } from './metadata/index.ts';
