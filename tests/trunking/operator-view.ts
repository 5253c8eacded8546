import { isDeepStrictEqual } from 'node:util';
import type { ApiClient } from '../../packages/api/src/client-index.ts';
import type { Control, EngineCounters } from '../../packages/nfs/src/control.ts';
import { operationName, statusName } from '../../packages/server/src/metrics/names.ts';
import type { World } from './world.ts';

const TRIES = 20;

type Answers = Awaited<ReturnType<typeof ask>>;

/** All that an operator can ask of a daemon about what it serves. */
async function ask(api: ApiClient) {
  const [clients, sessions, connections, status, metrics] = await Promise.all([
    api.clients(),
    api.sessions(),
    api.connections(),
    api.status(),
    api.metrics(),
  ]);
  const details = await Promise.all(
    sessions.sessions.map(({ client_id, session_id }) => api.session(client_id, session_id)),
  );
  return { ...clients, ...sessions, ...connections, details, nfs: status.nfs, metrics };
}

/**
 * REST, metrics and engine say the same. In a quiet moment, for they are asked one after the other: once more where something has changed
 * meanwhile.
 */
export async function checkOperatorView(world: World): Promise<void> {
  const { inside } = world.backend;
  if (inside?.api === undefined) return;
  const { control } = inside.server;
  for (let tries = 0; tries < TRIES; tries++) {
    const before = engineSays(control);
    const answers = await ask(inside.api).catch((error: unknown) => world.fail(`REST: ${String(error)}`));
    if (!isDeepStrictEqual(before, engineSays(control))) {
      await world.backend.pause();
      continue;
    }
    checkRest(world, before, answers);
    checkMetrics(world, before.series, answers);
    return;
  }
  world.fail(`what the engine says has changed ${TRIES} times while it was asked, and nobody does anything`);
}

/** In the words of the API and of the metrics, without what moves by itself. */
function engineSays(control: Control) {
  const connections = control.connections().map((view) => ({
    connection_id: view.id,
    remote: view.remote,
    local: view.local,
    requests: view.requests,
    bytes_in: view.bytesIn,
    bytes_out: view.bytesOut,
    draining: view.draining,
    sessions: view.sessions.map(({ session, direction }) => ({ session_id: session, direction })),
  }));
  const sessions = control.sessions().map((view) => ({
    session_id: view.id,
    client_id: view.client,
    connection_summary: { ...view.summary },
    slots: [view.slots.granted, view.slots.target, view.slots.inUse, view.slots.touched],
    reply_cache_bytes: view.replyCacheBytes,
    over_limit: view.overLimit,
    back_channel: view.backChannel,
    connections: view.connections.map(({ connection, direction }) => [connection.id, direction]),
  }));
  const clients = control.clients().map((view) => ({
    client_id: view.id,
    confirmed: view.confirmed,
    held: [view.sessions, view.connections, view.opens, view.locks, view.delegations],
    back_channel: view.backChannel,
  }));
  return { connections, sessions, clients, series: expected(control) };
}

function checkRest(world: World, engine: ReturnType<typeof engineSays>, answers: Answers): void {
  const same = (what: string, rest: unknown, own: unknown) =>
    world.check(
      isDeepStrictEqual(rest, own),
      `${what}: REST says ${JSON.stringify(rest)}, the engine ${JSON.stringify(own)}`,
    );
  const owners = new Map(engine.sessions.map(({ session_id, client_id }) => [session_id, client_id]));
  const connections = answers.connections.map(
    ({ last_activity: _, opened_at: __, transport: ___, ...rest }) => ({
      ...rest,
      sessions: rest.sessions.map(({ session_id, direction, client_id }) => {
        world.check(client_id === owners.get(session_id), `REST gives ${session_id} to ${client_id}`);
        return { session_id, direction };
      }),
    }),
  );
  same('connections', byId(connections), byId(engine.connections));
  const sessions = answers.details.map((view) => ({
    session_id: view.session_id,
    client_id: view.client_id,
    connection_summary: view.connection_summary,
    slots: [view.slots.granted, view.slots.target, view.slots.in_use, view.slots.touched],
    reply_cache_bytes: view.reply_cache_bytes,
    over_limit: view.over_limit,
    back_channel: view.back_channel,
    connections: view.connections.map(({ connection_id, direction }) => [connection_id, direction]),
  }));
  same('sessions', sessions, engine.sessions);
  same(
    'the list of sessions',
    answers.sessions.map(({ session_id, connection_summary }) => [session_id, connection_summary]),
    engine.sessions.map(({ session_id, connection_summary }) => [session_id, connection_summary]),
  );
  const clients = answers.clients.map((view) => ({
    client_id: view.client_id,
    confirmed: view.confirmed,
    held: [view.sessions, view.connections, view.opens, view.locks, view.delegations],
    back_channel: view.back_channel,
  }));
  same('clients', clients, engine.clients);
  const { clients: clientCount, sessions: sessionCount, connections: connectionCount } = answers.nfs;
  same(
    'status',
    [clientCount, sessionCount, connectionCount],
    [engine.clients.length, engine.sessions.length, engine.connections.length],
  );
}

