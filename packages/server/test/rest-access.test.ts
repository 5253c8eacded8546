import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { connect } from 'node:tls';
import { ROUTES } from '@dfs/api';
import { ApiClient } from '@dfs/api/client';
import { openMemoryDirectory } from '@dfs/storage';
import { describe, expect, it } from 'vitest';
import { MAX_TOKENS, Tokens } from '../src/auth/tokens.ts';
import { problemsOf, resolve, scratchFolder } from './helpers/config.ts';
import { type Running, run, until } from './helpers/running.ts';

const TCP = { api: '127.0.0.1:0' };
const RENEWED_MS = 40_000;

async function token(server: Running, role: 'read' | 'admin', name: string = role): Promise<string> {
  return (await server.api.createToken({ name, role })).token;
}

/** Any address that fits a route. */
function sample(route: string): string {
  return route.replace(':scope', 'server').replace(/:[a-z_]+/g, '1');
}

describe('over TCP', () => {
  it('nothing is answered without a token but how the server is', async () => {
    const server = await run({ memory: true, ...TCP });
    const open = new Set(['/health', '/health/ready']);
    // Signing in to the console is how one gets in: it wants a link's secret instead, and none is sent here.
    const signIn = await server.ask('POST', ROUTES.signIn.path, { token: '', body: { secret: 'none' } });
    expect(signIn.status).toBe(401);
    for (const { method, path: route } of Object.values(ROUTES)) {
      if (method === ROUTES.signIn.method && route === ROUTES.signIn.path) continue;
      const answer = await server.ask(method, sample(route), { token: '' });
      expect([method, route, answer.status]).toEqual([method, route, open.has(route) ? 200 : 401]);
    }
    for (const other of ['/metrics', '/api/v1/events', '/api/v1/nothing']) {
      const answer = await server.ask('GET', other, { token: '' });
      expect([other, answer.status]).toEqual([other, 401]);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
      expect(answer.text).toContain('dfsctl token create');
    }
    expect((await server.ask('GET', '/api/v1/openapi.json', { token: '' })).status).toBe(200);
  });

  it('a read token may look and an admin token may change', async () => {
    const server = await run({ memory: true, ...TCP });
    const read = await token(server, 'read');
    const admin = await token(server, 'admin');
    for (const { method, path: route, access } of Object.values(ROUTES)) {
      if (method === ROUTES.signIn.method && route === ROUTES.signIn.path) continue;
      const answer = await server.ask(method, sample(route), { token: read });
      if (access === 'admin') expect([method, route, answer.status]).toEqual([method, route, 403]);
      else expect([200, 404]).toContain(answer.status);
    }
    expect((await server.ask('GET', '/metrics', { token: read })).status).toBe(200);
    const body = { settings: { lease_time: 20 } };
    const settings = '/api/v1/adapters/nfs/settings';
    expect((await server.ask('PATCH', settings, { token: read, body })).status).toBe(403);
    expect((await server.api.nfsSettings()).settings.lease_time).toBe(90);
    const url = new URL(`http://${server.tcp}`);
    const remote = new ApiClient({ url, token: admin });
    expect((await remote.updateNfsSettings({ lease_time: 20 })).version).toBe(1);
    expect((await server.api.nfsSettingsAudit()).entries[0]?.who).toBe('token admin');
  });

  it('a wrong, revoked or expired token is none', async () => {
    const server = await run({ memory: true, ...TCP });
    const good = await token(server, 'admin');
    const status = async (secret: string) =>
      (await server.ask('GET', '/api/v1/tokens', { token: secret })).status;
    expect(await status(good)).toBe(200);
    expect(await status(`${good}x`)).toBe(401);
    expect(await status('dfs_wrong')).toBe(401);
    const { tokens } = await server.api.tokens();
    await server.api.revokeToken(tokens[0]?.id ?? '');
    expect(await status(good)).toBe(401);
    await expect(server.api.revokeToken('none')).rejects.toMatchObject({ problem: { status: 404 } });
  });

  it('is not taken for the Unix socket by who hangs up at once', async () => {
    const server = await run({ memory: true, ...TCP });
    const [host = '', port] = server.tcp.split(':');
    for (let tries = 0; tries < 50; tries++) {
      const socket = net.connect({ host, port: Number(port) });
      await new Promise((next) => socket.once('connect', next));
      const body = JSON.stringify({ name: `t${tries}`, role: 'admin' });
      socket.write(
        `POST /api/v1/tokens HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
      socket.resetAndDestroy();
    }
    await new Promise((next) => setTimeout(next, 200));
    expect(await server.api.tokens()).toEqual({ tokens: [] });
  });

  it('metrics may be opened', async () => {
    const server = await run({ memory: true, ...TCP, set: ['metrics.open=true'] });
    expect((await server.ask('GET', '/metrics', { token: '' })).status).toBe(200);
    expect((await server.ask('GET', '/api/v1/clients', { token: '' })).status).toBe(401);
  });
});

describe('tokens', () => {
  it('are kept without their secret, and good after a restart', async () => {
    const data = scratchFolder();
    const first = await run({ data, ...TCP });
    const made = await first.api.createToken({ name: 'ci', role: 'read', expires_in_seconds: 3600 });
    expect(made.token).toMatch(/^dfs_[\w-]{43}$/);
    expect(made).toMatchObject({ name: 'ci', role: 'read', created_by: 'local socket', last_used_at: null });
    const listed = JSON.stringify(await first.api.tokens());
    expect(listed).not.toContain(made.token);
    await first.stop();
    const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      const content = readFileSync(path.join(file.parentPath, file.name));
      expect([file.name, content.includes(made.token)]).toEqual([file.name, false]);
    }
    const second = await run({ data, ...TCP });
    expect((await second.ask('GET', '/api/v1/clients', { token: made.token })).status).toBe(200);
    const [token] = (await second.api.tokens()).tokens;
    expect(Date.parse(token?.last_used_at ?? '')).toBeGreaterThan(Date.now() - 120_000);
    expect(Date.parse(token?.expires_at ?? '')).toBeGreaterThan(Date.now() + 3_500_000);
  });

  it('need a name of their own, and a role', async () => {
    const server = await run();
    await token(server, 'read', 'a');
    await expect(token(server, 'admin', 'a')).rejects.toMatchObject({ problem: { status: 409 } });
    const answer = await server.ask('POST', '/api/v1/tokens', { body: { name: '', role: 'root', more: 1 } });
    expect(answer).toMatchObject({
      status: 422,
      json: {
        errors: expect.arrayContaining([
          { field: 'role', message: 'must be "read" or "admin"' },
          { field: 'more', message: 'is not known' },
        ]),
      },
    });
  });

  it('end at their time', async () => {
    let now = 1_000_000;
    const tokens = new Tokens(openMemoryDirectory().records, () => now);
    const { token } = await tokens.create({ name: 'a', role: 'read', expires_in_seconds: 60 }, 'x');
    now += 59_999;
    expect(tokens.find(token)?.name).toBe('a');
    now += 1;
    expect(tokens.find(token)).toBeUndefined();
  });

  it('are not more than so many', async () => {
    const tokens = new Tokens(openMemoryDirectory().records);
    for (let at = 0; at < MAX_TOKENS; at++) await tokens.create({ name: `t${at}`, role: 'read' }, 'x');
    await expect(tokens.create({ name: 'one more', role: 'read' }, 'x')).rejects.toThrow('revoke some');
  });
});

describe('an address that others can reach', () => {
  const certificate = () => {
    const folder = scratchFolder();
    const [cert, key] = [path.join(folder, 'cert.pem'), path.join(folder, 'key.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    execFileSync('openssl', ['req', '-x509', ...curve, '-nodes', '-keyout', key, '-out', cert, ...subject], {
      stdio: 'ignore',
    });
    return { cert, key, set: [`api_tls_cert=${cert}`, `api_tls_key=${key}`] };
  };

  it('needs TLS', () => {
    expect(problemsOf(() => resolve({ api: '0.0.0.0:1' }))[0]?.message).toContain('api_tls_cert');
    expect(problemsOf(() => resolve({ set: ['api_tls_cert=/x'] }))[0]?.message).toContain('api_tls_key');
    expect(problemsOf(() => resolve({ set: ['api_tls_key=/x'] }))[0]?.message).toContain('api_tls_cert');
  });

  it('needs a token that exists, and answers to it over TLS alone', async () => {
    const data = scratchFolder();
    const { cert, set } = certificate();
    await expect(run({ data, api: '0.0.0.0:0', set })).rejects.toMatchObject({
      message: expect.stringContaining('no token'),
      advice: expect.stringContaining('dfsctl token create'),
    });
    const first = await run({ data });
    const secret = await token(first, 'read');
    await first.stop();
    const server = await run({ data, api: '0.0.0.0:0', set });
    const port = server.tcp.split(':').at(-1);
    const url = new URL(`https://localhost:${port}`);
    const ca = readFileSync(cert, 'utf8');
    expect(await new ApiClient({ url, ca, token: secret }).clients()).toEqual({ clients: [] });
    await expect(new ApiClient({ url, ca }).clients()).rejects.toMatchObject({ problem: { status: 401 } });
    await expect(new ApiClient({ url, token: secret }).clients()).rejects.toMatchObject({
      code: 'untrusted',
    });
    const plain = new ApiClient({ url: new URL(`http://localhost:${port}`), token: secret });
    await expect(plain.clients()).rejects.toMatchObject({ name: 'ApiError' });
  });

  it('takes up a renewed certificate while it serves, and keeps the one before where it cannot', async () => {
    const { cert, key, set } = certificate();
    const server = await run({ memory: true, ...TCP, set });
    const port = Number(server.tcp.split(':').at(-1));
    const served = () =>
      new Promise<string>((done, reject) => {
        const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
          done(socket.getPeerX509Certificate()?.fingerprint256 ?? '');
          socket.destroy();
        });
        socket.on('error', reject);
      });
    const fingerprint = (file: string) => new X509Certificate(readFileSync(file)).fingerprint256;
    const first = fingerprint(cert);
    expect(await served()).toBe(first);
    const next = certificate();
    // By renaming, as it is done where nobody may see half of it; for a moment they do not belong together.
    renameSync(next.cert, cert);
    renameSync(next.key, key);
    const second = fingerprint(cert);
    expect(second).not.toBe(first);
    await until(async () => ((await served()) === second ? true : undefined), RENEWED_MS);
    writeFileSync(cert, 'nonsense');
    await new Promise((wait) => setTimeout(wait, 3_000));
    expect(await served()).toBe(second);
    const third = certificate();
    renameSync(third.key, key);
    renameSync(third.cert, cert);
    await until(async () => ((await served()) === fingerprint(cert) ? true : undefined), RENEWED_MS);
  }, 100_000);

  it('is not listened on with files that are no certificate', async () => {
    const { set } = certificate();
    const missing = ['api_tls_cert=/nonexistent/cert', 'api_tls_key=/nonexistent/key'];
    await expect(run({ memory: true, ...TCP, set: missing })).rejects.toThrow('cannot be read');
    const swapped = [set[0]?.replace('cert.pem', 'key.pem') ?? '', set[1] ?? ''];
    await expect(run({ memory: true, ...TCP, set: swapped })).rejects.toThrow('TLS for the API');
  });
});

it('the Unix socket is for its owner alone', async () => {
  const { socketPath } = await run();
  expect(statSync(socketPath).mode & 0o777).toBe(0o600);
});
