import type { Connection, NfsClient, Session, Status } from '@dfs/api';
import type { ApiClient } from '@dfs/api/client';
import type { Sample, SampleClient, SampleConnection, SampleSession } from './sample.ts';

type Asked = Pick<ApiClient, 'status' | 'clients' | 'sessions' | 'connectionsSince'>;

/** Asks the server again and again for all that `dfsctl top` shows; of connections, for those that have been active since the last time. */
export class Collector {
  readonly #api: Asked;
  readonly #connections = new Map<number, Connection>();
  #cursor: string | undefined;

  constructor(api: Asked) {
    this.#api = api;
  }

  /** Rejects with an ApiError. */
  async collect(): Promise<Sample> {
    const at = performance.now();
    const [status, { clients }, { sessions }] = await Promise.all([
      this.#api.status(),
      this.#api.clients(),
      this.#api.sessions(),
      this.#update(),
    ]);
    const connections = [...this.#connections.values()];
    return joined({ at, wallClock: Date.now(), status, clients, sessions, connections });
  }

  async #update(): Promise<void> {
    const { connections, complete, cursor } = await this.#api.connectionsSince(this.#cursor);
    if (complete) this.#connections.clear();
    for (const connection of connections) this.#connections.set(connection.connection_id, connection);
    this.#cursor = cursor;
  }
}

interface Answers {
  readonly at: number;
  readonly wallClock: number;
  readonly status: Status;
  readonly clients: readonly NfsClient[];
  readonly sessions: readonly Session[];
  readonly connections: readonly Connection[];
}

/** One tree from four answers. They are of slightly different moments: what is only in one of them is left out. */
export function joined(answers: Answers): Sample {
  const { at, wallClock, status } = answers;
  const bySession = new Map<string, SampleConnection[]>();
  for (const connection of answers.connections) {
    for (const { session_id, direction } of connection.sessions) {
      append(bySession, session_id, sampleConnection(connection, direction));
    }
  }
  const byClient = new Map<string, SampleSession[]>();
  for (const session of answers.sessions) {
    append(byClient, session.client_id, sampleSession(session, bySession.get(session.session_id) ?? []));
  }
  const clients = answers.clients.map((client) => sampleClient(client, byClient.get(client.client_id) ?? []));
  const { version, state, uptime_seconds: uptimeSeconds } = status;
  return { at, wallClock, version, state, uptimeSeconds, clients };
}

function append<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

function sampleConnection(
  connection: Connection,
  direction: SampleConnection['direction'],
): SampleConnection {
  return {
    id: connection.connection_id,
    direction,
    remote: connection.remote,
    local: connection.local,
    requests: connection.requests,
    bytesIn: connection.bytes_in,
    bytesOut: connection.bytes_out,
    draining: connection.draining,
    lastActivity: Date.parse(connection.last_activity),
  };
}

function sampleSession(session: Session, connections: readonly SampleConnection[]): SampleSession {
  return {
    id: session.session_id,
    client: session.client_id,
    slotsInUse: session.slots.in_use,
    slotsGranted: session.slots.granted,
    backChannel: session.back_channel,
    connections,
  };
}

function sampleClient(client: NfsClient, sessions: readonly SampleSession[]): SampleClient {
  return {
    id: client.client_id,
    owner: client.owner,
    address: client.address,
    state: client.lease.state,
    opens: client.opens,
    locks: client.locks,
    delegations: client.delegations,
    backChannel: client.back_channel,
    sessions,
  };
}
