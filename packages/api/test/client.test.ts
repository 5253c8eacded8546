import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, expect, it } from 'vitest';
import { ApiClient, findServer, MAX_RESPONSE_BYTES } from '../src/client-index.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'dfs-api-'));
afterAll(() => rmSync(folder, { recursive: true }));

const servers: net.Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

let sockets = 0;
async function listen(server: net.Server): Promise<string> {
  const socketPath = path.join(folder, `${sockets++}.sock`);
  server.listen({ path: socketPath });
  await once(server, 'listening');
  servers.push(server);
  return socketPath;
}

function answering(status: number, body: string, type = 'application/json'): Promise<string> {
  return listen(
    http.createServer((_request, response) => {
      response.writeHead(status, { 'content-type': type }).end(body);
    }),
  );
}

it('says that nobody answers', async () => {
  const socketPath = path.join(folder, 'nobody');
  await expect(new ApiClient({ socketPath }).health()).rejects.toMatchObject({
    name: 'ApiError',
    code: 'unreachable',
    message: `no server answers at ${socketPath} (ENOENT)`,
  });
  const url = new URL('http://[::1]:1');
  await expect(new ApiClient({ url }).health()).rejects.toMatchObject({ code: 'unreachable' });
});

it.each([
  ['no JSON', 200, '<html>', 'is not JSON'],
  ['JSON of something else', 200, '{"status":"fine"}', 'something else'],
  ['an error without a reason', 500, '{}', 'HTTP 500 without a reason'],
  ['an error that is no JSON', 502, 'Bad gateway', 'is not JSON'],
])('refuses an answer that is %s', async (_what, status, body, message) => {
  const socketPath = await answering(status, body);
  await expect(new ApiClient({ socketPath }).health()).rejects.toMatchObject({
    code: 'malformed',
    message: expect.stringContaining(message),
  });
});

it('puts the pages of a long list together, and starts over where it has become another list', async () => {
  const list = Array.from({ length: 5 }, (_, i) => ({
    connection_id: i + 1,
    transport: 'tcp',
    remote: '127.0.0.1:700',
    local: '127.0.0.1:2049',
    opened_at: '2026-01-01T00:00:00Z',
    last_activity: '2026-01-01T00:00:00Z',
    requests: 1,
    bytes_in: 1,
    bytes_out: 1,
    draining: false,
    sessions: [],
  }));
  const asked: string[] = [];
  let flips = 1;
  const server = http.createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://localhost');
    asked.push(`${searchParams.get('since')} ${searchParams.get('after')}`);
    const after = Number(searchParams.get('after') ?? 0);
    const connections = list.filter(({ connection_id }) => connection_id > after).slice(0, 2);
    const last = connections.at(-1)?.connection_id ?? 0;
    const complete = searchParams.get('since') === null || (after > 0 && flips-- > 0);
    const more = last < list.length ? { next_after: last } : {};
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ connections, complete, cursor: `c${asked.length}`, ...more }));
  });
  const api = new ApiClient({ socketPath: await listen(server) });
  expect((await api.connections()).connections).toEqual(list);
  expect(asked).toEqual(['null null', 'null 2', 'null 4']);
  asked.length = 0;
  expect(await api.connectionsSince('c1')).toEqual({ connections: list, complete: true, cursor: 'c3' });
  expect(asked).toEqual(['c1 null', 'c1 2', 'null null', 'null 2', 'null 4']);
  expect(await api.connectionsSince('c3')).toMatchObject({ complete: false, cursor: 'c6' });
});

it('follows the pages of clients and sessions to their end', async () => {
  const asked: string[] = [];
  const socketPath = await listen(
    http.createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
      const after = Number(searchParams.get('after') ?? 0);
      asked.push(`${pathname.split('/').at(-1)} ${searchParams.get('limit')} ${after}`);
      const kind = pathname.endsWith('clients') ? 'clients' : 'sessions';
      const next = after < 2 ? { next_after: String(after + 1) } : {};
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ [kind]: [], ...next }));
    }),
  );
  const api = new ApiClient({ socketPath });
  expect([await api.clients(), await api.sessions()]).toEqual([{ clients: [] }, { sessions: [] }]);
  const pages = ['0', '1', '2'];
  expect(asked).toEqual(['clients', 'sessions'].flatMap((kind) => pages.map((at) => `${kind} 1000 ${at}`)));
});

it('takes more than it knows, as a newer server may say', async () => {
  const socketPath = await answering(200, '{"status":"ok","mood":"good"}');
  expect(await new ApiClient({ socketPath }).health()).toMatchObject({ status: 'ok' });
});

it('hands on the problem that the server tells', async () => {
  const problem = {
    type: 'about:blank',
    title: 'Conflict',
    status: 409,
    code: 'taken',
    detail: 'it is taken',
  };
  const socketPath = await answering(409, JSON.stringify(problem), 'application/problem+json');
  await expect(new ApiClient({ socketPath }).shares()).rejects.toMatchObject({
    code: 'problem',
    message: 'it is taken',
    problem,
  });
});

it('waits only so long', async () => {
  const silent = await listen(net.createServer((socket) => socket.on('error', () => undefined)));
  const client = new ApiClient({ socketPath: silent }, { timeoutMs: 50 });
  await expect(client.health()).rejects.toMatchObject({ code: 'timeout' });
  const endless = await listen(
    http.createServer((_request, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(' '), 5);
      response.on('close', () => clearInterval(timer));
    }),
  );
  const other = new ApiClient({ socketPath: endless }, { timeoutMs: 100 });
  await expect(other.health()).rejects.toMatchObject({ code: 'timeout' });
});

it('takes only so much', async () => {
  const chunk = Buffer.alloc(1024 * 1024, ' ');
  const socketPath = await listen(
    http.createServer((_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', more);
      more();
    }),
  );
  await expect(new ApiClient({ socketPath }, { timeoutMs: 20_000 }).health()).rejects.toMatchObject({
    code: 'too_large',
    message: expect.stringContaining(String(MAX_RESPONSE_BYTES)),
  });
});

it('finds the first server that answers, or names all places', async () => {
  const nobody = { socketPath: path.join(folder, 'nobody') };
  const somebody = { socketPath: await answering(200, '{"status":"ok"}') };
  expect((await findServer([nobody, somebody])).where).toBe(somebody.socketPath);
  await expect(findServer([nobody, { socketPath: path.join(folder, 'no-one') }])).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringMatching(/nobody .*\n.*no-one/),
  });
  const broken = { socketPath: await answering(200, 'x') };
  await expect(findServer([nobody, broken])).rejects.toMatchObject({ code: 'malformed' });
});
