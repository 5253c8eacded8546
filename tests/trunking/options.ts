import { parseArgs } from 'node:util';
import { UsageError, understood, wholeNumber } from '../support/command-line.ts';
import type { Mode, Target } from './backend.ts';

export interface Options {
  readonly modes: readonly Mode[];
  readonly first: number;
  readonly seeds: number;
  /** Undefined: each mode's own. */
  readonly steps: number | undefined;
  /** Undefined: by seed. */
  readonly minor: 1 | 2 | undefined;
  readonly only: ReadonlySet<number> | undefined;
  readonly target: Target | undefined;
  readonly shrink: boolean;
}

const DEFAULT_SEEDS = 200;
const MAX_SEED = 2 ** 31;
const MAX_PORT = 65_535;

export const HELP = `node tests/trunking/run.ts [options]: histories of clients, sessions and connections, each made by a seed

  --seeds N                 how many (${DEFAULT_SEEDS})
  --first N                 the first of them (1)
  --seed N                  this one alone, with its last steps shown
  --steps N                 steps of each (engine 200, wire 60)
  --mode wire|engine|both   over TCP, or without sockets and in virtual time (both)
  --minor 1|2               NFSv4.1 or 4.2; by turns where absent
  --only LIST               of a seed's steps these alone: what a shrunk failure names
  --no-shrink               leave a failing history as it is
  --target HOST:PORT:/PATH  another server, over TCP; what only its operator could see is not looked at

Status: 0 all held, 1 a history failed, 2 wrong options.`;

function oneOf<T extends string>(name: string, text: string, known: readonly T[]): T {
  const found = known.find((each) => each === text);
  if (found === undefined) throw new UsageError(`--${name} is one of ${known.join(', ')}, not ${text}`);
  return found;
}

function targetOf(text: string): Target {
  const parts = /^(.+):(\d+):(\/.*)$/.exec(text);
  if (parts === null) throw new UsageError(`--target wants HOST:PORT:/PATH, not ${text}`);
  const [, host = '', port = '', path = ''] = parts;
  return { host, port: wholeNumber('target', port, MAX_PORT), path };
}

function minorOf(text: string | undefined): 1 | 2 | undefined {
  if (text === undefined) return undefined;
  return oneOf('minor', text, ['1', '2'] as const) === '1' ? 1 : 2;
}

/** Undefined where help was asked for. Throws {@link UsageError}. */
export function readOptions(args: readonly string[]): Options | undefined {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = {
    seeds: text,
    first: text,
    seed: text,
    steps: text,
    mode: text,
    minor: text,
    only: text,
    target: text,
    'no-shrink': flag,
    help: flag,
  } as const;
  const { values } = understood(() => parseArgs({ args: [...args], options }));
  if (values.help) return undefined;
  const number = (name: 'seeds' | 'first' | 'seed' | 'steps') => {
    const given = values[name];
    return given === undefined ? undefined : wholeNumber(name, given, MAX_SEED);
  };
  const target = values.target === undefined ? undefined : targetOf(values.target);
  const mode = oneOf('mode', values.mode ?? 'both', ['wire', 'engine', 'both'] as const);
  if (target !== undefined && mode === 'engine') throw new UsageError('--target is reached over TCP alone');
  const seed = number('seed');
  return {
    modes: target !== undefined ? ['wire'] : mode === 'both' ? ['engine', 'wire'] : [mode],
    first: seed ?? number('first') ?? 1,
    seeds: seed === undefined ? (number('seeds') ?? DEFAULT_SEEDS) : 1,
    steps: number('steps'),
    minor: minorOf(values.minor),
    only: values.only === undefined ? undefined : listOf(values.only),
    target,
    shrink: !values['no-shrink'],
  };
}

function listOf(text: string): ReadonlySet<number> {
  return new Set(text.split(',').map((part) => wholeNumber('only', part, MAX_SEED)));
}
