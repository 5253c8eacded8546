import { once } from 'node:events';
import http, { type RequestListener } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ListenAddress } from '@dfs/nfs';
import { markLocal } from '../auth/access.ts';
import { showAddress } from '../config/address.ts';
import { listenError } from '../daemon/listen-error.ts';
import { errorMessage, StartError } from '../daemon/start-error.ts';
import { clearStaleSocket } from './stale-socket.ts';
import { followTls, readTls, type TlsFiles, type TlsListener } from './tls.ts';

/** Everything that bounds what a client of the API can take up. */
const API_LIMITS = {
  maxConnections: 256,
  maxHeadersCount: 100,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 5_000,
} as const;

/** Only the owner may connect. */
const OWNER_ONLY_UMASK = 0o177;

export interface ApiListener {
  /** HOST:PORT, or the socket's path. */
  readonly address: string;
  /** Stops accepting; gives requests that are being answered at most `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
}

/** TLS for a listener, and who is told when its files have changed. */
export interface ListenerTls {
  readonly files: TlsFiles;
  readonly told: TlsListener;
}

export async function listenTcp(
  handler: RequestListener,
  address: ListenAddress,
  tls?: ListenerTls,
  flag: '--api' | '--console' = '--api',
): Promise<ApiListener> {
  const { server, unfollow } = tls === undefined ? plain(handler) : await secure(handler, tls);
  server.listen({ host: address.host, port: address.port });
  try {
    await once(server, 'listening');
  } catch (error) {
    unfollow();
    throw listenError(error, address, flag);
  }
  const { address: host, port } = server.address() as AddressInfo;
  return {
    address: showAddress({ host, port }),
    close: (timeoutMs) => {
      unfollow();
      return close(server, timeoutMs);
    },
  };
}

interface Listening {
  readonly server: http.Server;
  readonly unfollow: () => void;
}

function plain(handler: RequestListener): Listening {
  return { server: bounded(http.createServer(LIMITS, handler)), unfollow: () => undefined };
}

async function secure(handler: RequestListener, { files, told }: ListenerTls): Promise<Listening> {
  const server = bounded(https.createServer({ ...LIMITS, ...(await readTls(files)) }, handler));
  return { server, unfollow: followTls(server, files, told) };
}

/** A socket of mode 0600. One that a dead server left behind is replaced; one that answers, or another file, is an error. */
export async function listenUnix(handler: RequestListener, socketPath: string): Promise<ApiListener> {
  await clearStaleSocket(socketPath);
  const local: RequestListener = (request, response) => {
    markLocal(request);
    handler(request, response);
  };
  const server = bounded(http.createServer(LIMITS, local));
  // The file must never be open to others, not even for a moment: so by the umask, which bind(2) heeds, at the only time that
  // nothing else can run in between.
  const umask = process.umask(OWNER_ONLY_UMASK);
  try {
    server.listen({ path: socketPath });
  } finally {
    process.umask(umask);
  }
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new StartError(
      `cannot make the API's socket ${socketPath}: ${errorMessage(error)}`,
      'choose another place with --api-socket',
      error,
    );
  }
  return { address: socketPath, close: (timeoutMs) => close(server, timeoutMs) };
}

const LIMITS: http.ServerOptions = {
  headersTimeout: API_LIMITS.headersTimeoutMs,
  requestTimeout: API_LIMITS.requestTimeoutMs,
  keepAliveTimeout: API_LIMITS.keepAliveTimeoutMs,
};

function bounded<S extends http.Server>(server: S): S {
  server.maxConnections = API_LIMITS.maxConnections;
  server.maxHeadersCount = API_LIMITS.maxHeadersCount;
  return server;
}

async function close(server: http.Server, timeoutMs: number): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), timeoutMs);
  await closed;
  clearTimeout(timer);
}
