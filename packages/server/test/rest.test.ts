import { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import type { Problem, ServerState, Status } from '@dfs/api';
import { ApiClient } from '@dfs/api/client';
import { createNfsServer } from '@dfs/nfs';
import { openMemoryDirectory } from '@dfs/storage';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { SHARE } from '../../api/test/support/share.ts';
import { Tokens } from '../src/auth/tokens.ts';
import { ConsoleSessions } from '../src/console/sessions.ts';
import { Backups } from '../src/daemon/backups.ts';
import { LiveShares } from '../src/daemon/live-shares.ts';
import { StartError } from '../src/daemon/start-error.ts';
import { Recorder } from '../src/history/recorder.ts';
import { Vitals } from '../src/history/vitals.ts';
import { Metrics } from '../src/metrics/metrics.ts';
import { createRestApp } from '../src/rest/app.ts';
import { EventLog } from '../src/rest/event-log.ts';
import { type ApiListener, listenTcp, listenUnix } from '../src/rest/listener.ts';
import type { RestServices } from '../src/rest/services.ts';
import { ensurePrivateFolder } from '../src/rest/stale-socket.ts';
import { NfsSettings } from '../src/settings/nfs-settings.ts';
import { resolve, scratchFolder } from './helpers/config.ts';

const STATUS: Status = {
  version: '1.2.3',
  node: 'v24.0.0',
  pid: 7,
  state: 'ready',
  started_at: '2026-01-01T00:00:00.000Z',
  uptime_seconds: 1.5,
  data: null,
  durability: 'none',
  journal: 'none',
  listeners: [{ protocol: 'nfs', address: '127.0.0.1:12049' }],
  shares: [SHARE],
  nfs: {
    in_grace: false,
    clients: 1,
    sessions: 2,
    connections: 3,
    opens: 4,
    locks: 5,
    requests: 2 ** 40,
    bytes_in: 2 ** 50,
    bytes_out: 0,
  },
};

const listeners: ApiListener[] = [];
afterEach(async () => {
  for (const listener of listeners.splice(0)) await listener.close(100);
});

let state: ServerState = 'ready';
/** Of the last app that was made. */
let secret = '';

async function app(status: () => Status = () => STATUS): Promise<http.RequestListener> {
  const store = openMemoryDirectory();
  const nfs = await createNfsServer({ shares: [] });
  const tokens = new Tokens(store.records);
  secret = (await tokens.create({ name: 'test', role: 'read' }, 'test')).token;
  const backups = new Backups(store, () => undefined);
  const services: RestServices = {
    state: () => state,
    status,
    control: nfs.control,
    settings: new NfsSettings(store.records, resolve({})),
    shares: new LiveShares(store, { uid: 0, gid: 0, mode: 0o755 }),
    tokens,
    events: new EventLog(),
    isFull: () => false,
    backups,
    metrics: new Metrics(() => ({ nfs, shares: [], storage: undefined, backups: backups.figures }), {
      perSession: true,
    }),
    openMetrics: false,
    recorder: new Recorder(nfs, () => [], new Vitals(store.commits, undefined)),
    console: { sessions: new ConsoleSessions(store.records), linkUrl: () => undefined },
  };
  return createRestApp(services, pino({ level: 'silent' }));
}

async function onSocket(status?: () => Status): Promise<string> {
  const socketPath = path.join(scratchFolder(), 'api.sock');
  listeners.push(await listenUnix(await app(status), socketPath));
  return socketPath;
}

interface Answer {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly body: string;
}

function get(options: http.RequestOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(options, async (response) => {
      let body = '';
      for await (const chunk of response) body += chunk;
      resolve({ status: response.statusCode, type: response.headers['content-type'], body });
    });
    request.on('error', reject).end();
  });
}

