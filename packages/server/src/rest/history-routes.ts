import { ROUTES, type Trunks } from '@dfs/api';
import type { Control } from '@dfs/nfs';
import type { FastifyInstance } from 'fastify';
import { notFound } from './refusal.ts';
import { serve } from './serve.ts';
import type { RestServices } from './services.ts';

const MS = 1000;

/** The picture of this moment, and the last hour. */
export function serveHistory(app: FastifyInstance, { control, recorder }: RestServices): void {
  const { history, vitals } = recorder;
  serve(app, ROUTES.trunks, () => trunks(control, Date.now()));
  serve(app, ROUTES.historyList, () => history.list());
  serve(app, ROUTES.history, ({ params: { scope, id }, query }) => {
    const found = history.read(scope, id, query.since);
    if (found === undefined) throw notFound(`history of ${scope} ${id}`);
    return found;
  });
  serve(app, ROUTES.vitals, ({ query }) => vitals.read(query.since));
}

/** All of it from one moment, so that the parts fit together. */
export function trunks(control: Control, now: number): Trunks {
  const connections = control.connections();
  return {
    time: now,
    max_connections_per_session: control.settings().maxConnectionsPerSession,
    clients: control.clients().map((client) => ({
      client_id: client.id,
      owner: client.owner,
      address: client.address,
      lease: client.lease.state,
      lease_remaining_seconds: Math.round(client.lease.remaining / MS),
      opens: client.opens,
      locks: client.locks,
      delegations: client.delegations,
    })),
    sessions: control.sessions().map((session) => ({
      session_id: session.id,
      client_id: session.client,
      slots_in_use: session.slots.inUse,
      slots_granted: session.slots.granted,
      over_limit: session.overLimit,
      back_channel: session.backChannel,
      connections: session.connections.map(({ connection }) => connection.id),
      directions: session.connections.map(({ direction }) => direction),
    })),
    connections: {
      connection_id: connections.map(({ id }) => id),
      remote: connections.map(({ remote }) => remote),
      local: connections.map(({ local }) => local),
      idle_ms: connections.map(({ lastActivity }) => Math.max(0, now - lastActivity)),
      operations: connections.map(({ load }) => load.operations),
      bytes_in: connections.map(({ bytesIn }) => bytesIn),
      bytes_out: connections.map(({ bytesOut }) => bytesOut),
      draining: connections.map(({ draining }) => draining),
    },
  };
}
