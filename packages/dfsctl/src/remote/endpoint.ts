import { readFileSync } from 'node:fs';
import type { ApiEndpoint } from '@dfs/api/client';
import { dataSocketPath, defaultDataDirectory, type Environment, memorySocketPath } from '@dfs/api/places';
import { UsageError } from '../usage-error.ts';
import { type Context, LOCAL, readContexts } from './contexts.ts';

export interface EndpointFlags {
  readonly socket?: string;
  readonly server?: string;
  readonly token?: string;
  readonly ca?: string;
  readonly context?: string;
}

export const VARIABLES = {
  socket: 'DFS_API_SOCKET',
  server: 'DFS_API_SERVER',
  token: 'DFS_API_TOKEN',
  ca: 'DFS_API_CA',
  context: 'DFS_CONTEXT',
} as const;

/** The port that `dfs start --memory` uses unless told otherwise, which names its socket. */
const DEFAULT_PORT = 12_049;

/** Where the server may be. Flags are stronger than the environment, and that is stronger than the current context. */
export function places(flags: EndpointFlags, env: Environment): ApiEndpoint[] {
  const named = [flags.socket, flags.server, flags.context].filter((flag) => flag !== undefined);
  if (named.length > 1) throw new UsageError('--socket, --server and --context exclude each other');
  const given = named.length > 0 ? flags : fromEnvironment(env);
  if (given.socket !== undefined) return [{ socketPath: given.socket }];
  const token = flags.token ?? value(env, VARIABLES.token);
  const ca = flags.ca ?? value(env, VARIABLES.ca);
  if (given.server !== undefined) return [remote(given.server, token, ca)];
  const context = contextOf(given.context, env);
  if (context?.socket !== undefined) return [{ socketPath: context.socket }];
  if (context?.server !== undefined)
    return [remote(context.server, token ?? context.token, ca ?? context.ca)];
  return localPlaces(env);
}

/** An address that a server may have: http(s)://HOST[:PORT]. */
export function serverUrl(text: string): URL {
  const url = URL.parse(text);
  const isPlain = url !== null && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === '';
  if (!isPlain || url.username !== '') {
    throw new UsageError(`${JSON.stringify(text)} is no address of a server: https://HOST:PORT`);
  }
  return url;
}

export function remote(server: string, token: string | undefined, ca: string | undefined): ApiEndpoint {
  const url = serverUrl(server);
  return {
    url,
    ...(token !== undefined && { token: checkToken(token) }),
    ...(ca !== undefined && { ca: readCertificates(ca) }),
  };
}

/** What may stand in a header: anything else is a slip of copying. */
export function checkToken(token: string): string {
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new UsageError('that is no token: it has blanks or other signs in it');
  return token;
}

function fromEnvironment(env: Environment): EndpointFlags {
  const socket = value(env, VARIABLES.socket);
  const server = value(env, VARIABLES.server);
  const context = value(env, VARIABLES.context);
  if (socket !== undefined && server !== undefined) {
    throw new UsageError(`${VARIABLES.socket} and ${VARIABLES.server} are both set: unset one of them`);
  }
  if (socket !== undefined) return { socket };
  if (server !== undefined) return { server };
  return context === undefined ? {} : { context };
}

function contextOf(name: string | undefined, env: Environment): Context | undefined {
  if (name === LOCAL) return undefined;
  const { current, contexts } = readContexts(env);
  const wanted = name ?? current;
  if (wanted === undefined) return undefined;
  const context = contexts.get(wanted);
  if (context === undefined)
    throw new UsageError(`there is no context ${JSON.stringify(wanted)}: see dfsctl context list`);
  return context;
}

function localPlaces(env: Environment): ApiEndpoint[] {
  const data = value(env, 'DFS_DATA');
  return [
    { socketPath: dataSocketPath(data ?? defaultDataDirectory(env), env) },
    { socketPath: memorySocketPath(DEFAULT_PORT, env) },
  ];
}

function readCertificates(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`--ca ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!text.includes('-----BEGIN CERTIFICATE-----'))
    throw new UsageError(`--ca ${file} holds no certificate in PEM`);
  return text;
}

/** An empty variable counts as not set. */
function value(env: Environment, name: string): string | undefined {
  const text = env[name] ?? '';
  return text === '' ? undefined : text;
}