function byId<T extends { readonly connection_id: number }>(list: readonly T[]): T[] {
  return [...list].sort((a, b) => a.connection_id - b.connection_id);
}

/** Every series that the engine's own counters foretell, and no other of those families. */
function checkMetrics(world: World, due: ReadonlyMap<string, number>, { metrics }: Answers): void {
  const scraped = seriesOf(metrics);
  for (const [name, value] of due) {
    const found = scraped.get(name);
    // What was never counted may have no series.
    const same = found === value || (found === undefined && value === 0);
    world.check(same, `${name}: ${found ?? 'nothing'} scraped, ${value} counted`);
  }
  const families = new Set([...due.keys()].map(family));
  for (const [name, value] of scraped) {
    const known = due.has(name) || !families.has(family(name)) || value === 0;
    world.check(known, `${name} ${value} is scraped, and the engine knows nothing of it`);
  }
}

const family = (name: string): string => name.split('{', 1)[0] ?? '';

function seriesOf(text: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of text.split('\n')) {
    const at = line.lastIndexOf(' ');
    if (at > 0 && !line.startsWith('#')) found.set(line.slice(0, at), Number(line.slice(at + 1)));
  }
  return found;
}

const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);

function expected(control: Control): Map<string, number> {
  const counters = control.counters();
  const [sessions, clients, connections] = [control.sessions(), control.clients(), control.connections()];
  const due = new Map<string, number>(Object.entries(plain(counters)));
  due.set('dfs_nfs_connections_active', connections.length);
  due.set('dfs_nfs_connections_draining', connections.filter(({ draining }) => draining).length);
  due.set('dfs_nfs_sessions_active', sessions.length);
  due.set('dfs_nfs_session_lifetime_seconds_count', sum(Object.values(counters.sessionsDestroyed)));
  due.set('dfs_nfs_slots_granted', sum(sessions.map(({ slots }) => slots.granted)));
  due.set('dfs_nfs_slots_in_use', sum(sessions.map(({ slots }) => slots.inUse)));
  due.set('dfs_nfs_delegations_held', sum(clients.map(({ delegations }) => delegations)));
  due.set('dfs_nfs_opens', sum(clients.map(({ opens }) => opens)));
  due.set('dfs_nfs_locks', sum(clients.map(({ locks }) => locks)));
  for (const { id, summary } of sessions)
    due.set(`dfs_nfs_connections_bound{session_id="${id}"}`, summary.total);
  labelled(due, 'connections_bind_total', 'direction', counters.bind);
  labelled(due, 'connections_unbind_total', 'reason', counters.unbind);
  labelled(due, 'connections_over_limit_total', 'how', counters.overLimit);
  labelled(due, 'connections_drained_total', 'result', counters.drained);
  labelled(due, 'sessions_destroyed_total', 'reason', counters.sessionsDestroyed);
  labelled(due, 'sequence_errors_total', 'status', Object.fromEntries(counters.sequenceErrors));
  labelled(due, 'delegations_total', 'event', { ...counters.delegations });
  for (const [key, value] of counters.callbacks) {
    const at = key.indexOf(' ');
    due.set(`dfs_nfs_callbacks_total{operation="${key.slice(0, at)}",result="${key.slice(at + 1)}"}`, value);
  }
  for (const [op, { statuses }] of counters.operations) {
    const operation = operationName(op);
    for (const [status, value] of statuses)
      due.set(`dfs_nfs_operations_total{operation="${operation}",status="${statusName(status)}"}`, value);
  }
  return due;
}

function plain(counters: EngineCounters): Record<string, number> {
  return {
    dfs_nfs_connections_opened_total: counters.connectionsOpened,
    dfs_nfs_connections_refused_total: counters.connectionsRefused,
    dfs_nfs_sessions_created_total: counters.sessionsCreated,
    dfs_nfs_replays_total: counters.replays,
    dfs_nfs_reply_cache_bytes: counters.replyCacheBytes,
    dfs_nfs_requests_total: counters.requests,
    dfs_nfs_requests_in_flight: counters.requestsInFlight,
    dfs_nfs_received_bytes_total: counters.bytesIn,
    dfs_nfs_sent_bytes_total: counters.bytesOut,
  };
}

function labelled(
  due: Map<string, number>,
  name: string,
  label: string,
  values: Readonly<Record<string, number>>,
): void {
  for (const [key, value] of Object.entries(values)) due.set(`dfs_nfs_${name}{${label}="${key}"}`, value);
}
