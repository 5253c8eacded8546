import { ApiError } from '@dfs/api';
import type { Environment } from '@dfs/api/places';
import {
  apiFailure,
  commandOutput,
  complain,
  type Failure,
  OUTPUT_FORMATS,
  printable,
  statusView,
} from '@dfs/api/terminal';
import { Command, CommanderError, Option } from 'commander';
import { addAdapter } from './commands/adapter.ts';
import { addClient } from './commands/client.ts';
import { addCompletion } from './commands/completion.ts';
import { addConsole } from './commands/console.ts';
import { addDrain } from './commands/drain.ts';
import { addEvents } from './commands/events.ts';
import { addLogin } from './commands/login.ts';
import { addShare } from './commands/share.ts';
import { addToken } from './commands/token.ts';
import { addTop } from './commands/top.ts';
import { Declined } from './declined.ts';
import { ExitCode } from './exit-code.ts';
import { FieldErrors, fieldErrorsText } from './field-errors.ts';
import { Invocation } from './invocation.ts';
import { NotFound } from './resolve.ts';
import { UsageError } from './usage-error.ts';
import { VERSION } from './version.ts';

const ADVICE =
  '`dfs start` starts it; --socket PATH, --server URL or a context (dfsctl login) says where it is.';
const UNTRUSTED_ADVICE = 'If the certificate is its own: give its file with --ca FILE.';
const TOKEN_ADVICE =
  'Give a token with DFS_API_TOKEN, --token or dfsctl login; dfsctl token create makes one.';
const HTTP = { UNAUTHORIZED: 401, PRECONDITION_FAILED: 412 } as const;

const EXAMPLES = `
Examples:
  dfsctl status
  dfsctl top
  dfsctl client sessions list
  dfsctl adapter settings nfs update --v4-max-connections-per-session 4
  dfsctl share list -o json
  dfsctl --socket /srv/dfs/api.sock status

Without --socket, --server or a context, the server of the default data directory is asked, then one started with --memory.
Variables: DFS_API_SOCKET, DFS_API_SERVER, DFS_API_TOKEN, DFS_API_CA, DFS_CONTEXT, NO_COLOR.
Exit codes: 0 done, 1 a fault of dfsctl, 2 wrong flag or value, 4 no server answers, 5 the server refused, 6 you said no.
`;

/** Runs one command line; resolves to the exit code. */
export async function runProgram(argv: readonly string[], env: Environment): Promise<number> {
  const program = new Command('dfsctl');
  const run = new Invocation(program, env);
  try {
    build(program, run);
    await program.parseAsync([...argv], { from: 'user' });
    return ExitCode.OK;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.OK : ExitCode.USAGE;
    const failure = failureOf(error);
    if (failure === undefined) throw error;
    complain(failure.text);
    return failure.exitCode;
  }
}

/** Adds all commands. */
export function build(program: Command, run: Invocation): void {
  program
    .description('Looks after a running dfs server.')
    .version(VERSION, '-V, --version', 'show the version')
    .addOption(new Option('--socket <path>', "the server's API socket"))
    .addOption(new Option('--server <url>', 'a server on the network: https://HOST:PORT'))
    .addOption(new Option('--token <token>', 'opens --server (DFS_API_TOKEN is not seen by others)'))
    .addOption(new Option('--ca <file>', "certificates that the server's must come from, in PEM"))
    .addOption(new Option('--context <name>', 'a server that was logged in to'))
    .addOption(new Option('-o, --output <format>', 'how to show it').choices(OUTPUT_FORMATS).default('table'))
    .addOption(new Option('-y, --yes', 'do not ask before something is ended or deleted'))
    .addHelpText('after', EXAMPLES)
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput(commandOutput('dfsctl'));
  program
    .command('status')
    .description('how the server is: listeners, shares, clients')
    .addHelpText('after', '\nExamples:\n  dfsctl status\n  dfsctl status -o yaml')
    .action(async () => run.show(await (await run.client()).status(), statusView));
  addTop(program, run);
  addClient(program, run);
  addConsole(program, run);
  addDrain(program, run);
  addAdapter(program, run);
  addShare(program, run);
  addEvents(program, run);
  addToken(program, run);
  addLogin(program, run);
  addCompletion(program, run);
  nameErrors(program, 'dfsctl');
}

/** An error says the command that it is about, and how to get that command's help. */
function nameErrors(parent: Command, path: string): void {
  for (const command of parent.commands) {
    const name = `${path} ${command.name()}`;
    command.configureOutput(commandOutput(name));
    nameErrors(command, name);
  }
}

function failureOf(error: unknown): Failure | undefined {
  if (error instanceof UsageError) return told(error.message, ExitCode.USAGE);
  if (error instanceof FieldErrors) {
    return { text: fieldErrorsText(error.message, error.errors), exitCode: ExitCode.USAGE };
  }
  if (error instanceof NotFound) return told(error.message, ExitCode.REFUSED);
  if (error instanceof Declined) return told(error.message, ExitCode.DECLINED);
  if (error instanceof ApiError && error.problem !== undefined) return problemFailure(error, error.problem);
  const advice = error instanceof ApiError && error.code === 'untrusted' ? UNTRUSTED_ADVICE : ADVICE;
  return apiFailure(error, 'dfsctl', advice);
}

/** A refusal with what to do about it, or with each field that is wrong. */
function problemFailure(error: ApiError, problem: NonNullable<ApiError['problem']>): Failure {
  const { errors, status } = problem;
  if (errors !== undefined && errors.length > 0) {
    return {
      text: fieldErrorsText('the server has refused it, and nothing has changed', errors),
      exitCode: ExitCode.REFUSED,
    };
  }
  const advice =
    status === HTTP.UNAUTHORIZED
      ? TOKEN_ADVICE
      : status === HTTP.PRECONDITION_FAILED
        ? 'Somebody else has changed them: look with `dfsctl adapter settings nfs show`, and try again.'
        : undefined;
  return told(advice === undefined ? error.message : `${error.message}\n  ${advice}`, ExitCode.REFUSED);
}

function told(message: string, exitCode: number): Failure {
  const lines = message.split('\n').map(printable).join('\n');
  return { text: `dfsctl: ${lines}\n`, exitCode };
}
