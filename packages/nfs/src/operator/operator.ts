import {
  type ClientView,
  type ConnectionPage,
  type ConnectionView,
  type Control,
  type DrainResult,
  type DrainTarget,
  type EngineCounters,
  type EngineGauges,
  type EngineSettings,
  NotKeptError,
  type Page,
  type SessionView,
} from '../control.ts';
import type { Engine } from '../nfs4/engine.ts';
import { applySettings } from '../nfs4/settings.ts';
import type { Drainer } from './drain.ts';
import { paged } from './paged.ts';
import { clientView, connectionView, leaseState, sessionView } from './views.ts';

/** What the sockets know that the engine does not. */
export interface SocketFigures {
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly requestsInFlight: number;
}

/** {@link Control} of one server. */
export class Operator implements Control {
  readonly #engine: Engine;
  readonly #drainer: Drainer;
  readonly #figures: () => SocketFigures;

  constructor(engine: Engine, drainer: Drainer, figures: () => SocketFigures) {
    this.#engine = engine;
    this.#drainer = drainer;
    this.#figures = figures;
  }

  clients(page?: Page): ClientView[] {
    const { state } = this.#engine;
    return paged(state.clients, page).map((client) => clientView(client, state));
  }

  client(id: string): ClientView | undefined {
    const { state } = this.#engine;
    const client = state.clients.named(id);
    return client && clientView(client, state);
  }

  sessions(client?: string, page?: Page): SessionView[] {
    const { state } = this.#engine;
    const sessions = client === undefined ? state.sessions : (state.clients.named(client)?.sessions ?? []);
    return paged(sessions, page).map(sessionView);
  }

  session(id: string): SessionView | undefined {
    const session = this.#engine.state.sessions.named(id);
    return session && sessionView(session);
  }

  connections({ after = 0, limit = Infinity, activeSince = 0 }: ConnectionPage = {}): ConnectionView[] {
    const views: ConnectionView[] = [];
    // They are kept in the order in which they came, and so of their ids.
    for (const connection of this.#engine.state.connections) {
      if (views.length >= limit) break;
      if (connection.id > after && connection.lastActivity >= activeSince)
        views.push(connectionView(connection));
    }
    return views;
  }

  connection(id: number): ConnectionView | undefined {
    const connection = this.#engine.state.connections.find(id);
    return connection && connectionView(connection);
  }

  destroySession(id: string): boolean {
    const { sessions } = this.#engine.state;
    const session = sessions.named(id);
    if (session === undefined) return false;
    this.#lastingly(`session ${id}`, () => sessions.destroy(session, 'evicted'));
    return true;
  }

  evictClient(id: string): boolean {
    const { state } = this.#engine;
    const client = state.clients.named(id);
    if (client === undefined) return false;
    this.#lastingly(`client ${id}`, () => state.removeClient(client, 'evicted'));
    return true;
  }

  /** Nothing is ended where it is known before that this could not be kept. */
  #lastingly(what: string, end: () => void): void {
    const { persistence } = this.#engine;
    persistence?.flush();
    end();
    try {
      persistence?.flush();
    } catch (error) {
      throw new NotKeptError(what, error);
    }
  }

  drain(target: DrainTarget, timeoutMs: number): Promise<DrainResult | undefined> {
    return this.#drainer.drain(target, timeoutMs);
  }

  undrain(address: string): void {
    this.#drainer.undrain(address);
  }

  settings(): EngineSettings {
    const { settings, limits } = this.#engine;
    return { ...settings, limits: { ...limits } };
  }

  configure(changes: Partial<EngineSettings>): void {
    const changed = applySettings(this.#engine, changes);
    if (changed.length > 0) this.#engine.emit({ type: 'settings_changed', changes: changed });
  }

  gauges(): EngineGauges {
    const { state } = this.#engine;
    const leases = { active: 0, courtesy: 0, unconfirmed: 0 };
    let [connectionsDraining, slotsGranted, slotsInUse, delegationsHeld] = [0, 0, 0, 0];
    for (const { draining, leaving } of state.connections) if (draining || leaving) connectionsDraining++;
    for (const client of state.clients) {
      leases[leaseState(client, state)]++;
      delegationsHeld += client.delegations.size;
    }
    const bound = new Map<string, number>();
    for (const { name, slots, bindings } of state.sessions) {
      slotsGranted += slots.granted;
      slotsInUse += slots.busy;
      bound.set(name, bindings.size);
    }
    const connections = state.connections.size;
    return { connections, connectionsDraining, slotsGranted, slotsInUse, delegationsHeld, leases, bound };
  }

  counters(): EngineCounters {
    const { counters, state } = this.#engine;
    const { bind, unbind, overLimit, drained, sessionsDestroyed, sequenceErrors, operations, callbacks } =
      counters;
    return {
      bind: { ...bind },
      unbind: { ...unbind },
      overLimit: { ...overLimit },
      drained: { ...drained },
      connectionsOpened: counters.connectionsOpened,
      connectionsRefused: counters.connectionsRefused,
      sessionsCreated: counters.sessionsCreated,
      sessionsDestroyed: { ...sessionsDestroyed },
      sequenceErrors,
      replays: counters.replays,
      operations,
      callbacks,
      delegations: { ...state.delegations.counts },
      requests: counters.requests,
      replyCacheBytes: state.sessions.cache.bytes,
      load: counters.load,
      shareLoads: counters.shares.views,
      ...this.#figures(),
    };
  }
}
