import { median } from '../measure.ts';

/** Steps in the order in which they are done, with what is counted. */
export const STEPS = {
  untar: 'files/s',
  'git-status': 'files/s',
  create: 'files/s',
  stat: 'files/s',
  rename: 'files/s',
  unlink: 'files/s',
  write: 'MiB/s',
  read: 'MiB/s',
} as const;
export type Step = keyof typeof STEPS;
export const stepNames = Object.keys(STEPS) as Step[];

/** What was measured: for each server, number of connections and step, the rate of every round. */
export class Figures {
  readonly #rates = new Map<string, number[]>();
  readonly servers = new Set<string>();
  readonly connections = new Set<number>();

  add(server: string, connections: number, step: string, rate: number): void {
    if (!(step in STEPS)) throw new Error(`no step is called ${step}`);
    this.servers.add(server);
    this.connections.add(connections);
    const key = `${server}/${connections}/${step}`;
    const known = this.#rates.get(key);
    if (known === undefined) this.#rates.set(key, [rate]);
    else known.push(rate);
  }

  /** The median of the rounds; undefined where there was none. */
  rate(server: string, connections: number, step: Step): number | undefined {
    const rates = this.#rates.get(`${server}/${connections}/${step}`);
    return rates === undefined ? undefined : median(rates);
  }

  toJSON(): object {
    return Object.fromEntries(this.#rates);
  }
}
