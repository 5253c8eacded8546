import type { EngineEvent } from '../../packages/nfs/src/contracts.ts';
import type { Direction, EngineCounters } from '../../packages/nfs/src/control.ts';

/** What the engine's events add up to, counted apart from its own counters. */
export class Tally {
  readonly #events: EngineEvent[];
  readonly bind = { fore: 0, back: 0, both: 0 };
  readonly unbind = { explicit: 0, disconnect: 0, session_destroy: 0, reaper: 0, drained: 0 };
  readonly overLimit = { explicit: 0, implicit: 0 };
  readonly sessionsDestroyed = { destroyed: 0, client: 0, evicted: 0, expired: 0 };
  readonly drained = { clean: 0, forced: 0 };
  sessionsCreated = 0;
  opened = 0;
  closed = 0;
  refused = 0;
  /** Directions by "connection session". */
  readonly bound = new Map<string, Direction>();
  /** How many connections each session has. */
  readonly sizes = new Map<string, number>();
  readonly #owners = new Map<string, string>();

  constructor(events: EngineEvent[]) {
    this.#events = events;
  }

  /** Takes in what has happened since; yields what is wrong with it. */
  read(): string[] {
    const wrong: string[] = [];
    for (const event of this.#events.splice(0)) {
      const found = this.#count(event);
      if (found !== undefined) wrong.push(found);
    }
    return wrong;
  }

  #count(event: EngineEvent): string | undefined {
    switch (event.type) {
      case 'fault':
        return `the engine caught a fault in ${event.operation}: ${event.error instanceof Error ? event.error.stack : String(event.error)}`;
      case 'bound':
        return this.#bound(event);
      case 'unbound':
        return this.#unbound(event);
      case 'over_limit':
        this.overLimit[event.how]++;
        return undefined;
      case 'session_created':
        this.sessionsCreated++;
        this.#owners.set(event.session, event.client);
        return undefined;
      case 'session_destroyed':
        this.sessionsDestroyed[event.reason]++;
        if (!this.#owners.delete(event.session)) return `session ${event.session} ended twice`;
        return undefined;
      case 'connection_opened':
        this.opened++;
        return undefined;
      case 'connection_closed':
        this.closed++;
        return undefined;
      case 'connection_refused':
        this.refused++;
        return undefined;
      case 'drained':
        this.drained.forced += event.forced;
        this.drained.clean += event.connections - event.forced;
        return undefined;
      default:
        return undefined;
    }
  }

  #bound(event: Extract<EngineEvent, { type: 'bound' }>): string | undefined {
    const key = `${event.connection} ${event.session}`;
    this.bind[event.direction]++;
    const before = this.bound.get(key);
    this.bound.set(key, event.direction);
    if (before === event.direction) return `${key} was bound ${before} already`;
    if (before !== undefined) return undefined;
    const size = (this.sizes.get(event.session) ?? 0) + 1;
    this.sizes.set(event.session, size);
    if (!this.#owners.has(event.session)) return `${key} bound, but there is no such session`;
    return undefined;
  }

  #unbound(event: Extract<EngineEvent, { type: 'unbound' }>): string | undefined {
    const key = `${event.connection} ${event.session}`;
    this.unbind[event.reason]++;
    if (!this.bound.delete(key)) return `${key} unbound, but was not bound`;
    this.sizes.set(event.session, (this.sizes.get(event.session) ?? 1) - 1);
    if (this.sizes.get(event.session) === 0) this.sizes.delete(event.session);
    return undefined;
  }

  /** Where the engine's own counters say something else. */
  differences(counters: EngineCounters): string[] {
    const own = {
      bind: this.bind,
      unbind: this.unbind,
      overLimit: this.overLimit,
      sessionsDestroyed: this.sessionsDestroyed,
      drained: this.drained,
      sessionsCreated: this.sessionsCreated,
      connectionsOpened: this.opened,
      connectionsRefused: this.refused,
    };
    const theirs = new Map<string, unknown>(Object.entries(counters));
    return Object.entries(own)
      .filter(([name, value]) => sorted(value) !== sorted(theirs.get(name)))
      .map(([name, value]) => `${name}: ${sorted(theirs.get(name))} counted, ${sorted(value)} by events`);
  }
}

function sorted(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
