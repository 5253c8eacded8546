import { dataSocketPath, defaultDataDirectory, memorySocketPath } from '@dfs/api';
import {
  apiFailure,
  complain,
  ExitCode,
  findServer,
  type OutputFormat,
  painter,
  render,
  say,
  statusView,
  wantsColour,
} from '@dfs/api/terminal';
import type { Config } from '../config/resolve.ts';
import type { CommandContext } from './context.ts';

const STDOUT = 1;
const ADVICE = '`dfs start` starts it; --data, --memory or --api-socket say which one is meant.';

/** Asks the server that this configuration would start. Resolves to the exit code. */
export async function statusCommand(
  config: Config,
  format: OutputFormat,
  context: CommandContext,
): Promise<number> {
  try {
    const client = await findServer(places(config, context).map((socketPath) => ({ socketPath })));
    const paint = painter(format === 'table' && wantsColour(STDOUT, context.env));
    say(render(await client.status(), format, (status) => statusView(status, paint)));
    return ExitCode.OK;
  } catch (error) {
    const failure = apiFailure(error, 'dfs', ADVICE);
    if (failure === undefined) throw error;
    complain(failure.text);
    return failure.exitCode;
  }
}

/** The sockets where that server would be. Said nothing about the data, one that keeps nothing will do as well. */
function places({ values, origins }: Config, { env }: CommandContext): string[] {
  if (values.api_socket !== undefined) return [values.api_socket];
  const memory = values.listen.map((address) => memorySocketPath(address.port, env));
  if (values.memory) return memory;
  const data = dataSocketPath(values.data ?? defaultDataDirectory(env), env);
  return origins.data.source === 'default' ? [data, ...memory] : [data];
}
