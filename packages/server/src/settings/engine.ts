import type { NfsSettingValues } from '@dfs/api/settings';
import type { EngineSettings } from '@dfs/nfs';

/** The settings as the engine has them. */
export function engineSettings(values: Readonly<NfsSettingValues>): EngineSettings {
  return {
    maxConnectionsPerSession: values.v4_max_connections_per_session,
    leaseTime: values.lease_time,
    gracePeriod: values.grace_period,
    delegationsEnabled: values.delegations_enabled,
    delegationRecallTimeout: values.delegation_recall_timeout,
    callbackTimeout: values.callback_timeout,
    minMinorVersion: values.v4_min_minor_version,
    maxMinorVersion: values.v4_max_minor_version,
    blockedOperations: values.blocked_operations,
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
