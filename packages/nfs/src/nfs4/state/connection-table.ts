import type { Clock, EventListener, UnbindReason } from '../../contracts.ts';
import { type Binding, Connection, type Direction, endpoint } from './connections.ts';
import type { Session } from './sessions.ts';

/** All connections, and which sessions they carry. */
export class ConnectionTable {
  readonly #clock: Clock;
  readonly #emit: EventListener;
  readonly #connections = new Map<number, Connection>();
  #next = 1;
  /** Connections that one session may have; 0 is unlimited. */
  #limit = 0;

  constructor(clock: Clock, emit: EventListener) {
    this.#clock = clock;
    this.#emit = emit;
  }

  setLimit(limit: number): void {
    this.#limit = limit;
  }

  get limit(): number {
    return this.#limit;
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

  close(connection: Connection, reason: string): void {
    if (!this.#connections.delete(connection.id)) return;
    for (const session of [...connection.bindings.keys()])
      this.unbind(connection, session, connection.draining ? 'drained' : 'disconnect');
    this.#emit({ type: 'connection_closed', connection: connection.id, reason });
  }

  /** Binds, or changes the direction of what is bound. A connection that is gone is not bound again. */
  bind(connection: Connection, session: Session, direction: Direction): void {
    if (!this.#connections.has(connection.id) || session.dead) return;
    const bound = connection.bindings.get(session);
    if (bound?.direction === direction) return;
    if (bound !== undefined) bound.direction = direction;
    else this.#add({ session, connection, direction, boundAt: this.#clock.now(), callbacks: 'unproven' });
    this.#emit({ type: 'bound', connection: connection.id, session: session.name, direction });
  }

  #add(binding: Binding): void {
    const { connection, session } = binding;
    connection.bindings.set(session, binding);
    session.bindings.set(connection, binding);
  }

  unbind(connection: Connection, session: Session, reason: UnbindReason): void {
    if (!connection.bindings.delete(session)) return;
    session.bindings.delete(connection);
    this.#emit({ type: 'unbound', connection: connection.id, session: session.name, reason });
  }
}
