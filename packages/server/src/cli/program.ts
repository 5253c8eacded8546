import type { Environment } from '@dfs/api/places';
import { type ApiKind, bytes, SettingError, seconds } from '@dfs/api/settings';
import { commandOutput, complain, ExitCode, OUTPUT_FORMATS, type OutputFormat, say } from '@dfs/api/terminal';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { ConfigFlags } from '../config/flags.ts';
import { ConfigError } from '../config/problems.ts';
import { type Config, resolveConfig } from '../config/resolve.ts';
import { SETTING_KEYS, settingOf } from '../config/settings.ts';
import type { EarlyListeners } from '../daemon/early-listeners.ts';
import { VERSION } from '../version.ts';
import type { BackupFlags } from './backup.ts';
import type { CheckFlags } from './check.ts';
import type { RestoreFlags } from './restore.ts';
import type { StartFlags } from './start.ts';

/** Bounds of what `backup` is told. */
const MAX_PAUSE_SECONDS = 30;
const MAX_RATE = 2 ** 40;

/** The world of one command. */
export interface CommandContext {
  readonly env: Environment;
  readonly workingDirectory: string;
}

/** Flags that may be given again and again. */
const REPEATABLE = new Set(['--listen', '--share', '--set']);

const EXAMPLES = `
Examples:
  dfs start                                     serve /export from the default data directory
  dfs start --memory --listen 127.0.0.1:3049    try it out; nothing is kept
  dfs start --data /srv/dfs --listen 0.0.0.0:2049 --share /home,clients=10.0.0.0/8
  dfs start --set lease_time=30 --set max_read_size=4MiB
  dfs status -o json                            ask the running server
  dfs check --data /srv/dfs                     is everything as it should be? (the server must be stopped)
  dfs backup --data /srv/dfs /backup/today      a copy as of one moment, while it is served
  dfs restore /backup/today --data /srv/new     a data directory again, every file verified
  dfs config show                               the settings in effect, and where each comes from

Exit codes: 0 done, 1 a fault of dfs, 2 wrong flag or setting, 3 cannot start here, 4 no server answers, 5 refused, 6 damage found.
`;

/** Runs one command line; resolves to the exit code. Everything that a user can do wrong is said on stderr, without a stack trace. */
export async function runProgram(argv: readonly string[], context: CommandContext): Promise<number> {
  let exitCode: number = ExitCode.OK;
  const program = createProgram(context, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.OK : ExitCode.USAGE;
    if (error instanceof ConfigError) {
      complain(`${error.message}\n`);
      return ExitCode.USAGE;
    }
    throw error;
  }
}

