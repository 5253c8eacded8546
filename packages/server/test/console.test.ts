import { openMemoryDirectory } from '@dfs/storage';
import { describe, expect, it } from 'vitest';
import { ConsoleSessions, LINK_MS, MAX_CONSOLE_SESSIONS, SESSION_MS } from '../src/console/sessions.ts';
import { HISTORY_LIMITS, History, type Moment } from '../src/history/history.ts';
import { percentile } from '../src/history/percentile.ts';
import { Ring } from '../src/history/ring.ts';
import { Vitals } from '../src/history/vitals.ts';
import { scratchFolder } from './helpers/config.ts';
import { run, until } from './helpers/running.ts';

const CONSOLE = { memory: true, set: ['console=127.0.0.1:0'] } as const;

async function signedIn(role: 'read' | 'admin' = 'admin') {
  const server = await run(CONSOLE);
  const { url } = await server.api.createConsoleLink(role);
  const { host } = new URL(url);
  const origin = `http://${host}`;
  const secret = url.split('/').at(-1) ?? '';
  const ask = (method: string, path: string, headers: Record<string, string>, body?: unknown) =>
    fetch(`${origin}${path}`, {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  const first = await ask('POST', '/api/v1/console/session', { origin }, { secret });
  const cookie = first.headers.get('set-cookie') ?? '';
  const { key } = (await first.json()) as { key: string };
  const both = { cookie: cookie.split(';', 1)[0] ?? '', 'x-dfs-console': key };
  return { server, origin, secret, ask, first, cookie, both };
}

describe('signing in to the console', () => {
  it('takes a link once, and wants both halves of the session', async () => {
    const { origin, secret, ask, first, cookie, both } = await signedIn();
    expect(first.status).toBe(201);
    expect(cookie).toMatch(/^dfs_console_\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=86400$/);
    expect((await ask('POST', '/api/v1/console/session', { origin }, { secret })).status).toBe(401);
    const status = async (headers: Record<string, string>) =>
      (await ask('GET', '/api/v1/clients', headers)).status;
    expect(await status(both)).toBe(200);
    expect(await status({ cookie: both.cookie })).toBe(401);
    expect(await status({ 'x-dfs-console': both['x-dfs-console'] })).toBe(401);
    expect(await status({ ...both, 'x-dfs-console': 'x' })).toBe(401);
    expect((await ask('DELETE', '/api/v1/console/session', both)).status).toBe(204);
    expect(await status(both)).toBe(401);
  });

  it('refuses what another site made the browser ask', async () => {
    const { origin, ask, both } = await signedIn();
    const drain = (headers: Record<string, string>) =>
      ask('POST', '/api/v1/server/drain', { ...both, ...headers }, {});
    expect((await drain({ origin: 'http://127.0.0.1:1' })).status).toBe(403);
    expect((await drain({ origin: 'null' })).status).toBe(403);
    expect((await drain({ 'sec-fetch-site': 'same-site' })).status).toBe(403);
    expect((await drain({ origin, 'sec-fetch-site': 'same-origin' })).status).toBe(200);
  });

  it('a link that may only read gives a session that may only read', async () => {
    const { ask, both } = await signedIn('read');
    expect((await ask('GET', '/api/v1/clients', both)).status).toBe(200);
    expect((await ask('POST', '/api/v1/server/drain', both, {})).status).toBe(403);
    expect((await ask('POST', '/api/v1/console/links', both, { role: 'admin' })).status).toBe(403);
  });

  it('tells browsers what no page may do with it', async () => {
    const { ask } = await signedIn();
    const { headers } = await ask('GET', '/', {});
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect((await ask('GET', '/assets/..%2f..%2fpackage.json', {})).status).toBe(404);
  });
});

describe('console sessions', () => {
  it('end with their time, are bounded, and are there after a restart', async () => {
    let now = 1e12;
    const { records } = openMemoryDirectory();
    const sessions = new ConsoleSessions(records, () => now);
    const enter = async () => (await sessions.signIn(sessions.createLink('read', LINK_MS).secret))!;
    const { secret } = sessions.createLink('admin', LINK_MS);
    now += LINK_MS;
    expect(await sessions.signIn(secret)).toBeUndefined();
    const first = await enter();
    expect(new ConsoleSessions(records, () => now).find(first.cookie, first.key)?.role).toBe('read');
    for (let n = 0; n < MAX_CONSOLE_SESSIONS; n++) await enter();
    expect(sessions.size).toBe(MAX_CONSOLE_SESSIONS);
    expect(sessions.find(first.cookie, first.key)).toBeUndefined();
    const last = await enter();
    now += SESSION_MS;
    expect(sessions.find(last.cookie, last.key)).toBeUndefined();
    expect(new ConsoleSessions(records, () => now).size).toBe(0);
  });

  it('are signed out all together, also one that is being signed in', async () => {
    const { records } = openMemoryDirectory();
    const sessions = new ConsoleSessions(records);
    const { secret } = sessions.createLink('read', LINK_MS);
    const made = sessions.signIn(secret);
    await sessions.signOutAll();
    expect(await made).toBeUndefined();
    expect([sessions.size, new ConsoleSessions(records).size]).toEqual([0, 0]);
  });
});

describe('the history', () => {
  const totals = (operations: number) => ({ operations, bytesIn: 0, bytesOut: 0, latency: [] });
  const moment = (time: number, ids: readonly number[], operations = 0): Moment => ({
    time,
    server: totals(operations),
    shares: [],
    connections: ids.map((id) => ({
      id: String(id),
      name: `c${id}`,
      totals: totals(operations),
      client: undefined,
    })),
  });

  it('knows the server before it has been measured', () => {
    const history = new History();
    expect(history.read('server', 'server')).toMatchObject({ name: 'Server', times: [], operations: [] });
    expect(history.read('client', 'nobody')).toBeUndefined();
  });

  it('keeps rates of what has grown, and no more values than it may', () => {
    const ring = new Ring(['a'], 20);
    for (let time = 1; time <= 50; time++) ring.push(time, { a: time });
    expect(ring.read().times).toEqual(Array.from({ length: 20 }, (_, n) => n + 31));
    expect(ring.read(48)).toEqual({ times: [49, 50], a: [49, 50] });
    const history = new History();
    for (const [time, operations] of [
      [0, 0],
      [5, 50],
      [10, 50],
    ] as const)
      history.add(moment(time, [1], operations));
    expect(history.read('server', 'server')).toMatchObject({ times: [5, 10], operations: [10, 0] });
    expect(history.read('connection', '1')).toMatchObject({ operations: [10, 0], p50: [null, null] });
  });

  it('has no more series than it may: the living stay, the dead make room', () => {
    const history = new History();
    const most = HISTORY_LIMITS.connections;
    const ids = Array.from({ length: most + 10 }, (_, n) => n + 1);
    history.add(moment(0, ids));
    const count = () => history.list().series.filter(({ scope }) => scope === 'connection').length;
    expect(count()).toBe(most);
    expect(history.list().left_out).toBe(10);
    history.add(moment(5, ids.slice(1)));
    expect(count()).toBe(most);
    expect(history.read('connection', '1')).toBeUndefined();
    expect(history.list().left_out).toBe(9);
  });

  it('takes percentiles from buckets', () => {
    expect(percentile([], 0.5)).toBeUndefined();
    expect(percentile([10], 0.5)).toBeCloseTo(0.000005);
    expect(percentile([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 0.99)).toBe(2.5);
  });
});

describe('the vitals', () => {
  const commits = { commits: 0, seconds: 0, latency: [] };

  it('know what is free on the disk of the data directory', async () => {
    const vitals = new Vitals(commits, scratchFolder());
    let time = 0;
    const free = await until(async () => {
      vitals.sample(++time);
      return (await vitals.read()).disk_free.at(-1) ?? undefined;
    });
    vitals.close();
    const { disk } = await vitals.read();
    expect(free).toBeGreaterThan(0);
    expect(free).toBeLessThanOrEqual(disk?.total_bytes ?? 0);
  });

  it('have no disk where everything is in memory', async () => {
    const vitals = new Vitals(commits, undefined);
    for (const time of [1, 2]) vitals.sample(time);
    vitals.close();
    expect(await vitals.read()).toMatchObject({ times: [2], disk_free: [null], disk: null });
  });
});
