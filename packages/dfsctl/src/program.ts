import { type ApiClient, type ApiEndpoint, findServer } from '@dfs/api/client';
import { dataSocketPath, defaultDataDirectory, type Environment, memorySocketPath } from '@dfs/api/places';
import {
  apiFailure,
  commandOutput,
  complain,
  ExitCode,
  OUTPUT_FORMATS,
  type OutputFormat,
  type Paint,
  painter,
  render,
  say,
  sharesView,
  statusView,
  wantsColour,
} from '@dfs/api/terminal';
import { Command, CommanderError, Option } from 'commander';
import { VERSION } from './version.ts';

interface GlobalFlags {
  readonly socket?: string;
  readonly output: OutputFormat;
}

const STDOUT = 1;
/** The port that `dfs start --memory` uses unless told otherwise, which names its socket. */
const DEFAULT_PORT = 12_049;
const SOCKET_VARIABLE = 'DFS_API_SOCKET';
const ADVICE = '`dfs start` starts it; --socket PATH (or DFS_API_SOCKET) says where it listens.';

const EXAMPLES = `
Examples:
  dfsctl status
  dfsctl share list -o json
  dfsctl --socket /srv/dfs/api.sock status

Without --socket, the server of the default data directory is asked, then one started with --memory.
Exit codes: 0 done, 1 a fault of dfsctl, 2 wrong flag, 4 no server answers, 5 the server refused.
`;

/** Runs one command line; resolves to the exit code. */
export async function runProgram(argv: readonly string[], env: Environment): Promise<number> {
  try {
    await createProgram(env).parseAsync([...argv], { from: 'user' });
    return ExitCode.OK;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.OK : ExitCode.USAGE;
    const failure = apiFailure(error, 'dfsctl', ADVICE);
    if (failure === undefined) throw error;
    complain(failure.text);
    return failure.exitCode;
  }
}

function createProgram(env: Environment): Command {
  const program = new Command('dfsctl')
    .description('Looks after a running dfs server.')
    .version(VERSION, '-V, --version', 'show the version')
    .addOption(new Option('--socket <path>', "the server's API socket"))
    .addOption(new Option('-o, --output <format>', 'how to show it').choices(OUTPUT_FORMATS).default('table'))
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    .configureOutput(commandOutput('dfsctl'));
  /** Asks the server and shows the answer. */
  const show = async <T>(
    ask: (client: ApiClient) => Promise<T>,
    view: (value: T, paint: Paint) => string,
  ) => {
    const flags = program.opts<GlobalFlags>();
    const client = await findServer(places(flags, env));
    const paint = painter(flags.output === 'table' && wantsColour(STDOUT, env));
    say(render(await ask(client), flags.output, (value) => view(value, paint)));
  };
  program
    .command('status')
    .description('how the server is: listeners, shares, clients')
    .action(() => show((client) => client.status(), statusView));
  const share = program.command('share').description('the shares that are served');
  share
    .command('list')
    .description('all shares with their terms')
    .action(() =>
      show(
        (client) => client.shares(),
        (list, paint) => sharesView(list.shares, paint),
      ),
    );
  return program;
}

function places(flags: GlobalFlags, env: Environment): ApiEndpoint[] {
  const named = flags.socket ?? env[SOCKET_VARIABLE];
  if (named !== undefined && named !== '') return [{ socketPath: named }];
  const data = env['DFS_DATA'] ?? '';
  return [
    { socketPath: dataSocketPath(data === '' ? defaultDataDirectory(env) : data, env) },
    { socketPath: memorySocketPath(DEFAULT_PORT, env) },
  ];
}
