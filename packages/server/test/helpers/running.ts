import http from 'node:http';
import path from 'node:path';
import { ApiClient } from '@dfs/api/client';
import { NfsClient, type Session } from '@dfs/nfs/client';
import { pino } from 'pino';
import { afterEach } from 'vitest';
import type { ConfigFlags } from '../../src/config/flags.ts';
import { Daemon } from '../../src/daemon/daemon.ts';
import { type Parts, REAL_PARTS } from '../../src/daemon/parts.ts';
import { resolve, scratchFolder } from './config.ts';

/** A daemon in this process, with the real engine and stores, on free ports. */
export interface Running {
  readonly daemon: Daemon;
  readonly socketPath: string;
  /** Over the Unix socket. */
  readonly api: ApiClient;
  readonly port: number;
  /** HOST:PORT of the API on TCP, where it was asked for. */
  readonly tcp: string;
  /** A new NFS client with a session. */
  mount(options?: { readonly minor?: 1 | 2 }): Promise<Session>;
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>;
  stop(): Promise<void>;
}

export interface AskOptions {
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** Over TCP with this token; with none where empty. */
  readonly token?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON. */
  readonly json: unknown;
}

const running = new Set<Running>();
const clients = new Set<NfsClient>();
afterEach(async () => {
  for (const client of clients) await client.close();
  clients.clear();
  for (const server of running) await server.stop();
});

export interface Trouble {
  /** Where the real ones do not fail as a test needs it. */
  readonly parts?: Partial<Parts>;
  /** Gets the log, a JSON object for each line. */
  readonly told?: (line: string) => void;
}

export async function run(flags: ConfigFlags = { memory: true }, trouble: Trouble = {}): Promise<Running> {
  const { values, origins } = resolve({ listen: ['127.0.0.1:0'], ...flags });
  const daemon = new Daemon({
    values,
    origins,
    env: { XDG_RUNTIME_DIR: path.join(scratchFolder(), 'run') },
    parts: { ...REAL_PARTS, ...trouble.parts },
    log: trouble.told === undefined ? pino({ level: 'silent' }) : pino({}, { write: trouble.told }),
  });
  await daemon.start();
  const [socketPath = '', tcp = ''] = daemon.apiAddresses;
  const port = daemon.addresses[0]?.port ?? 0;
  const server: Running = {
    daemon,
    socketPath,
    api: new ApiClient({ socketPath }),
    port,
    tcp,
    async mount(options = {}) {
      const session = await NfsClient.start({ host: '127.0.0.1', port, ...options });
      clients.add(session.client);
      return session;
    },
    ask: (method, at, options = {}) => ask(server, method, at, options),
    async stop() {
      running.delete(server);
      await daemon.stop();
    },
  };
  running.add(server);
  return server;
}

function ask(server: Running, method: string, at: string, options: AskOptions): Promise<Answer> {
  const { body, token } = options;
  const [host, port] = server.tcp.split(':');
  const place = token === undefined ? { socketPath: server.socketPath } : { host, port };
  const headers = {
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(token !== undefined && token !== '' && { authorization: `Bearer ${token}` }),
    ...options.headers,
  };
  return new Promise((done, reject) => {
    const request = http.request({ ...place, method, path: at, headers, agent: false }, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      const isJson = /json/.test(response.headers['content-type'] ?? '');
      done({
        status: response.statusCode ?? 0,
        headers: response.headers,
        text,
        json: isJson ? JSON.parse(text) : undefined,
      });
    });
    request.on('error', reject);
    request.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
  });
}

/** Asks again and again until it is so. */
export async function until<T>(
  what: () => T | undefined | Promise<T | undefined>,
  timeoutMs = 10_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await what();
    if (value !== undefined) return value;
    if (performance.now() > deadline) throw new Error('it did not come to be so');
    await new Promise((next) => setTimeout(next, 10));
  }
}
