import type { Clock, EventListener, UnbindReason } from '../../contracts.ts';
import {
  type Binding,
  Connection,
  carriesBack,
  carriesFore,
  type Direction,
  endpoint,
} from './connections.ts';
import { type Session, takesCallbacks } from './sessions.ts';

/**
 * All connections, and which sessions they carry.
 *
 * A session is bound to at most `limit` connections. One that comes beyond that is its guest: its requests are executed and answered, it
 * carries no callbacks, it is bound as soon as a place is free. docs/trunking.md has the experiment that led to this.
 */
export class ConnectionTable {
  readonly #clock: Clock;
  readonly #emit: EventListener;
  readonly #reached: (session: Session) => void;
  readonly #connections = new Map<number, Connection>();
  /** Those that are, or were, guests. */
  readonly #guests = new Set<Connection>();
  #next = 1;
  #limit = 0;

  /** `reached` is told of a session that one more connection carries callbacks of. */
  constructor(clock: Clock, emit: EventListener, reached: (session: Session) => void = () => {}) {
    this.#clock = clock;
    this.#emit = emit;
    this.#reached = reached;
  }

  get size(): number {
    return this.#connections.size;
  }

  [Symbol.iterator](): IterableIterator<Connection> {
    return this.#connections.values();
  }

  find(id: number): Connection | undefined {
    return this.#connections.get(id);
  }

  open(
    remote: { readonly address: string; readonly port: number },
    local: { readonly address: string; readonly port: number },
  ): Connection {
    const connection = new Connection(this.#next++, remote, local, this.#clock.now());
    this.#connections.set(connection.id, connection);
    this.#emit({
      type: 'connection_opened',
      connection: connection.id,
      remote: endpoint(remote.address, remote.port),
      local: endpoint(local.address, local.port),
    });
    return connection;
  }

  /** The socket is gone, and nothing binds it again: a handler that still runs finds it missing here. */
  close(connection: Connection, reason: string): void {
    if (!this.#connections.delete(connection.id)) return;
    const why = connection.draining ? 'drained' : 'disconnect';
    for (const session of [...connection.bindings.keys()]) this.unbind(connection, session, why);
    for (const session of connection.guestOf) session.guests.delete(connection);
    connection.guestOf.clear();
    this.#guests.delete(connection);
    this.#emit({ type: 'connection_closed', connection: connection.id, reason });
  }

  /**
   * Sets how many connections a session may be bound to, 0 for any number, and unbinds those above it, the least recently active first. Their
   * connections stay, as guests, so that nothing that they carry stalls.
   */
  setLimit(limit: number, sessions: Iterable<Session>): void {
    this.#limit = limit;
    for (const session of sessions) while (this.#excess(session) > 0) this.#displace(session, 'drained');
  }

  /** How many bindings of the session are above the limit. Those of draining connections are as good as gone. */
  #excess(session: Session): number {
    if (this.#limit === 0 || session.bindings.size <= this.#limit) return 0;
    let lasting = 0;
    for (const connection of session.bindings.keys()) if (!connection.draining) lasting++;
    return lasting - this.#limit;
  }

  hasRoom(session: Session): boolean {
    if (this.#limit === 0 || session.bindings.size < this.#limit) return true;
    let lasting = 0;
    for (const connection of session.bindings.keys()) if (!connection.draining) lasting++;
    return lasting < this.#limit;
  }

  /** A request came for a session that the connection does not carry yet (§2.10.3.1): binds it, fore only, or takes it as a guest. */
  join(connection: Connection, session: Session): void {
    if (this.hasRoom(session)) this.bind(connection, session, 'fore');
    else if (!connection.guestOf.has(session)) {
      this.#countOverLimit(connection, session, 'implicit');
      this.#receive(connection, session);
    }
  }

  /** BIND_CONN_TO_SESSION for the fore channel, beyond the limit. */
  joinAsGuest(connection: Connection, session: Session): void {
    this.#countOverLimit(connection, session, 'explicit');
    this.#receive(connection, session);
  }

  #receive(connection: Connection, session: Session): void {
    if (!this.#connections.has(connection.id) || session.dead) return;
    connection.guestOf.add(session);
    session.guests.add(connection);
    this.#guests.add(connection);
  }

  /** Guests that no session is bound to, and that have carried nothing for so many milliseconds. */
  *idleGuests(ms: number): Generator<Connection> {
    const since = this.#clock.now() - ms;
    for (const connection of this.#guests) {
      if (connection.guestOf.size === 0) this.#guests.delete(connection);
      else if (connection.bindings.size === 0 && connection.lastActivity <= since && !connection.draining)
        yield connection;
    }
  }

  #countOverLimit(connection: Connection, session: Session, how: 'explicit' | 'implicit'): void {
    session.overLimit++;
    this.#emit({ type: 'over_limit', connection: connection.id, session: session.name, how });
  }

  /**
   * Makes room for a connection that is to carry the callbacks of a session that has nobody else for them: the least recently active other one
   * becomes a guest. False where that would leave no fore channel.
   */
  makeRoom(connection: Connection, session: Session, wanted: Direction): boolean {
    this.#countOverLimit(connection, session, 'explicit');
    const fore = [...session.bindings.values()].filter(carriesFore).length;
    if (wanted === 'back' && fore < 2) return false;
    this.#displace(session, 'explicit');
    return true;
  }

  #displace(session: Session, reason: UnbindReason): void {
    const bindings = [...session.bindings.values()].filter(({ connection }) => !connection.draining);
    const last = bindings.sort(byUse)[0];
    if (last === undefined) return;
    this.unbind(last.connection, session, reason);
    this.#receive(last.connection, session);
  }

  /** Binds, or changes the direction of what is bound. A connection that is gone is not bound again. */
  bind(connection: Connection, session: Session, direction: Direction): void {
    if (!this.#connections.has(connection.id) || session.dead) return;
    const bound = connection.bindings.get(session);
    if (bound?.direction === direction) {
      // The client says that the way is good: the next callback finds out.
      if (bound.callbacks === 'down') bound.callbacks = 'unproven';
      return;
    }
    if (bound !== undefined) this.unbind(connection, session, 'explicit');
    connection.guestOf.delete(session);
    session.guests.delete(connection);
    const binding: Binding = {
      session,
      connection,
      direction,
      boundAt: this.#clock.now(),
      callbacks: 'unproven',
    };
    connection.bindings.set(session, binding);
    session.bindings.set(connection, binding);
    this.#emit({ type: 'bound', connection: connection.id, session: session.name, direction });
    if (carriesBack(binding)) this.#reached(session);
  }

  unbind(connection: Connection, session: Session, reason: UnbindReason): void {
    if (!connection.bindings.delete(session)) return;
    session.bindings.delete(connection);
    connection.lastUsed = undefined;
    this.#emit({ type: 'unbound', connection: connection.id, session: session.name, reason });
  }

  /** The session has ended: nothing carries it any more. */
  release(session: Session, reason: UnbindReason): void {
    for (const connection of [...session.bindings.keys()]) this.unbind(connection, session, reason);
    for (const connection of session.guests) connection.guestOf.delete(session);
    session.guests.clear();
  }
}

/** Those that only carry requests before those that callbacks can take, then the least recently active. */
function byUse(a: Binding, b: Binding): number {
  const kind = Number(takesCallbacks(a)) - Number(takesCallbacks(b));
  return kind !== 0 ? kind : a.connection.lastActivity - b.connection.lastActivity;
}
