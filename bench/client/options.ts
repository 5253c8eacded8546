import { parseArgs } from 'node:util';
import { understood, wholeNumber } from '../../tests/support/command-line.ts';

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

/** Undefined where help was asked for. Throws UsageError. */
export function readOptions(args: readonly string[]): Options | undefined {
  const values = understood(() => parse(args));
  if (values.help) return undefined;
  const given = values.quick ? QUICK : DEFAULTS;
  const list = (values.connections ?? given.connections).split(',');
  return {
    rounds: wholeNumber('rounds', values.rounds ?? String(given.rounds), 100, 1),
    connections: list.map((text) => wholeNumber('connections', text, MAX_CONNECTIONS, 1)),
    files: wholeNumber('files', values.files ?? String(given.files), 1_000_000, 1),
    largeMib: wholeNumber('large-mib', values['large-mib'] ?? String(given.largeMib), 65_536, 1),
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
