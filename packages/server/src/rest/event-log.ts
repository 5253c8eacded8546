import type { ApiEvent } from '@dfs/api';
import type { EngineEvent } from '@dfs/nfs';

/** Events that are kept for listeners that come back; the oldest go. */
export const MAX_KEPT_EVENTS = 2048;
/** Listeners at one time. */
export const MAX_LISTENERS = 64;

/** As it is published: the log adds id and time. */
export type NewEvent = ApiEvent extends infer E
  ? E extends { readonly type: string }
    ? Omit<E, 'id' | 'time'>
    : never
  : never;

interface Kept {
  readonly number: number;
  readonly at: number;
  readonly event: NewEvent;
}

export type EventSink = (event: ApiEvent) => void;

/** What happens, for those who listen: numbered, the latest ones kept. */
export class EventLog {
  readonly #now: () => number;
  /** Tells the numbers of this start from those of others. */
  readonly #start: string;
  readonly #kept: Kept[] = [];
  readonly #sinks = new Set<EventSink>();
  readonly #ends = new Set<() => void>();
  #last = 0;
  #closed = false;

  constructor(now: () => number = Date.now) {
    this.#now = now;
    this.#start = now().toString(36);
  }

  get listeners(): number {
    return this.#sinks.size;
  }

  publish(event: NewEvent): void {
    const kept = { number: ++this.#last, at: this.#now(), event };
    this.#kept.push(kept);
    // In larger steps: taking the first away moves all others.
    if (this.#kept.length >= 2 * MAX_KEPT_EVENTS) this.#kept.splice(0, MAX_KEPT_EVENTS);
    if (this.#sinks.size === 0) return;
    const shown = this.#show(kept);
    for (const sink of this.#sinks) sink(shown);
  }

  heartbeat(): ApiEvent {
    return { type: 'heartbeat', time: new Date(this.#now()).toISOString() };
  }

  /**
   * Hands over every event from now on, before them those after `lastId` where that is given: with a `lost` first, where some of
   * them are gone. `onEnd` is called when the server stops. Answers a function that ends it.
   */
  listen(sink: EventSink, lastId: string | undefined, onEnd: () => void): () => void {
    if (lastId !== undefined) this.#replay(sink, lastId);
    if (this.#closed) onEnd();
    this.#sinks.add(sink);
    this.#ends.add(onEnd);
    return () => {
      this.#sinks.delete(sink);
      this.#ends.delete(onEnd);
    };
  }

  close(): void {
    this.#closed = true;
    for (const end of [...this.#ends]) end();
  }

  #replay(sink: EventSink, lastId: string): void {
    const [start, digits = ''] = lastId.split('-');
    const number = start === this.#start && /^\d{1,15}$/.test(digits) ? Number(digits) : undefined;
    const first = this.#kept[0]?.number ?? this.#last + 1;
    const isComplete = number !== undefined && number >= first - 1 && number <= this.#last;
    if (!isComplete) {
      const reason =
        number === undefined ? 'the server has been started since' : 'more happened than the server keeps';
      sink({ type: 'lost', time: new Date(this.#now()).toISOString(), reason });
    }
    const after = number ?? 0;
    for (const kept of this.#kept) if (kept.number > after) sink(this.#show(kept));
  }

  #show({ number, at, event }: Kept): ApiEvent {
    return { id: `${this.#start}-${number}`, time: new Date(at).toISOString(), ...event };
  }
}

/** The engine's events as the API tells them. Faults are for the log; changed settings are told with who changed them. */
export function apiEvent(event: EngineEvent): NewEvent | undefined {
  switch (event.type) {
    case 'connection_opened':
      return { type: 'connection', action: 'opened', ...connectionOf(event), ...placesOf(event) };
    case 'connection_closed':
      return { type: 'connection', action: 'closed', ...connectionOf(event), reason: event.reason };
    case 'connection_refused':
      return { type: 'connection', action: 'refused', ...placesOf(event), reason: event.reason };
    case 'client_confirmed':
      return {
        type: 'client',
        action: 'confirmed',
        client_id: event.client,
        owner: event.owner,
        remote: event.remote,
      };
    case 'client_removed':
      return { type: 'client', action: 'removed', client_id: event.client, reason: event.reason };
    case 'session_created':
      return { type: 'session', action: 'created', session_id: event.session, client_id: event.client };
    case 'session_destroyed':
      return { type: 'session', action: 'destroyed', session_id: event.session, reason: event.reason };
    case 'bound':
      return { type: 'bind', ...bindingOf(event), direction: event.direction };
    case 'unbound':
      return { type: 'unbind', ...bindingOf(event), reason: event.reason };
    case 'over_limit':
      return { type: 'over_limit', ...bindingOf(event), how: event.how };
    case 'drain_started':
      return { type: 'drain', action: 'started', target: event.target, connections: event.connections };
    case 'drained':
      return {
        type: 'drain',
        action: 'done',
        target: event.target,
        connections: event.connections,
        forced: event.forced,
      };
    case 'undrained':
      return { type: 'drain', action: 'ended', target: event.target };
    case 'grace_started':
      return { type: 'grace', action: 'started', seconds: event.seconds, clients: event.clients };
    case 'grace_ended':
      return { type: 'grace', action: 'ended' };
    case 'state_restored':
    case 'state_refused':
    case 'settings_changed':
    case 'fault':
      return undefined;
    default:
      return event satisfies never;
  }
}

const connectionOf = ({ connection }: { readonly connection: number }) => ({ connection_id: connection });
const placesOf = ({ remote, local }: { readonly remote: string; readonly local: string }) => ({
  remote,
  local,
});
const bindingOf = (event: { readonly connection: number; readonly session: string }) => ({
  connection_id: event.connection,
  session_id: event.session,
});
