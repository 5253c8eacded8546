import type { Clock, EventListener, Randomness, UnbindReason } from '../../contracts.ts';
import type { Limits } from '../../limits.ts';
import { SESSION_ID_SIZE } from '../constants/index.ts';
import type { Client } from './clients.ts';
import type { ConnectionTable } from './connection-table.ts';
import type { Marks } from './marks.ts';
import {
  type CallbackSecurity,
  type ChannelAttributes,
  Session,
  sessionId,
  sessionNumber,
} from './sessions.ts';
import { ASSURED_SLOTS } from './slot-table.ts';
import { ReplyCache } from './slots.ts';

const RANDOM_BYTES = 4;
const SESSION_NAME = /^[0-9a-f]{32}$/;

export interface SessionTerms {
  readonly minor: number;
  readonly fore: ChannelAttributes;
  readonly back: ChannelAttributes;
  /** Slots that it may grow to; those of the fore channel where absent. */
  readonly mostSlots?: number;
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
  readonly cache: ReplyCache;
  readonly #marks: Marks;
  /** The number of the next session. */
  next = 1;

  constructor(
    clock: Clock,
    randomness: Randomness,
    emit: EventListener,
    connections: ConnectionTable,
    limits: Limits,
    marks: Marks,
  ) {
    this.#marks = marks;
    this.cache = new ReplyCache(limits);
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
    return this.findAt(id, 0);
  }

  /** The session whose sessionid4 lies at `at` of `buffer`. */
  findAt(buffer: Buffer, at: number): Session | undefined {
    const session = this.#sessions.get(sessionNumber(buffer, at));
    if (session === undefined) return undefined;
    const { id } = session;
    for (let i = 0; i < SESSION_ID_SIZE; i++) if (buffer[at + i] !== id[i]) return undefined;
    return session;
  }

  /** By its name for people. */
  named(name: string): Session | undefined {
    return SESSION_NAME.test(name) ? this.find(Buffer.from(name, 'hex')) : undefined;
  }

  create(client: Client, terms: SessionTerms): Session {
    const number = this.next++;
    const random = this.#randomness.bytes(RANDOM_BYTES);
    const id = sessionId(client.instance, client.number, number, random);
    const session = this.restore(client, terms, id, number, this.#clock.now());
    this.#marks.touch(session);
    this.#emit({
      type: 'session_created',
      session: session.name,
      client: client.name,
      slots: terms.fore.maxRequests,
    });
    return session;
  }

  /** A session of an earlier run takes its place, as a new one does. */
  restore(client: Client, terms: SessionTerms, id: Buffer, number: number, createdAt: number): Session {
    const session = new Session({
      ...terms,
      id,
      number,
      client,
      createdAt,
      mostSlots: terms.mostSlots ?? terms.fore.maxRequests,
      cache: this.cache,
      marks: this.#marks,
    });
    this.#sessions.set(number, session);
    client.sessions.add(session);
    return session;
  }

  destroy(
    session: Session,
    reason: 'destroyed' | 'client' | 'evicted' | 'expired',
    unbind: UnbindReason = 'session_destroy',
  ): void {
    if (!this.#sessions.delete(session.number)) return;
    session.dead = true;
    this.#marks.touch(session);
    session.slots.end();
    session.client.sessions.delete(session);
    this.#connections.release(session, unbind);
    this.#emit({ type: 'session_destroyed', session: session.name, reason });
  }

  /** Takes back slots that nobody uses. */
  review(): void {
    for (const session of this.#sessions.values()) session.slots.review();
  }

  /** Where the reply cache is pressed: asks sessions with something in it for half of their slots, and yields those. */
  relieve(): Session[] {
    if (!this.cache.pressed) return [];
    return [...this.#sessions.values()].filter(({ slots }) => {
      const half = Math.max(ASSURED_SLOTS, Math.ceil((slots.target + 1) / 2));
      return slots.cachedBytes > 0 && slots.lower(half);
    });
  }
}
