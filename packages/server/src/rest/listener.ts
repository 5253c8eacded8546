import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http, { type RequestListener } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ListenAddress } from '@dfs/nfs';
import { markLocal } from '../auth/access.ts';
import { showAddress } from '../config/address.ts';
import { listenError } from '../daemon/listen-error.ts';
import { errorMessage, StartError } from '../daemon/start-error.ts';
import { clearStaleSocket } from './stale-socket.ts';

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

/** Where the certificate and its key are. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

export async function listenTcp(
  handler: RequestListener,
  address: ListenAddress,
  tls?: TlsFiles,
): Promise<ApiListener> {
  const server = tls === undefined ? bounded(http.createServer(LIMITS, handler)) : await secure(handler, tls);
  server.listen({ host: address.host, port: address.port });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw listenError(error, address, '--api');
  }
  const { address: host, port } = server.address() as AddressInfo;
  return { address: showAddress({ host, port }), close: (timeoutMs) => close(server, timeoutMs) };
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

async function secure(handler: RequestListener, files: TlsFiles): Promise<https.Server> {
  const read = async (file: string, setting: string) => {
    try {
      return await readFile(file);
    } catch (error) {
      throw new StartError(
        `${file} cannot be read: ${errorMessage(error)}`,
        `${setting} names it: see that it is there and that this user may read it`,
        error,
      );
    }
  };
  const cert = await read(files.cert, 'api_tls_cert');
  const key = await read(files.key, 'api_tls_key');
  try {
    return bounded(https.createServer({ ...LIMITS, cert, key, minVersion: 'TLSv1.2' }, handler));
  } catch (error) {
    throw new StartError(
      `TLS for the API cannot be set up: ${errorMessage(error)}`,
      `see that ${files.cert} is a certificate and ${files.key} its key, both in PEM`,
      error,
    );
  }
}

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
