import type {
  BackChannelHealth,
  BindingView,
  ChannelView,
  ClientView,
  ConnectionFigures,
  ConnectionSummary,
  ConnectionView,
  SessionView,
} from '../control.ts';
import type { Client } from '../nfs4/state/clients.ts';
import type { Connection } from '../nfs4/state/connections.ts';
import { endpoint } from '../nfs4/state/connections.ts';
import type { ChannelAttributes, Session } from '../nfs4/state/sessions.ts';
import type { State } from '../nfs4/state/state.ts';

/** Bytes of an owner that people get to see. */
const UNPRINTABLE = /[^\x20-\x7e]/g;

function connectionFigures(connection: Connection): ConnectionFigures {
  const { id, openedAt, lastActivity, requests } = connection;
  return {
    id,
    transport: 'tcp',
    remote: endpoint(connection.remoteAddress, connection.remotePort),
    local: endpoint(connection.localAddress, connection.localPort),
    openedAt,
    lastActivity,
    requests,
    bytesIn: connection.traffic.bytesIn,
    bytesOut: connection.traffic.bytesOut,
    draining: connection.draining || connection.leaving,
    load: connection.load,
  };
}

export function connectionView(connection: Connection): ConnectionView {
  return {
    ...connectionFigures(connection),
    sessions: [...connection.bindings.values()].map(({ session, direction, boundAt }) => ({
      session: session.name,
      client: session.client.name,
      direction,
      boundAt,
    })),
  };
}

function channelView(channel: ChannelAttributes): ChannelView {
  const { maxRequest, maxResponse, maxResponseCached, maxOperations, maxRequests } = channel;
  return { maxRequest, maxResponse, maxResponseCached, maxOperations, maxRequests };
}

function bindingViews(session: Session): BindingView[] {
  return [...session.bindings].map(([connection, { direction, boundAt }]) => ({
    connection: connectionFigures(connection),
    direction,
    boundAt,
  }));
}

function summaryOf(session: Session): ConnectionSummary {
  const counts = { fore: 0, back: 0, both: 0 };
  for (const { direction } of session.bindings.values()) counts[direction]++;
  return { ...counts, total: session.bindings.size };
}

export function sessionView(session: Session): SessionView {
  return {
    id: session.name,
    client: session.client.name,
    minorVersion: session.minor,
    createdAt: session.createdAt,
    fore: channelView(session.fore),
    back: channelView(session.back),
    slots: session.slots.view(),
    replyCacheBytes: session.slots.cachedBytes,
    backChannel: session.backChannelHealth,
    overLimit: session.overLimit,
    connections: bindingViews(session),
    summary: summaryOf(session),
  };
}

const HEALTH_ORDER: readonly BackChannelHealth[] = ['up', 'unproven', 'down', 'none'];

/** The best of its sessions': a callback takes any of them. */
function clientHealth(client: Client): BackChannelHealth {
  const found = new Set([...client.sessions].map((session) => session.backChannelHealth));
  return HEALTH_ORDER.find((health) => found.has(health)) ?? 'none';
}

function connectionsOf(client: Client): number {
  const all = new Set<Connection>();
  for (const session of client.sessions)
    for (const connection of session.bindings.keys()) all.add(connection);
  return all.size;
}

export function leaseState(client: Client, state: State): ClientView['lease']['state'] {
  if (!client.confirmed) return 'unconfirmed';
  return state.expired(client) ? 'courtesy' : 'active';
}

export function clientView(client: Client, state: State): ClientView {
  const sinceRenewal = state.clock.monotonic() - client.lastRenewal;
  return {
    id: client.name,
    owner: client.owner.toString('latin1').replace(UNPRINTABLE, '.'),
    address: client.remoteAddress,
    uid: client.principal.uid,
    implementation: client.implementation,
    confirmed: client.confirmed,
    createdAt: client.createdAt,
    lease: { state: leaseState(client, state), sinceRenewal, remaining: client.leaseMs - sinceRenewal },
    reclaimComplete: client.reclaimComplete,
    sessions: client.sessions.size,
    connections: connectionsOf(client),
    opens: client.opens,
    locks: client.locks,
    delegations: client.delegations.size,
    backChannel: clientHealth(client),
  };
}