function createProgram(context: CommandContext, finish: (exitCode: number) => void): Command {
  const resolved = (flags: ConfigFlags) =>
    resolveConfig({ flags, env: context.env, workingDirectory: context.workingDirectory });
  const program = new Command('dfs')
    .description('A network file server: NFSv4.1 and 4.2 from userspace.')
    .version(VERSION, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show help; `dfs help start` shows the flags')
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    .configureOutput(commandOutput('dfs'));
  // Commands are loaded when they are run: `status` needs neither the engine nor the stores.
  withConfigFlags(program.command('start').description('serve in the foreground until SIGTERM or Ctrl-C'))
    .option(
      '--replace',
      'take the place of the server that has the data directory: it is asked to stop, and no connection is refused meanwhile',
    )
    .action(async (flags: ConfigFlags & StartFlags) => {
      const config = resolved(flags);
      // Who replaces a server listens beside it, and only if there is one.
      const early = flags.replace === true ? undefined : await listenEarly(config);
      const { startCommand } = await import('./start.ts');
      finish(await startCommand(config, context.env, flags, early));
    });
  withConfigFlags(program.command('status').description('ask the running server how it is'))
    .addOption(outputOption(OUTPUT_FORMATS, 'table'))
    .action(async (flags: ConfigFlags & { output: OutputFormat }) => {
      const { statusCommand } = await import('./status.ts');
      finish(await statusCommand(resolved(flags), flags.output, context.env));
    });
  withConfigFlags(
    program
      .command('check')
      .description('verify a data directory that no server uses, and mend it if asked; or verify a backup'),
  )
    .option('--repair', 'mend what is damaged, after asking', false)
    .option('--yes', 'do not ask', false)
    .addOption(outputOption(OUTPUT_FORMATS, 'table'))
    .action(async (flags: ConfigFlags & CheckFlags) => {
      const { checkCommand } = await import('./check.ts');
      finish(await checkCommand(resolved(flags), flags, context.env));
    });
  withConfigFlags(
    program
      .command('backup')
      .description('copy a data directory as it is at one moment, while it is served or not')
      .argument('<target>', "an absent or empty folder; on the server's machine"),
  )
    .addOption(
      new Option(
        '--max-pause <seconds>',
        'as long may clients have to wait at the end (default: 2)',
      ).argParser(parsedBy(seconds(0, MAX_PAUSE_SECONDS))),
    )
    .addOption(
      new Option('--max-rate <bytes>', 'copy so many bytes in a second at the most, such as 50MiB').argParser(
        parsedBy(bytes(1, MAX_RATE)),
      ),
    )
    .addOption(outputOption(OUTPUT_FORMATS, 'table'))
    .action(async (target: string, flags: ConfigFlags & BackupFlags) => {
      const { backupCommand } = await import('./backup.ts');
      finish(await backupCommand(resolved(flags), target, flags, context.env));
    });
  withConfigFlags(
    program
      .command('restore')
      .description('make a data directory of a backup, in an absent or empty folder')
      .argument('<backup>', 'the folder that dfs backup wrote'),
  )
    .option(
      '--new-identity',
      'it is to be another server, which may run beside the one that was backed up',
      false,
    )
    .addOption(outputOption(OUTPUT_FORMATS, 'table'))
    .action(async (backup: string, flags: ConfigFlags & RestoreFlags) => {
      const { restoreCommand } = await import('./restore.ts');
      finish(await restoreCommand(resolved(flags), backup, flags, context.env));
    });
  const config = program.command('config').description('look at the configuration');
  withConfigFlags(config.command('show').description('the settings in effect, and where each comes from'))
    .addOption(outputOption(['yaml', 'json'], 'yaml'))
    .action(async (flags: ConfigFlags & { output: 'yaml' | 'json' }) => {
      const { showConfig } = await import('./config-show.ts');
      say(showConfig(resolved(flags), flags.output));
    });
  return program;
}

async function listenEarly({ values }: Config): Promise<EarlyListeners> {
  const { EarlyListeners } = await import('../daemon/early-listeners.ts');
  return EarlyListeners.on(values.listen);
}

/** A value as the settings take them. */
function parsedBy(kind: ApiKind<number>): (text: string) => number {
  return (text) => {
    try {
      return kind.parse(text);
    } catch (error) {
      throw error instanceof SettingError ? new InvalidArgumentError(error.message) : error;
    }
  };
}

function outputOption(formats: readonly string[], fallback: string): Option {
  return new Option('-o, --output <format>', 'how to show it').choices(formats).default(fallback);
}

/** Flags that name the configuration, from the settings table. */
function withConfigFlags(command: Command): Command {
  command
    .option(
      '--config <file>',
      'read settings from this YAML file (default: ~/.config/dfs/dfs.yaml or /etc/dfs/dfs.yaml, if there)',
    )
    .option('--no-config', 'read no file');
  for (const key of SETTING_KEYS) {
    const { flag, flagHelp } = settingOf(key);
    if (flag !== undefined) command.addOption(configOption(flag, flagHelp ?? key));
  }
  return command.addOption(
    configOption(
      '--set <key=value>',
      'any setting of docs/settings.md, such as lease_time=30; may be repeated',
    ),
  );
}

function configOption(flag: string, description: string): Option {
  const option = new Option(flag, description);
  const name = flag.split(' ', 1)[0] ?? flag;
  if (!REPEATABLE.has(name)) return option;
  return option.argParser((value: string, before: readonly string[] | undefined) => [
    ...(before ?? []),
    value,
  ]);
}
