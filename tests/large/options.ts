import { parseArgs } from 'node:util';
import { understood, wholeNumber } from '../support/command-line.ts';

export interface Options {
  /** Files in the one large directory. */
  readonly entries: number;
  /** Levels of the tower of directories. */
  readonly depth: number;
  /** Directories side by side in one. */
  readonly wide: number;
}

const FULL: Options = { entries: 1_000_000, depth: 100_000, wide: 100_000 };
export const SMALL: Options = { entries: 20_000, depth: 2_000, wide: 2_000 };
const LEAST = 2_000;
const MOST = 100_000_000;

export const help = `node tests/large/run.ts [options]: a directory of very many entries, a very deep tree and a very wide one, on a
real daemon with its data on the disk, made, looked at, moved, checked and removed over TCP. Fails where size makes something
dearer than noise can explain, or takes memory.

  --entries N   files in one directory (${FULL.entries})
  --depth N     levels of directories, one in the other (${FULL.depth})
  --wide N      directories in one (${FULL.wide})
  --small       ${SMALL.entries} entries, ${SMALL.depth} levels, ${SMALL.wide} side by side, unless told otherwise

In full it takes some ten minutes and 2 GiB below the folder for temporary files (TMPDIR).
Status: 0 all well, 1 something failed, 2 wrong options.`;

/** The options, or the help that was asked for. A UsageError where they make no sense. */
export function readOptions(args: readonly string[]): Options | string {
  const number = { type: 'string' } as const;
  const options = {
    ...{ entries: number, depth: number, wide: number },
    small: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  } as const;
  const { values } = understood(() => parseArgs({ args: [...args], options }));
  if (values.help) return help;
  const usual = values.small ? SMALL : FULL;
  const sizeOf = (name: keyof Options): number =>
    values[name] === undefined ? usual[name] : wholeNumber(name, values[name], MOST, LEAST);
  return { entries: sizeOf('entries'), depth: sizeOf('depth'), wide: sizeOf('wide') };
}
