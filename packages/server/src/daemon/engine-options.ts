import type { FileSystem, NfsServerOptions, Share } from '@dfs/nfs';
import type { SettingValues } from '../config/settings.ts';
import type { RegisteredShare } from './share-registry.ts';

/** The engine's options, from the settings table. */
export function engineOptions(values: Readonly<SettingValues>): Omit<NfsServerOptions, 'shares'> {
  return {
    leaseTime: values.lease_time,
    gracePeriod: values.grace_period,
    domain: values.domain,
    delegations: values.delegations_enabled,
    delegationRecallTimeout: values.delegation_recall_timeout,
    callbackTimeout: values.callback_timeout,
    maxConnectionsPerSession: values.v4_max_connections_per_session,
    blockedOperations: values.blocked_operations,
    operationTimes: values['metrics.operation_times'],
    minMinorVersion: values.v4_min_minor_version,
    maxMinorVersion: values.v4_max_minor_version,
    limits: {
      maxConnections: values.max_connections,
      maxClients: values.max_clients,
      maxSessionsPerClient: values.max_sessions_per_client,
      maxSessionSlots: values.max_session_slots,
      maxCompoundOps: values.max_compound_ops,
      maxReadSize: values.max_read_size,
      maxWriteSize: values.max_write_size,
    },
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