describe('the API', () => {
  it('answers what its client asks', async () => {
    const client = new ApiClient({ socketPath: await onSocket() });
    expect(await client.status()).toEqual(STATUS);
    expect(await client.shares()).toEqual({ shares: [] });
    expect(await client.health()).toEqual({ status: 'ok' });
  });

  it('is ready only while the server is', async () => {
    const socketPath = await onSocket();
    const client = new ApiClient({ socketPath });
    for (const now of ['starting', 'ready', 'stopping'] as const) {
      state = now;
      expect(await client.ready()).toEqual({ status: now });
      expect((await get({ socketPath, path: '/health/ready' })).status).toBe(now === 'ready' ? 200 : 503);
      expect((await get({ socketPath, path: '/health' })).status).toBe(200);
    }
    state = 'ready';
  });

  it('tells a problem as problem+json', async () => {
    const socketPath = await onSocket();
    const answer = await get({ socketPath, path: '/api/v1/nothing?x' });
    expect(answer).toMatchObject({ status: 404, type: expect.stringContaining('application/problem+json') });
    expect(JSON.parse(answer.body) as Problem).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      code: 'not_found',
      detail: 'nothing answers GET here',
      instance: '/api/v1/nothing?x',
    });
    expect((await get({ socketPath, path: '/api/v1/status', method: 'DELETE' })).status).toBe(404);
    expect((await get({ socketPath, path: '/api/v1/%' })).type).toContain('application/problem+json');
  });

  it('keeps the particulars of a fault to its log', async () => {
    const socketPath = await onSocket(() => {
      throw new Error('secret');
    });
    const answer = await get({ socketPath, path: '/api/v1/status' });
    expect(answer.status).toBe(500);
    expect(answer.body).not.toContain('secret');
    await expect(new ApiClient({ socketPath }).status()).rejects.toMatchObject({
      code: 'problem',
      problem: { code: 'fault' },
    });
  });

  it('answers over TCP to this machine by its own names only', async () => {
    const listener = await listenTcp(await app(), { host: '127.0.0.1', port: 0 });
    listeners.push(listener);
    const url = new URL(`http://${listener.address}`);
    expect(await new ApiClient({ url, token: secret }).status()).toEqual(STATUS);
    const ask = (host: string) =>
      get({ host: url.hostname, port: url.port, path: '/health', headers: { host } });
    expect((await ask(`localhost:${url.port}`)).status).toBe(200);
    expect((await ask('[::1]')).status).toBe(200);
    for (const host of ['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example:80']) {
      const answer = await ask(host);
      expect([host, answer.status]).toEqual([host, 403]);
      expect(answer.body).toContain('host_not_allowed');
    }
  });
});

describe('the socket', () => {
  it('is for its owner alone', async () => {
    expect(statSync(await onSocket()).mode & 0o777).toBe(0o600);
  });

  it('is refused where a server answers, and where it would replace a file', async () => {
    const socketPath = await onSocket();
    await expect(listenUnix(await app(), socketPath)).rejects.toThrow('answers on');
    expect(await new ApiClient({ socketPath }).health()).toEqual({ status: 'ok' });
    const file = path.join(scratchFolder(), 'file');
    writeFileSync(file, 'precious');
    await expect(listenUnix(await app(), file)).rejects.toThrow('not a socket');
    const missing = path.join(scratchFolder(), 'no', 'api.sock');
    await expect(listenUnix(await app(), missing)).rejects.toBeInstanceOf(StartError);
  });

  it('lies in a folder that nobody else can have prepared', async () => {
    const folder = scratchFolder();
    await ensurePrivateFolder(path.join(folder, 'new'));
    expect(statSync(path.join(folder, 'new')).mode & 0o777).toBe(0o700);
    await ensurePrivateFolder(path.join(folder, 'new'));
    mkdirSync(path.join(folder, 'open'));
    chmodSync(path.join(folder, 'open'), 0o777);
    await expect(ensurePrivateFolder(path.join(folder, 'open'))).rejects.toBeInstanceOf(StartError);
    symlinkSync(path.join(folder, 'new'), path.join(folder, 'link'));
    await expect(ensurePrivateFolder(path.join(folder, 'link'))).rejects.toBeInstanceOf(StartError);
    writeFileSync(path.join(folder, 'file'), '');
    await expect(ensurePrivateFolder(path.join(folder, 'file'))).rejects.toBeInstanceOf(StartError);
  });

  it('closes though a client stays silent', async () => {
    const socketPath = await onSocket();
    const silent = net.connect({ path: socketPath });
    silent.on('error', () => undefined);
    let heard = '';
    silent.setEncoding('utf8').on('data', (text: string) => {
      heard += text;
    });
    silent.write('GET /health HTTP/1.1\r\n');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await listeners.splice(0)[0]?.close(100);
    // When the server has had enough of such a one by itself, it says so (408).
    expect(heard).toBe('');
    silent.destroy();
  });
});
