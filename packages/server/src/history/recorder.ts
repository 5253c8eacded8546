import type { NfsServer } from '@dfs/nfs';
import { HISTORY_LIMITS, History, type Moment } from './history.ts';
import type { Vitals } from './vitals.ts';

const MS = 1000;

/** Keeps the history going while the server runs. */
export class Recorder {
  readonly history = new History();
  readonly vitals: Vitals;
  readonly #timer: NodeJS.Timeout;

  constructor(nfs: NfsServer, shares: () => readonly { id: number; path: string }[], vitals: Vitals) {
    this.vitals = vitals;
    const sample = () => {
      const time = Math.round(Date.now() / MS);
      vitals.sample(time);
      this.history.add(momentOf(nfs, shares(), time));
    };
    this.#timer = setInterval(sample, HISTORY_LIMITS.intervalSeconds * MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.vitals.close();
  }
}

export function momentOf(
  { control }: Pick<NfsServer, 'control'>,
  shares: readonly { readonly id: number; readonly path: string }[],
  time: number,
): Moment {
  const counters = control.counters();
  const clients = new Map(
    control.clients().map(({ id, address, owner }) => [id, { id, name: `${address} ${owner}` }]),
  );
  const { bytesIn, bytesOut, load } = counters;
  return {
    time,
    server: { ...load, bytesIn, bytesOut },
    shares: shares.flatMap(({ id, path }) => {
      const totals = counters.shareLoads.get(id);
      return totals === undefined ? [] : [{ id: String(id), name: path, totals }];
    }),
    connections: control.connections().map((connection) => ({
      id: String(connection.id),
      name: connection.remote,
      totals: { ...connection.load, bytesIn: connection.bytesIn, bytesOut: connection.bytesOut },
      client: clients.get(connection.sessions[0]?.client ?? ''),
    })),
  };
}
