import type { DrainResult, DrainTarget } from '../control.ts';
import type { Engine } from '../nfs4/engine.ts';
import type { Connection } from '../nfs4/state/connections.ts';
import type { Session } from '../nfs4/state/sessions.ts';
import type { RpcConnection } from '../rpc/connection.ts';
import type { ListenAddress } from '../server.ts';
import { Leaving } from './leave.ts';

/** The name of the whole server as a thing that is drained. */
const WHOLE_SERVER = 'server';
const ANY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** "10.0.0.1", "10.0.0.1:2049", "fe80::1", "[fe80::1]:2049". */
function splitAddress(text: string): { readonly host: string; readonly port: number | undefined } {
  const bracketed = /^\[(.*)\](?::(\d+))?$/.exec(text) ?? /^([^:]*):(\d+)$/.exec(text);
  if (bracketed === null) return { host: text, port: undefined };
  const [, host = '', port] = bracketed;
  return { host, port: port === undefined ? undefined : Number(port) };
}

function isAt(text: string, host: string, port: number): boolean {
  const wanted = splitAddress(text);
  const hostFits = wanted.host === host || ANY_ADDRESS.has(wanted.host);
  return hostFits && (wanted.port === undefined || wanted.port === port);
}

function carriers(sessions: Iterable<Session>): Connection[] {
  const found = new Set<Connection>();
  for (const session of sessions) {
    for (const connection of session.bindings.keys()) found.add(connection);
    for (const connection of session.guests) found.add(connection);
  }
  return [...found];
}

/** Empties connections: what is in flight is answered, nothing new is executed, then they are closed. */
export class Drainer {
  readonly #engine: Engine;
  readonly #sockets: ReadonlyMap<number, RpcConnection>;
  readonly #listening: () => readonly ListenAddress[];
  /** Addresses that take no new connections. */
  readonly #refused = new Set<string>();

  constructor(
    engine: Engine,
    sockets: ReadonlyMap<number, RpcConnection>,
    listening: () => readonly ListenAddress[],
  ) {
    this.#engine = engine;
    this.#sockets = sockets;
    this.#listening = listening;
  }

  /** Is this local address drained, so that it takes no new connections? */
  refuses(host: string, port: number): boolean {
    if (this.#refused.size === 0) return false;
    if (this.#refused.has(WHOLE_SERVER)) return true;
    for (const address of this.#refused) if (isAt(address, host, port)) return true;
    return false;
  }

  undrain(address: string): void {
    if (this.#refused.delete(address)) this.#engine.emit({ type: 'undrained', target: address });
  }

  async drain(target: DrainTarget, timeoutMs: number): Promise<DrainResult | undefined> {
    const connections = this.#find(target);
    if (connections === undefined) return undefined;
    if (target.level === 'server') this.#refused.add(WHOLE_SERVER);
    if (target.level === 'address') this.#refused.add(target.address);
    if (target.level === 'address' && target.move === true) return this.#move(connections, target, timeoutMs);
    return this.empty(connections, nameOf(target), timeoutMs);
  }

  /** Clients leave the address, those that can; what is bound to it otherwise is emptied as ever. */
  async #move(
    connections: readonly Connection[],
    target: DrainTarget,
    timeoutMs: number,
  ): Promise<DrainResult> {
    const until = this.#engine.clock.monotonic() + timeoutMs;
    const leaving = new Leaving(this.#engine, connections);
    const bound = connections.filter((connection) => !connection.leaving);
    if (leaving.connections.length === 0) return this.empty(bound, nameOf(target), timeoutMs);
    const emptied =
      bound.length > 0 ? this.empty(bound, nameOf(target), timeoutMs) : { connections: 0, forced: 0 };
    await leaving.done(timeoutMs);
    const left = Math.max(0, until - this.#engine.clock.monotonic());
    const [one, two] = await Promise.all([emptied, this.empty(leaving.connections, nameOf(target), left)]);
    return { connections: one.connections + two.connections, forced: one.forced + two.forced };
  }

  async empty(connections: readonly Connection[], target: string, timeoutMs: number): Promise<DrainResult> {
    this.#engine.emit({ type: 'drain_started', target, connections: connections.length });
    const closed = connections.map((connection) => {
      connection.draining = true;
      return this.#sockets.get(connection.id)?.drain() ?? Promise.resolve();
    });
    await withTimeout(Promise.all(closed), timeoutMs);
    let forced = 0;
    for (const { id } of connections) if (this.#sockets.get(id)?.abort('drained')) forced++;
    // What was aborted tells of its end in a moment; who asked wants to see it gone.
    await Promise.all(closed);
    this.#engine.emit({ type: 'drained', target, connections: connections.length, forced });
    return { connections: connections.length, forced };
  }

  #find(target: DrainTarget): Connection[] | undefined {
    const { state } = this.#engine;
    switch (target.level) {
      case 'connection': {
        const connection = state.connections.find(target.id);
        return connection === undefined ? undefined : [connection];
      }
      case 'session': {
        const session = state.sessions.named(target.id);
        return session === undefined ? undefined : carriers([session]);
      }
      case 'client': {
        const client = state.clients.named(target.id);
        return client === undefined ? undefined : carriers(client.sessions);
      }
      case 'address':
        return this.#at(target.address);
      case 'server':
        return [...state.connections];
      default:
        return target satisfies never;
    }
  }

  /** Undefined where neither a connection nor a listener has this address. */
  #at(address: string): Connection[] | undefined {
    const found = [...this.#engine.state.connections].filter((c) =>
      isAt(address, c.localAddress, c.localPort),
    );
    if (found.length > 0) return found;
    const { host, port } = splitAddress(address);
    const listens = this.#listening().some(
      (own) => (own.host === host || ANY_ADDRESS.has(own.host)) && (port === undefined || port === own.port),
    );
    return listens ? [] : undefined;
  }
}

function nameOf(target: DrainTarget): string {
  switch (target.level) {
    case 'server':
      return WHOLE_SERVER;
    case 'address':
      return `address ${target.address}`;
    default:
      return `${target.level} ${target.id}`;
  }
}

function withTimeout(work: Promise<unknown>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    void work.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
