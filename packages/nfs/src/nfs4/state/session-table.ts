import type { Clock, EventListener, Randomness, UnbindReason } from '../../contracts.ts';
import type { Client } from './clients.ts';
import type { ConnectionTable } from './connection-table.ts';
import {
  type CallbackSecurity,
  type ChannelAttributes,
  Session,
  sessionId,
  sessionNumber,
} from './sessions.ts';

const RANDOM_BYTES = 4;

export interface SessionTerms {
  readonly minor: number;
  readonly fore: ChannelAttributes;
  readonly back: ChannelAttributes;
  readonly flags: number;
  readonly callbackProgram: number;
  readonly callbackSecurity: readonly CallbackSecurity[];
}

/** All sessions, by their ids. */
export class SessionTable {
  readonly #clock: Clock;
  readonly #randomness: Randomness;
  readonly #emit: EventListener;
  readonly #connections: ConnectionTable;
  readonly #sessions = new Map<number, Session>();
  #next = 1;

  constructor(clock: Clock, randomness: Randomness, emit: EventListener, connections: ConnectionTable) {
    this.#clock = clock;
    this.#randomness = randomness;
    this.#emit = emit;
    this.#connections = connections;
  }

  get size(): number {
    return this.#sessions.size;
  }

  [Symbol.iterator](): IterableIterator<Session> {
    return this.#sessions.values();
  }

  find(id: Buffer): Session | undefined {
    const session = this.#sessions.get(sessionNumber(id));
    return session?.id.equals(id) ? session : undefined;
  }

  create(client: Client, terms: SessionTerms): Session {
    const number = this.#next++;
    const random = this.#randomness.bytes(RANDOM_BYTES);
    const id = sessionId(client.instance, client.number, number, random);
    const session = new Session({ ...terms, id, number, client, createdAt: this.#clock.now() });
    this.#sessions.set(number, session);
    client.sessions.add(session);
    this.#emit({
      type: 'session_created',
      session: id.toString('hex'),
      client: client.name,
      slots: terms.fore.maxRequests,
    });
    return session;
  }

  destroy(session: Session, reason: 'destroyed' | 'client', unbind: UnbindReason = 'session_destroy'): void {
    if (!this.#sessions.delete(session.number)) return;
    session.dead = true;
    session.client.sessions.delete(session);
    for (const connection of [...session.bindings.keys()])
      this.#connections.unbind(connection, session, unbind);
    this.#emit({ type: 'session_destroyed', session: session.id.toString('hex'), reason });
  }
}
