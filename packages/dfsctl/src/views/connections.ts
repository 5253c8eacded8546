import type { Connection, DrainResult, SessionConnection } from '@dfs/api';
import { type Paint, plural, printable, showCount, showDuration, showSize, table } from '@dfs/api/terminal';
import { secondsSince } from './facts.ts';

const HEAD = ['REMOTE', 'LOCAL', 'REQUESTS', 'IN', 'OUT', 'IDLE', 'STATE'];

export function connectionsView(connections: readonly Connection[], paint: Paint, now: number): string {
  if (connections.length === 0) return 'no connections';
  const rows = connections.map((connection) => {
    const [remote = '', local = '', ...figures] = cells(connection, paint, now);
    return [String(connection.connection_id), remote, local, carried(connection), ...figures];
  });
  const [remote = '', local = '', ...figures] = HEAD;
  return table(['ID', remote, local, 'CARRIES', ...figures], rows, paint);
}

export function sessionConnectionsTable(
  connections: readonly SessionConnection[],
  paint: Paint,
  now: number,
): string {
  if (connections.length === 0) return 'no connections';
  const rows = connections.map((connection) => [
    String(connection.connection_id),
    connection.direction,
    ...cells(connection, paint, now),
  ]);
  return table(['ID', 'DIRECTION', ...HEAD], rows, paint);
}

function cells(connection: Connection | SessionConnection, paint: Paint, now: number): string[] {
  return [
    printable(connection.remote),
    printable(connection.local),
    showCount(connection.requests),
    showSize(connection.bytes_in),
    showSize(connection.bytes_out),
    showDuration(secondsSince(connection.last_activity, now)),
    connection.draining ? paint('yellow', 'draining') : paint('green', 'open'),
  ];
}

/** The sessions on a connection: the one, or how many. */
function carried({ sessions }: Connection): string {
  const [only] = sessions;
  if (only === undefined) return 'no session yet';
  if (sessions.length > 1) return plural(sessions.length, 'session');
  return `${only.session_id} ${only.direction}`;
}

export function drainedText(what: string, { connections, forced }: DrainResult): string {
  const busy = forced === 0 ? '' : `; ${forced} of them still busy at the end of the time`;
  return `drained ${what}: ${plural(connections, 'connection')} closed${busy}`;
}
