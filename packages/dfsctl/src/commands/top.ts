import { painter, wantsColour } from '@dfs/api/terminal';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { ExitCode } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { TOP_LIMITS } from '../top/limits.ts';
import { UsageError } from '../usage-error.ts';

const STDOUT = 1;
const MS = 1000;
const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

const TEXT = `
Examples:
  dfsctl top
  dfsctl top --interval 5

Keys: arrows move, enter unfolds, s sorts, d drains, e evicts, space pauses, ? helps, q quits.`;

export function addTop(program: Command, run: Invocation): void {
  program
    .command('top')
    .description('a live view of clients, sessions and connections with their rates')
    .addOption(
      new Option('--interval <seconds>', 'between two looks at the server')
        .argParser(parseInterval)
        .default(1),
    )
    .addHelpText('after', TEXT)
    .action(async ({ interval }: { readonly interval: number }) => {
      if (process.stdin.isTTY !== true || process.stdout.isTTY !== true) {
        throw new UsageError('top needs a terminal; for programs: dfsctl client connections list -o json');
      }
      const api = await run.client();
      // Not needed by any other command, and each starts a little faster without it.
      const { TopApp } = await import('../top/app.ts');
      const paint = painter(wantsColour(STDOUT, run.env));
      const app = new TopApp({ api, paint, ascii: !speaksUtf8(run), intervalMs: interval * MS });
      const signal = await app.run();
      // At once: a question that a server has not answered yet is of no interest any more.
      process.exit(signal === undefined ? ExitCode.OK : ExitCode.SIGNAL_BASE + SIGNAL_NUMBERS[signal]);
    });
}

/** As the C library decides: the first of these that is set. */
function speaksUtf8({ env }: Invocation): boolean {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find(
    (text) => text !== undefined && text !== '',
  );
  return /utf-?8/i.test(locale ?? '');
}

function parseInterval(text: string): number {
  const seconds = /^\d{1,3}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds >= TOP_LIMITS.minInterval && seconds <= TOP_LIMITS.maxInterval)) {
    throw new InvalidArgumentError(`${TOP_LIMITS.minInterval} to ${TOP_LIMITS.maxInterval} seconds.`);
  }
  return seconds;
}
