import { TOP_LIMITS } from './limits.ts';
import type { Sample, SampleClient, SampleConnection, SampleSession } from './sample.ts';

/** Per second, between two samples. */
export interface Rates {
  readonly requests: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** What rows of every level have. */
interface Measured {
  /** The same for the same thing in every sample. */
  readonly key: string;
  readonly rates: Rates;
  /** Requests since the connections were opened. */
  readonly requests: number;
  /** Requests per second of the last samples, the newest last. */
  readonly history: readonly number[];
}

export interface ConnectionNode extends Measured {
  readonly level: 'connection';
  readonly connection: SampleConnection;
}

export interface SessionNode extends Measured {
  readonly level: 'session';
  readonly session: SampleSession;
  readonly children: readonly ConnectionNode[];
}

export interface ClientNode extends Measured {
  readonly level: 'client';
  readonly client: SampleClient;
  /** Different connections of all its sessions. */
  readonly connections: readonly SampleConnection[];
  readonly children: readonly SessionNode[];
}

export type TopNode = ClientNode | SessionNode | ConnectionNode;

/** A sample with what only comes out against the one before. */
export interface Measurement {
  readonly sample: Sample;
  readonly clients: readonly ClientNode[];
  readonly connections: number;
  readonly rates: Rates;
  readonly history: readonly number[];
}

const MS = 1000;
const TOTAL_KEY = 'total';
const NONE: Rates = { requests: 0, bytesIn: 0, bytesOut: 0 };

/** Turns successive samples into rates. Keeps nothing of what is no longer in the last sample. */
export class Meter {
  #last: Sample | undefined;
  #counters = new Map<number, SampleConnection>();
  #histories = new Map<string, readonly number[]>();

  /** The first sample has no rates, and neither has a connection that is new. */
  take(sample: Sample): Measurement {
    const seconds = this.#last === undefined ? 0 : (sample.at - this.#last.at) / MS;
    const rates = new Map<number, Rates>();
    const counters = new Map<number, SampleConnection>();
    for (const connection of allConnections(sample)) {
      if (counters.has(connection.id)) continue;
      counters.set(connection.id, connection);
      rates.set(connection.id, rateOf(this.#counters.get(connection.id), connection, seconds));
    }
    const total = sum([...rates.values()]);
    const build = new Builder(rates, this.#histories, seconds > 0);
    const clients = sample.clients.map((client) => build.client(client));
    const history = build.extend(TOTAL_KEY, total.requests);
    this.#last = sample;
    this.#counters = counters;
    this.#histories = build.histories;
    return { sample, clients, connections: counters.size, rates: total, history };
  }
}

/** Builds the tree of one sample, and the histories that go with it. */
class Builder {
  readonly histories = new Map<string, readonly number[]>();
  readonly #rates: ReadonlyMap<number, Rates>;
  readonly #before: ReadonlyMap<string, readonly number[]>;
  readonly #measured: boolean;

  constructor(
    rates: ReadonlyMap<number, Rates>,
    before: ReadonlyMap<string, readonly number[]>,
    measured: boolean,
  ) {
    this.#rates = rates;
    this.#before = before;
    this.#measured = measured;
  }

  client(client: SampleClient): ClientNode {
    const key = `client ${client.id}`;
    // A connection may carry several sessions of a client: it counts once.
    const distinct = new Map(client.sessions.flatMap((s) => s.connections).map((c) => [c.id, c]));
    const connections = [...distinct.values()];
    const children = client.sessions.map((session) => this.#session(session));
    return { level: 'client', key, client, connections, children, ...this.#measure(key, connections) };
  }

  #session(session: SampleSession): SessionNode {
    const key = `session ${session.id}`;
    const children = session.connections.map((connection) => this.#connection(key, connection));
    return { level: 'session', key, session, children, ...this.#measure(key, session.connections) };
  }

  #connection(session: string, connection: SampleConnection): ConnectionNode {
    const key = `${session} connection ${connection.id}`;
    return { level: 'connection', key, connection, ...this.#measure(key, [connection]) };
  }

  #measure(key: string, connections: readonly SampleConnection[]) {
    const rates = sum(connections.map(({ id }) => this.#rates.get(id) ?? NONE));
    const requests = connections.reduce((all, connection) => all + connection.requests, 0);
    return { rates, requests, history: this.extend(key, rates.requests) };
  }

  extend(key: string, value: number): readonly number[] {
    const before = this.#before.get(key) ?? [];
    const history = this.#measured ? [...before, value].slice(-TOP_LIMITS.history) : before;
    this.histories.set(key, history);
    return history;
  }
}

function* allConnections(sample: Sample): Iterable<SampleConnection> {
  for (const client of sample.clients) for (const session of client.sessions) yield* session.connections;
}

function rateOf(before: SampleConnection | undefined, now: SampleConnection, seconds: number): Rates {
  // Another peer under the same number: the server has started anew and counts from 1 again.
  if (before === undefined || seconds <= 0 || before.remote !== now.remote) return NONE;
  const rate = (from: number, to: number) => Math.max(0, to - from) / seconds;
  return {
    requests: rate(before.requests, now.requests),
    bytesIn: rate(before.bytesIn, now.bytesIn),
    bytesOut: rate(before.bytesOut, now.bytesOut),
  };
}

function sum(all: readonly Rates[]): Rates {
  return all.reduce(
    (a, b) => ({
      requests: a.requests + b.requests,
      bytesIn: a.bytesIn + b.bytesIn,
      bytesOut: a.bytesOut + b.bytesOut,
    }),
    NONE,
  );
}
