import type { FileSystem, NfsServerOptions, Share } from '@dfs/nfs';
import type { SettingValues } from '../config/settings.ts';
import { engineSettings } from '../settings/engine.ts';
import type { RegisteredShare } from './share-registry.ts';

/** The engine's options, from the settings table: those that may change while it runs, and those of a start. */
export function engineOptions(values: Readonly<SettingValues>): Omit<NfsServerOptions, 'shares'> {
  const { delegationsEnabled, ...settings } = engineSettings(values);
  return {
    ...settings,
    delegations: delegationsEnabled,
    domain: values.domain,
    operationTimes: values['metrics.operation_times'],
  };
}

/** A share as the engine serves it. */
export function engineShare(share: RegisteredShare, fileSystem: FileSystem): Share {
  return {
    id: share.id,
    path: share.path,
    fileSystem,
    readOnly: share.readOnly,
    squash: share.squash,
    anonymousUid: share.anonymousUid,
    anonymousGid: share.anonymousGid,
    requirePrivilegedPort: share.privilegedPort,
    delegations: share.delegations,
    ...(share.clients.length > 0 && { clients: share.clients }),
  };
}
