import { findServer } from '@dfs/api/client';
import { dataSocketPath, defaultDataDirectory, type Environment, memorySocketPath } from '@dfs/api/places';
import {
  apiFailure,
  complain,
  ExitCode,
  type OutputFormat,
  painter,
  render,
  say,
  statusView,
  wantsColour,
} from '@dfs/api/terminal';
import type { Config } from '../config/resolve.ts';

const STDOUT = 1;
const ADVICE = '`dfs start` starts it; --data, --memory or --api-socket say which one is meant.';

/** Asks the server that this configuration would start. Resolves to the exit code. */
export async function statusCommand(config: Config, format: OutputFormat, env: Environment): Promise<number> {
  try {
    const client = await findServer(places(config, env).map((socketPath) => ({ socketPath })));
    const paint = painter(format === 'table' && wantsColour(STDOUT, env));
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
function places({ values, origins }: Config, env: Environment): string[] {
  if (values.api_socket !== undefined) return [values.api_socket];
  const memory = values.listen.map((address) => memorySocketPath(address.port, env));
  if (values.memory) return memory;
  const data = dataSocketPath(values.data ?? defaultDataDirectory(env), env);
  return origins.data.source === 'default' ? [data, ...memory] : [data];
}
