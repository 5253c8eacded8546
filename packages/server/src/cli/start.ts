import { isatty } from 'node:tty';
import { complain, ExitCode, painter, wantsColour } from '@dfs/api/terminal';
import { showAddress } from '../config/address.ts';
import { COMMAND_VARIABLE } from '../config/environment.ts';
import type { Config } from '../config/resolve.ts';
import { Daemon } from '../daemon/daemon.ts';
import { createLog, type Logger } from '../daemon/log.ts';
import { LogSink } from '../daemon/log-sink.ts';
import { mountLine } from '../daemon/mount-line.ts';
import { StartError } from '../daemon/start-error.ts';
import { VERSION } from '../version.ts';
import { banner } from './banner.ts';
import type { CommandContext } from './context.ts';
import { stopSignals } from './stop-signals.ts';

const STDOUT = 1;
/** Milliseconds for the last messages to reach their reader. */
const FLUSH_MS = 1_000;
/** Milliseconds for closing the stores after a fault, whose state nobody knows. */
const FAULT_CLOSE_MS = 5_000;

/** Serves until a signal comes. Resolves to the exit code. */
export async function startCommand(config: Config, context: CommandContext): Promise<number> {
  const sink = new LogSink(STDOUT);
  const { values } = config;
  const isPretty = values['log.format'] === 'pretty' || (values['log.format'] === 'auto' && isatty(STDOUT));
  const colour = wantsColour(STDOUT, context.env);
  const log = createLog({ format: isPretty ? 'pretty' : 'json', level: values['log.level'], colour, sink });
  const signals = stopSignals((signal) => complain(`dfs: ${signal} again: ended at once\n`));
  const run = new Run(config, context, log);
  const fault = run.watchForFaults();
  try {
    const daemon = await Promise.race([run.start(), fault]);
    if (isPretty) sink.write(run.banner(daemon, colour));
    run.announce(daemon, isPretty);
    const signal = await Promise.race([signals.first, fault]);
    log.info({ signal }, 'stopping: answering what is in flight');
    const closedWell = await Promise.race([daemon.stop(), fault]);
    log.info('stopped');
    return closedWell ? ExitCode.OK : ExitCode.FAULT;
  } catch (error) {
    return await run.fail(error);
  } finally {
    await sink.flush(FLUSH_MS);
    signals.dispose();
  }
}

/** One life of the server, with what is known of it when something goes wrong. */
class Run {
  readonly #config: Config;
  readonly #context: CommandContext;
  readonly #log: Logger;
  #daemon: Daemon | undefined;

  constructor(config: Config, context: CommandContext, log: Logger) {
    this.#config = config;
    this.#context = context;
    this.#log = log;
  }

  async start(): Promise<Daemon> {
    const { values, file, unknownVariables } = this.#config;
    if (unknownVariables.length > 0) {
      this.#log.warn(
        { variables: unknownVariables },
        'variables that begin with DFS_ but are no settings: ignored',
      );
    }
    this.#log.debug({ config: file ?? null }, 'starting');
    const { parts, env } = this.#context;
    this.#daemon = await Daemon.start({ values, env, parts, log: this.#log });
    return this.#daemon;
  }

  banner(daemon: Daemon, colour: boolean): string {
    return banner(
      {
        version: VERSION,
        command: this.#context.env[COMMAND_VARIABLE] ?? 'dfs',
        addresses: daemon.addresses,
        shares: daemon.shares,
        data: daemon.dataDirectory,
        minMinorVersion: this.#config.values.v4_min_minor_version,
      },
      painter(colour),
    );
  }

  /** The last line of the start, and the only one that scripts need to wait for. */
  announce(daemon: Daemon, isPretty: boolean): void {
    const { v4_min_minor_version: minor } = this.#config.values;
    const [address] = daemon.addresses;
    const facts = {
      version: VERSION,
      listen: daemon.addresses.map(showAddress),
      api: daemon.apiAddresses,
      data: daemon.dataDirectory ?? null,
      shares: daemon.shares.map((share) => share.path),
      mount: address === undefined ? [] : daemon.shares.map((share) => mountLine(address, share.path, minor)),
    };
    // People have just read the banner.
    this.#log.info(isPretty ? { listen: facts.listen } : facts, 'ready');
  }

  /** Rejects with the first error that nobody caught. */
  watchForFaults(): Promise<never> {
    const { promise, reject } = Promise.withResolvers<never>();
    process.on('uncaughtException', reject);
    process.on('unhandledRejection', reject);
    promise.catch(() => undefined);
    return promise;
  }

  async fail(error: unknown): Promise<number> {
    if (error instanceof StartError) {
      complain(`dfs: cannot start: ${error.message}\n  ${error.advice}\n`);
      return ExitCode.CANNOT_START;
    }
    this.#log.fatal({ err: error }, 'a fault of dfs: closing the stores and ending');
    if (this.#daemon !== undefined) await Promise.race([this.#daemon.stop(), delay(FAULT_CLOSE_MS)]);
    return ExitCode.FAULT;
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
