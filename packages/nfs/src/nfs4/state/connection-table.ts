import type { Clock, EventListener, UnbindReason } from '../../contracts.ts';
import { type Binding, Connection, carriesBack, type Direction } from './connections.ts';
import type { Session } from './sessions.ts';

/** All connections, and which sessions they carry. */
export class ConnectionTable {
  readonly #clock: Clock;
  readonly #emit: EventListener;
  readonly #connections = new Map<number, Connection>();
  #next = 1;

  constructor(clock: Clock, emit: EventListener) {
    this.#clock = clock;
    this.#emit = emit;
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
      remote: `${remote.address}:${remote.port}`,
      local: `${local.address}:${local.port}`,
    });
    return connection;
  }

  close(connection: Connection, reason: string): void {
    if (!this.#connections.delete(connection.id)) return;
    for (const session of [...connection.bindings.keys()]) this.unbind(connection, session, 'disconnect');
    this.#emit({ type: 'connection_closed', connection: connection.id, reason });
  }

  /** Binds, or changes the direction of what is bound. A connection that is gone is not bound again. */
  bind(connection: Connection, session: Session, direction: Direction): void {
    if (!this.#connections.has(connection.id) || session.dead) return;
    const bound = connection.bindings.get(session);
    if (bound?.direction === direction) return;
    if (bound !== undefined) bound.direction = direction;
    else this.#add(connection, { session, direction, boundAt: this.#clock.now() });
    this.#emit({ type: 'bound', connection: connection.id, session: session.id.toString('hex'), direction });
  }

  #add(connection: Connection, binding: Binding): void {
    connection.bindings.set(binding.session, binding);
    binding.session.bindings.set(connection, binding);
  }

  unbind(connection: Connection, session: Session, reason: UnbindReason): void {
    if (!connection.bindings.delete(session)) return;
    session.bindings.delete(connection);
    this.#emit({ type: 'unbound', connection: connection.id, session: session.id.toString('hex'), reason });
  }
}

/** A connection that can carry the session's callbacks. The one predicate for choice, status flags and release. */
export function backConnections(session: Session): Connection[] {
  const found: Connection[] = [];
  for (const [connection, binding] of session.bindings) if (carriesBack(binding)) found.push(connection);
  return found;
}
