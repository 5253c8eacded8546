import type { Connection, NfsClient, Session, SessionConnection, SessionDetail } from '@dfs/api';
import type { ChannelView, ClientView, ConnectionFigures, ConnectionView, SessionView } from '@dfs/nfs';

const MS = 1000;

const time = (at: number) => new Date(at).toISOString();
const seconds = (ms: number) => Math.round(ms) / MS;

export function showClient(view: ClientView): NfsClient {
  return {
    client_id: view.id,
    owner: view.owner,
    address: view.address,
    uid: view.uid,
    implementation: view.implementation ?? null,
    confirmed: view.confirmed,
    created_at: time(view.createdAt),
    lease: {
      state: view.lease.state,
      seconds_since_renewal: seconds(view.lease.sinceRenewal),
      remaining_seconds: seconds(view.lease.remaining),
    },
    reclaim_complete: view.reclaimComplete,
    sessions: view.sessions,
    connections: view.connections,
    opens: view.opens,
    locks: view.locks,
    delegations: view.delegations,
    back_channel: view.backChannel,
  };
}

export function showSession(view: SessionView): Session {
  return {
    session_id: view.id,
    client_id: view.client,
    minor_version: view.minorVersion,
    created_at: time(view.createdAt),
    fore: showChannel(view.fore),
    back: showChannel(view.back),
    slots: {
      granted: view.slots.granted,
      target: view.slots.target,
      in_use: view.slots.inUse,
      touched: view.slots.touched,
    },
    reply_cache_bytes: view.replyCacheBytes,
    back_channel: view.backChannel,
    over_limit: view.overLimit,
    connection_summary: { ...view.summary },
  };
}

export function showSessionDetail(view: SessionView): SessionDetail {
  const connections = view.connections.map(
    ({ connection, direction, boundAt }): SessionConnection => ({
      ...showFields(connection),
      direction,
      bound_at: time(boundAt),
    }),
  );
  return { ...showSession(view), connections };
}

export function showConnection(view: ConnectionView): Connection {
  return {
    ...showFields(view),
    opened_at: time(view.openedAt),
    sessions: view.sessions.map(({ session, client, direction, boundAt }) => ({
      session_id: session,
      client_id: client,
      direction,
      bound_at: time(boundAt),
    })),
  };
}

function showFields(view: ConnectionFigures) {
  return {
    connection_id: view.id,
    transport: view.transport,
    remote: view.remote,
    local: view.local,
    last_activity: time(view.lastActivity),
    requests: view.requests,
    bytes_in: view.bytesIn,
    bytes_out: view.bytesOut,
    draining: view.draining,
  };
}

function showChannel(view: ChannelView) {
  return {
    max_request: view.maxRequest,
    max_response: view.maxResponse,
    max_response_cached: view.maxResponseCached,
    max_operations: view.maxOperations,
    max_requests: view.maxRequests,
  };
}
