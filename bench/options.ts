import { parseArgs } from 'node:util';
import { UsageError, understood } from '../tests/support/command-line.ts';

export interface Options {
  /** How often each row is driven on each server; the medians are shown. */
  readonly rounds: number;
  /** Of measurement in one round of one row. */
  readonly seconds: number;
  readonly warmup: number;
  /** Names of rows, or of groups of them; all where empty. */
  readonly rows: readonly string[];
  /** Drive NFS-Ganesha, too, where it is installed. */
  readonly peer: boolean;
  /** Another checkout of dfs to drive beside this one. */
  readonly against: string | undefined;
  /** A folder for data on the disk to be measured. */
  readonly folder: string | undefined;
  /** Write docs/benchmarks.md, its JSON and its chart. */
  readonly write: boolean;
}

const DEFAULTS = { rounds: 5, seconds: 1.5, warmup: 0.3 };
const QUICK = { rounds: 1, seconds: 0.7, warmup: 0.2 };

export const HELP = `npm run bench [-- OPTION...]: dfs and, where installed, NFS-Ganesha on the same disk under the same load.

  --rounds N       rounds, each of all rows on all servers in turn; medians are shown (${DEFAULTS.rounds})
  --seconds S      of measurement of a row in a round (${DEFAULTS.seconds})
  --warmup S       before it (${DEFAULTS.warmup})
  --rows A,B,...   only these rows: names, or their beginnings
  --quick          one round of ${QUICK.seconds} s each, nothing written to docs
  --no-peer        dfs alone
  --against DIR    another checkout of dfs beside this one: for the worth of a change
  --folder DIR     where the servers keep their data (a new folder in the system's temporary one)
  --no-write       print the table, leave docs as they are`;

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new UsageError(`--${name} wants a number above 0, not ${text}`);
  return value;
}

/** Undefined where help was asked for. Throws {@link UsageError}. */
export function readOptions(args: readonly string[]): Options | undefined {
  const values = understood(() => parse(args));
  if (values.help) return undefined;
  const given = values.quick ? QUICK : DEFAULTS;
  return {
    rounds: Math.ceil(positive('rounds', values.rounds ?? String(given.rounds))),
    seconds: positive('seconds', values.seconds ?? String(given.seconds)),
    warmup: positive('warmup', values.warmup ?? String(given.warmup)),
    rows: values.rows?.split(',').filter((name) => name !== '') ?? [],
    peer: !values['no-peer'],
    against: values.against,
    folder: values.folder,
    write: !values.quick && !values['no-write'] && values.rows === undefined && values.against === undefined,
  };
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      warmup: { type: 'string' },
      rows: { type: 'string' },
      quick: { type: 'boolean', default: false },
      'no-peer': { type: 'boolean', default: false },
      against: { type: 'string' },
      folder: { type: 'string' },
      'no-write': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values;
}
