import type { Trunks } from '@dfs/api';

export interface Line {
  readonly id: number;
  readonly remote: string;
  readonly direction: 'fore' | 'back' | 'both';
  readonly idleMs: number;
  readonly draining: boolean;
  /** Bytes a second, both ways. */
  readonly rate: number;
  readonly operations: number;
}
export interface SessionRow {
  readonly session: Trunks['sessions'][number];
  readonly lines: readonly Line[];
}
export interface ClientRow {
  readonly client: Trunks['clients'][number];
  readonly sessions: readonly SessionRow[];
  readonly rate: number;
  readonly connections: number;
}
export interface Picture {
  readonly clients: readonly ClientRow[];
  /** Connections that carry no session. */
  readonly unbound: number;
  readonly rate: number;
  readonly operations: number;
  readonly overLimit: number;
}

const MS = 1000;

/** Puts clients, sessions and connections together; rates come from what has grown since `before`. */
export function picture(now: Trunks, before: Trunks | undefined): Picture {
  const seconds = before === undefined ? 0 : (now.time - before.time) / MS;
  const old = new Map(before?.connections.connection_id.map((id, index) => [id, index]));
  const columns = now.connections;
  const lines = new Map<number, Omit<Line, 'direction'>>();
  let [rate, operations] = [0, 0];
  for (const [index, id] of columns.connection_id.entries()) {
    const was = old.get(id);
    const grown = (column: 'bytes_in' | 'bytes_out' | 'operations') =>
      seconds > 0 && was !== undefined
        ? Math.max(0, (columns[column][index] ?? 0) - (before?.connections[column][was] ?? 0)) / seconds
        : 0;
    const line = {
      id,
      remote: columns.remote[index] ?? '',
      idleMs: columns.idle_ms[index] ?? 0,
      draining: columns.draining[index] ?? false,
      rate: grown('bytes_in') + grown('bytes_out'),
      operations: grown('operations'),
    };
    rate += line.rate;
    operations += line.operations;
    lines.set(id, line);
  }
  const bound = new Set<number>();
  const sessions = new Map<string, SessionRow[]>();
  let overLimit = 0;
  for (const session of now.sessions) {
    overLimit += session.over_limit;
    const of = session.connections.flatMap((id, index): Line[] => {
      const line = lines.get(id);
      bound.add(id);
      return line === undefined ? [] : [{ ...line, direction: session.directions[index] ?? 'both' }];
    });
    const all = sessions.get(session.client_id) ?? [];
    all.push({ session, lines: of });
    sessions.set(session.client_id, all);
  }
  const clients = now.clients.map((client): ClientRow => {
    const own = sessions.get(client.client_id) ?? [];
    const carried = own.flatMap((row) => row.lines);
    const unique = new Map(carried.map((line) => [line.id, line.rate]));
    return {
      client,
      sessions: own,
      rate: [...unique.values()].reduce((sum, each) => sum + each, 0),
      connections: unique.size,
    };
  });
  return { clients, unbound: lines.size - bound.size, rate, operations, overLimit };
}
