import { parseArgs } from 'node:util';
import { UsageError } from '../options.ts';

export interface Options {
  /** How often all steps are done on each server; the medians are shown. */
  readonly rounds: number;
  /** Numbers of connections to mount with, one after the other. */
  readonly connections: readonly number[];
  /** Files that are created, asked for, renamed and removed. */
  readonly files: number;
  /** Size of the large file. */
  readonly largeMib: number;
  /** Write docs/benchmarks-client.md and its JSON. */
  readonly write: boolean;
}

const DEFAULTS = { rounds: 5, connections: '1,4', files: 1000, largeMib: 1024 };
const QUICK = { rounds: 1, connections: '1,4', files: 300, largeMib: 64 };
const MAX_CONNECTIONS = 16;

export const HELP = `npm run bench:client [-- OPTION...]: a real Linux client, in a virtual machine, on dfs and, where installed, NFS-Ganesha in turn

  --rounds N           rounds of all steps on each server; medians are shown (${DEFAULTS.rounds})
  --connections A,B    numbers of connections to mount with (${DEFAULTS.connections})
  --files N            files that are created, asked for, renamed and removed (${DEFAULTS.files})
  --large-mib N        MiB that are written and read (${DEFAULTS.largeMib})
  --quick              one small round, nothing written to docs
  --no-write           print the table, leave docs as they are

It needs what npm run test:kernel needs, and root.`;

function whole(name: string, text: string, most: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1 || value > most)
    throw new UsageError(`--${name} wants a whole number from 1 to ${most}, not ${text}`);
  return value;
}

/** Undefined where help was asked for. Throws {@link UsageError}. */
export function readOptions(args: readonly string[]): Options | undefined {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  if (values.help) return undefined;
  const given = values.quick ? QUICK : DEFAULTS;
  const list = (values.connections ?? given.connections).split(',');
  return {
    rounds: whole('rounds', values.rounds ?? String(given.rounds), 100),
    connections: list.map((text) => whole('connections', text, MAX_CONNECTIONS)),
    files: whole('files', values.files ?? String(given.files), 1_000_000),
    largeMib: whole('large-mib', values['large-mib'] ?? String(given.largeMib), 65_536),
    write: !values.quick && !values['no-write'],
  };
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      connections: { type: 'string' },
      files: { type: 'string' },
      'large-mib': { type: 'string' },
      quick: { type: 'boolean', default: false },
      'no-write': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values;
}
