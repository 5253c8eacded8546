import type { Listener, NfsFigures, ServerState, Share, Status } from '@dfs/api';
import type { ServerStats } from '@dfs/nfs';
import type { StorageFigures } from '@dfs/storage';
import { VERSION } from '../version.ts';
import type { ServedShare } from './live-shares.ts';
import { showStop } from './stopped-share.ts';

export interface StatusInputs {
  readonly state: ServerState;
  readonly startedAt: number;
  readonly data: string | undefined;
  readonly nfsAddresses: readonly string[];
  readonly apiAddresses: readonly string[];
  readonly consoleAddress?: string | undefined;
  readonly shares: readonly ServedShare[];
  readonly figures: ServerStats | undefined;
  readonly storage: StorageFigures | undefined;
}

const MS = 1000;

export function describeStatus(inputs: StatusInputs): Status {
  const listener = (protocol: Listener['protocol']) => (address: string) => ({ protocol, address });
  return {
    version: VERSION,
    node: process.version,
    pid: process.pid,
    state: inputs.state,
    started_at: new Date(inputs.startedAt).toISOString(),
    uptime_seconds: Math.round(process.uptime() * MS) / MS,
    data: inputs.data ?? null,
    durability: inputs.data === undefined ? 'none' : (inputs.storage?.durability ?? 'power'),
    journal: showJournal(inputs.storage),
    listeners: [
      ...inputs.nfsAddresses.map(listener('nfs')),
      ...inputs.apiAddresses.map(listener('api')),
      ...(inputs.consoleAddress === undefined ? [] : [listener('console')(inputs.consoleAddress)]),
    ],
    shares: inputs.shares.map(showShare),
    nfs: showFigures(inputs.figures),
  };
}

function showJournal(storage: StorageFigures | undefined): Status['journal'] {
  if (storage?.journal === undefined) return 'none';
  return storage.journal.lost ? 'lost' : 'kept';
}

export function showShare(share: ServedShare): Share {
  const { path, stopped } = share;
  return {
    id: share.id,
    path,
    state: stopped === undefined ? 'serving' : 'stopped',
    stopped: stopped === undefined ? null : showStop(stopped, path),
    read_only: share.readOnly,
    squash: share.squash,
    clients: [...share.clients],
    anonymous_uid: share.anonymousUid,
    anonymous_gid: share.anonymousGid,
    privileged_port: share.privilegedPort,
    delegations: share.delegations,
    quota_bytes: share.quotaBytes,
    quota_files: share.quotaFiles,
    used_bytes: share.held.bytes,
    used_files: share.held.files,
    origin: share.origin,
  };
}

function showFigures(stats: ServerStats | undefined): NfsFigures {
  return {
    in_grace: stats?.inGrace ?? false,
    clients: stats?.clients ?? 0,
    sessions: stats?.sessions ?? 0,
    connections: stats?.connections ?? 0,
    opens: stats?.opens ?? 0,
    locks: stats?.locks ?? 0,
    requests: stats?.requests ?? 0,
    bytes_in: stats?.bytesIn ?? 0,
    bytes_out: stats?.bytesOut ?? 0,
  };
}
