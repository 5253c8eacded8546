import { parseArgs } from 'node:util';
import type { Durability } from '../../packages/storage/src/index.ts';
import { UsageError, understood, wholeNumber } from '../support/command-line.ts';
import type { ServerKind } from './server-process.ts';

export const KINDS = ['kill', 'power'] as const;
export const GRADES = ['power', 'crash'] as const;
export type Kind = (typeof KINDS)[number];

export interface Options {
  readonly kinds: readonly Kind[];
  readonly grades: readonly Durability[];
  readonly rounds: number;
  /** Rounds of one history, on one data directory. */
  readonly each: number;
  readonly seed: number;
  /** Undefined: the kind's own. */
  readonly server: ServerKind | undefined;
  readonly folder: string | undefined;
}

const DEFAULT_ROUNDS = 25;
const DEFAULT_EACH = 25;
const MAX = 2 ** 31;

export const HELP = `node tests/crash/run.ts [options]: nothing acknowledged is lost, and nothing runs twice, wherever the server ends

  --kind kill|power|both    kill -9 of a daemon, or a loss of power under its stores (both)
  --grade power|crash|both  its setting "durability" (both)
  --rounds N                crashes of each kind, shared by the grades (${DEFAULT_ROUNDS})
  --each N                  of them on one data directory, as one history (${DEFAULT_EACH})
  --seed N                  of the first history; the next has the next number (the time)
  --server daemon|bare      the daemon, or the engine on its stores without management (kill: daemon, power: bare)
  --folder PATH             keep everything there: data, logs, output

A loss of power needs a C compiler (cc). A seed makes the same choices again: what the clients do, when the server ends, what the disk
keeps; how far requests have come by then is the machine's.

Status: 0 all held, 1 something did not, 2 wrong options, 3 the machine lacks something.`;

function some<T extends string>(name: string, text: string | undefined, known: readonly T[]): readonly T[] {
  if (text === undefined || text === 'both') return known;
  const found = known.filter((each) => each === text);
  if (found.length === 0) throw new UsageError(`--${name} is one of ${known.join(', ')}, not ${text}`);
  return found;
}

/** Undefined where help was asked for. Throws {@link UsageError}. */
export function readOptions(args: readonly string[]): Options | undefined {
  const text = { type: 'string' } as const;
  const options = {
    kind: text,
    grade: text,
    rounds: text,
    each: text,
    seed: text,
    server: text,
    folder: text,
    help: { type: 'boolean' },
  } as const;
  const { values } = understood(() => parseArgs({ args: [...args], options }));
  if (values.help) return undefined;
  const number = (name: 'rounds' | 'each' | 'seed', otherwise: number) =>
    values[name] === undefined ? otherwise : wholeNumber(name, values[name], MAX);
  return {
    kinds: some('kind', values.kind, KINDS),
    grades: some('grade', values.grade, GRADES),
    rounds: number('rounds', DEFAULT_ROUNDS),
    each: Math.max(1, number('each', DEFAULT_EACH)),
    seed: number('seed', Date.now() % MAX),
    server: values.server === undefined ? undefined : some('server', values.server, ['daemon', 'bare'])[0],
    folder: values.folder,
  };
}
