import type { History as HistoryAnswer, HistoryList, HistoryScope, HistorySeries } from '@dfs/api';
import type { LoadView } from '@dfs/nfs';
import { difference, percentile } from './percentile.ts';
import { Ring } from './ring.ts';

/** Everything that bounds what the history takes. One series takes 23 KiB: 46 MiB if each of them were in use. */
export const HISTORY_LIMITS = {
  intervalSeconds: 5,
  /** Values of one series: an hour. */
  points: 720,
  shares: 64,
  clients: 384,
  connections: 1600,
} as const;

const COLUMNS = ['operations', 'bytes_in', 'bytes_out', 'p50', 'p95', 'p99'] as const;
const PERCENTILES = { p50: 0.5, p95: 0.95, p99: 0.99 } as const;
/** Of the history of something that is gone. */
const KEPT_SECONDS = 3600;

/** What is measured of one thing at one moment. */
export interface Measured {
  readonly id: string;
  readonly name: string;
  readonly totals: Totals;
}

/** Numbers that only grow. */
export type Totals = Pick<LoadView, 'operations' | 'bytesIn' | 'bytesOut' | 'latency'>;

export interface Moment {
  /** Seconds since 1970. */
  readonly time: number;
  readonly server: Totals;
  readonly shares: readonly Measured[];
  /** With the client whose sessions it carries. */
  readonly connections: readonly (Measured & { readonly client: { id: string; name: string } | undefined })[];
}

type Growth = Totals;

class Series {
  readonly scope: HistoryScope;
  readonly id: string;
  name: string;
  readonly ring = new Ring(COLUMNS, HISTORY_LIMITS.points);
  live = true;

  constructor(scope: HistoryScope, id: string, name: string) {
    this.scope = scope;
    this.id = id;
    this.name = name;
  }

  push(time: number, seconds: number, grown: Growth): void {
    const { operations, bytesIn, bytesOut, latency } = grown;
    this.ring.push(time, {
      operations: operations / seconds,
      bytes_in: bytesIn / seconds,
      bytes_out: bytesOut / seconds,
      p50: percentile(latency, PERCENTILES.p50),
      p95: percentile(latency, PERCENTILES.p95),
      p99: percentile(latency, PERCENTILES.p99),
    });
  }
}

const SERVER = { id: 'server', name: 'Server' };

/** The last hour of the server, its shares, clients and connections, in bounded memory. */
export class History {
  readonly #scopes: Readonly<Record<HistoryScope, Map<string, Series>>> = {
    // There from the start, with nothing in it: the server is not unknown before it has been measured.
    server: new Map([[SERVER.id, new Series('server', SERVER.id, SERVER.name)]]),
    share: new Map(),
    client: new Map(),
    connection: new Map(),
  };
  readonly #most: Readonly<Record<HistoryScope, number>> = {
    server: 1,
    share: HISTORY_LIMITS.shares,
    client: HISTORY_LIMITS.clients,
    connection: HISTORY_LIMITS.connections,
  };
  /** Totals of the moment before, by scope and id. */
  #before = new Map<string, Totals>();
  #last: number | undefined;
  #leftOut = 0;

  /** To be told of each moment, {@link HISTORY_LIMITS}.intervalSeconds apart. What was before the first is in no rate. */
  add(moment: Moment): void {
    const { time } = moment;
    const seconds = this.#last === undefined ? 0 : time - this.#last;
    this.#last = time;
    const before = this.#before;
    this.#before = new Map();
    this.#leftOut = 0;
    for (const series of this.#all()) series.live = false;
    const grown = (scope: HistoryScope, { id, totals }: Measured) => {
      const key = `${scope} ${id}`;
      this.#before.set(key, copied(totals));
      return growth(totals, before.get(key));
    };
    const take = (scope: HistoryScope, id: string, name: string, growth: Growth) => {
      const series = this.#series(scope, id, name, time);
      if (series === undefined) this.#leftOut++;
      else if (seconds > 0) series.push(time, seconds, growth);
    };
    const server = { ...SERVER, totals: moment.server };
    take('server', server.id, server.name, grown('server', server));
    for (const share of moment.shares) take('share', share.id, share.name, grown('share', share));
    const clients = new Map<string, { name: string; growth: Growth }>();
    for (const connection of moment.connections) {
      const growth = grown('connection', connection);
      take('connection', connection.id, connection.name, growth);
      const { client } = connection;
      if (client === undefined) continue;
      const sum = clients.get(client.id);
      clients.set(client.id, {
        name: client.name,
        growth: sum === undefined ? growth : added(sum.growth, growth),
      });
    }
    for (const [id, { name, growth }] of clients) take('client', id, name, growth);
  }

  list(): HistoryList {
    const series = [...this.#all()].map(
      ({ scope, id, name, live }): HistorySeries => ({ scope, id, name, live }),
    );
    return { series, left_out: this.#leftOut };
  }

  read(scope: HistoryScope, id: string, since?: number): HistoryAnswer | undefined {
    const series = this.#scopes[scope].get(id);
    if (series === undefined) return undefined;
    const { name } = series;
    return { scope, id, name, interval_seconds: HISTORY_LIMITS.intervalSeconds, ...series.ring.read(since) };
  }

  *#all(): Generator<Series> {
    for (const scope of Object.values(this.#scopes)) yield* scope.values();
  }

  /** Undefined where there is no room: those that live are not taken away for one that comes. */
  #series(scope: HistoryScope, id: string, name: string, time: number): Series | undefined {
    const all = this.#scopes[scope];
    const known = all.get(id);
    if (known !== undefined) {
      known.live = true;
      known.name = name;
      return known;
    }
    this.#forget(all, time - KEPT_SECONDS);
    if (all.size >= this.#most[scope] && !dropOldest(all)) return undefined;
    const made = new Series(scope, id, name);
    all.set(id, made);
    return made;
  }

  #forget(all: Map<string, Series>, before: number): void {
    for (const [id, { live, ring }] of all) if (!live && (ring.last ?? 0) < before) all.delete(id);
  }
}

/** Of those that are gone, the one that has been so for longest; false where all live. */
function dropOldest(all: Map<string, Series>): boolean {
  let oldest: Series | undefined;
  for (const series of all.values()) {
    if (!series.live && (oldest === undefined || (series.ring.last ?? 0) < (oldest.ring.last ?? 0)))
      oldest = series;
  }
  return oldest !== undefined && all.delete(oldest.id);
}

function copied({ operations, bytesIn, bytesOut, latency }: Totals): Totals {
  return { operations, bytesIn, bytesOut, latency: [...latency] };
}

/** What is new since `before` counts from nothing: it began in between. */
function growth(
  now: Totals,
  before: Totals = { operations: 0, bytesIn: 0, bytesOut: 0, latency: [] },
): Growth {
  return {
    operations: Math.max(0, now.operations - before.operations),
    bytesIn: Math.max(0, now.bytesIn - before.bytesIn),
    bytesOut: Math.max(0, now.bytesOut - before.bytesOut),
    latency: difference(now.latency, before.latency),
  };
}

function added(a: Growth, b: Growth): Growth {
  return {
    operations: a.operations + b.operations,
    bytesIn: a.bytesIn + b.bytesIn,
    bytesOut: a.bytesOut + b.bytesOut,
    latency: a.latency.map((count, index) => count + (b.latency[index] ?? 0)),
  };
}
