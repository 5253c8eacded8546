import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../nfs4/engine.ts';
import type { Client } from '../nfs4/state/clients.ts';
import { type Connection, carriesBack } from '../nfs4/state/connections.ts';
import type { Session } from '../nfs4/state/sessions.ts';

const POLL_MS = 50;
/** Between a client's new session and the end of its old connections: it asks over them once more whether it may use them. */
const PROBE_MS = 1000;

/**
 * Gets clients to leave connections for good. The Linux client keeps a request with its connection, and tries that for ever; only when its
 * session has ended does it take all connections but its first out of use, asks over each whether it may go on, and gives what waited to the
 * rest. So sessions that can do without these connections are ended, while the connections still answer (docs/trunking.md).
 */
export class Leaving {
  readonly #engine: Engine;
  /** Those that their clients are about to leave. Any others are left as they were. */
  readonly connections: readonly Connection[];
  readonly #clients: ReadonlySet<Client>;

  constructor(engine: Engine, connections: readonly Connection[]) {
    this.#engine = engine;
    const all = new Set(connections);
    const sessions = new Set<Session>();
    this.connections = connections.filter((connection) => {
      const carried = [...connection.bindings.keys(), ...connection.guestOf];
      const free = carried.length > 0 && carried.every((session) => canSpare(session, all));
      if (free) for (const session of carried) sessions.add(session);
      return free;
    });
    this.#clients = new Set([...sessions].map(({ client }) => client));
    for (const connection of this.connections) connection.leaving = true;
    // Not flushed here, which may throw and would leave this half done: whatever tells anybody of it flushes before.
    for (const session of sessions) engine.state.sessions.destroy(session, 'evicted', 'drained');
  }

  /** Until every client has gone on elsewhere, and has found out that it may not come back; or the time is over. */
  async done(timeoutMs: number): Promise<void> {
    const { clock, state } = this.#engine;
    const deadline = clock.monotonic() + timeoutMs;
    let since: number | undefined;
    while (clock.monotonic() < deadline) {
      const open = this.connections.some(({ id }) => state.connections.find(id) !== undefined);
      if (!open) return;
      const settled = [...this.#clients].every((client) => client.removed || client.sessions.size > 0);
      if (!settled) since = undefined;
      else if (since === undefined) since = clock.monotonic();
      else if (clock.monotonic() - since >= PROBE_MS) return;
      await sleep(POLL_MS);
    }
  }
}

/** Does another connection carry the callbacks? Then it is the client's first one, over which it makes its sessions. */
function canSpare(session: Session, leaving: ReadonlySet<Connection>): boolean {
  for (const binding of session.bindings.values()) {
    const { connection } = binding;
    if (connection.draining || leaving.has(connection)) continue;
    if (!session.wantsBackChannel || carriesBack(binding)) return true;
  }
  return false;
}
