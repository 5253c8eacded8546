import { flushCompileCache } from 'node:module';
import { isatty } from 'node:tty';
import type { Environment } from '@dfs/api/places';
import { complain, ExitCode, painter, wantsColour } from '@dfs/api/terminal';
import { showAddress } from '../config/address.ts';
import { COMMAND_VARIABLE } from '../config/environment.ts';
import type { Config } from '../config/resolve.ts';
import { SETTINGS } from '../config/settings.ts';
import { Daemon } from '../daemon/daemon.ts';
import type { EarlyListeners } from '../daemon/early-listeners.ts';
import { createLog, type Logger } from '../daemon/log.ts';
import { LogSink } from '../daemon/log-sink.ts';
import { mountLine } from '../daemon/mount-line.ts';
import { REAL_PARTS } from '../daemon/parts.ts';
import { StartError } from '../daemon/start-error.ts';
import { VERSION } from '../version.ts';
import { banner } from './banner.ts';
import { stopSignals } from './stop-signals.ts';

const STDOUT = 1;
/** Milliseconds for the last messages to reach their reader. */
const FLUSH_MS = 1_000;
/** Milliseconds for closing the stores after a fault, whose state nobody knows. */
const FAULT_CLOSE_MS = 5_000;
/** Milliseconds after a start: it takes half a second the first time that a version is started, and clients that come back go first. */
const KEEP_COMPILED_MS = 10_000;

export interface StartFlags {
  /** Take the place of the server that has the data directory. */
  readonly replace?: boolean;
}

/** Serves until a signal comes. Resolves to the exit code. */
export async function startCommand(
  config: Config,
  env: Environment,
  { replace }: StartFlags = {},
  early?: EarlyListeners,
): Promise<number> {
  const sink = new LogSink(STDOUT);
  const { values } = config;
  const isPretty = values['log.format'] === 'pretty' || (values['log.format'] === 'auto' && isatty(STDOUT));
  const colour = wantsColour(STDOUT, env);
  const log = createLog({ format: isPretty ? 'pretty' : 'json', level: values['log.level'], colour, sink });
  const signals = stopSignals((signal) => complain(`dfs: ${signal} again: ended at once\n`));
  const faults = watchForFaults();
  const daemon = new Daemon({
    values,
    origins: config.origins,
    env,
    parts: REAL_PARTS,
    log,
    ...(replace !== undefined && { replace }),
    early,
  });
  warnOfVariables(config, log);
  void signals.first.then(() => daemon.giveUp());
  log.debug({ config: config.file ?? null }, 'starting');
  try {
    await Promise.race([daemon.start(), faults.first]);
    if (isPretty) sink.write(welcome(daemon, config, env, colour));
    // The last line of the start, and the only one that scripts need to wait for. People have just read the banner.
    log.info(isPretty ? { listen: daemon.addresses.map(showAddress) } : facts(daemon, config), 'ready');
    keepCompiled();
    const signal = await Promise.race([signals.first, faults.first]);
    log.info({ signal }, 'stopping: answering what is in flight');
    const closedWell = await Promise.race([daemon.stop(), faults.first]);
    log.info('stopped');
    return closedWell ? ExitCode.OK : ExitCode.FAULT;
  } catch (error) {
    if (error instanceof StartError) {
      complain(`dfs: cannot start: ${error.message}\n  ${error.advice}\n`);
      return ExitCode.CANNOT_START;
    }
    log.fatal({ err: error }, 'a fault of dfs: closing the stores and ending');
    await Promise.race([daemon.stop(), delay(FAULT_CLOSE_MS)]);
    return ExitCode.FAULT;
  } finally {
    await sink.flush(FLUSH_MS);
    signals.dispose();
  }
}

/** What Node has compiled is otherwise kept when the process ends by itself, which one that is killed never does: half of a start's time. */
function keepCompiled(): void {
  setTimeout(flushCompileCache, KEEP_COMPILED_MS).unref();
}

/** Errors that nobody catches. `first` rejects with the first of them. */
function watchForFaults(): { readonly first: Promise<never> } {
  const { promise, reject } = Promise.withResolvers<never>();
  process.on('uncaughtException', reject);
  process.on('unhandledRejection', reject);
  // Between two waits nobody may be listening, which is no fault of its own.
  promise.catch(() => undefined);
  return { first: promise };
}

function warnOfVariables(config: Config, log: Logger): void {
  const { unknownVariables: variables } = config;
  if (variables.length > 0) log.warn({ variables }, 'these variables are no settings of dfs: ignored');
}

function welcome(daemon: Daemon, config: Config, env: Environment, colour: boolean): string {
  const inputs = {
    version: VERSION,
    command: env[COMMAND_VARIABLE] ?? 'dfs',
    statusFlags: statusFlags(daemon, config),
    addresses: daemon.addresses,
    shares: daemon.shares,
    data: daemon.dataDirectory,
    consoleLink: daemon.consoleLink(),
    minMinorVersion: config.values.v4_min_minor_version,
  };
  return banner(inputs, painter(colour));
}

/** As short as they can be and still name this server. */
function statusFlags(daemon: Daemon, { values, origins }: Config): string {
  const [socket] = daemon.apiAddresses;
  const isUsualMemory = daemon.addresses[0]?.port === SETTINGS.listen.default[0]?.port;
  if (values.api_socket !== undefined || (values.memory && !isUsualMemory)) return ` --api-socket ${socket}`;
  if (values.memory) return ' --memory';
  return origins.data.source === 'default' ? '' : ` --data ${daemon.dataDirectory}`;
}

/** What programs that read the log may want to know, with the line that says "ready". */
function facts(daemon: Daemon, config: Config): Record<string, unknown> {
  const [address] = daemon.addresses;
  const minor = config.values.v4_min_minor_version;
  return {
    version: VERSION,
    listen: daemon.addresses.map(showAddress),
    api: daemon.apiAddresses,
    console: daemon.consoleAddress ?? null,
    data: daemon.dataDirectory ?? null,
    shares: daemon.shares.map((share) => share.path),
    mount: address === undefined ? [] : daemon.shares.map((share) => mountLine(address, share.path, minor)),
  };
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
