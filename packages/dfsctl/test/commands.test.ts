import {
  ApiEvent,
  AuditLog,
  Connection,
  NewToken,
  NfsClientList,
  NfsSettingDefaults,
  NfsSettingsAnswer,
  NfsSettingsChanged,
  SessionDetail,
  SessionList,
  Share,
  ShareList,
  Status,
  TokenList,
} from '@dfs/api';
import type { Session } from '@dfs/nfs/client';
import { type Static, type TSchema, Type } from 'typebox';
import { Check } from 'typebox/value';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Ended } from '../../server/test/helpers/said.ts';
import { runProgram } from '../src/index.ts';
import { Daemon } from './helpers/daemon.ts';
import { mount } from './helpers/traffic.ts';

/** Put together from the pages in which the server gives it. */
const ListedConnections = Type.Object(
  { connections: Type.Array(Connection) },
  { additionalProperties: false },
);

// Commands run in this process, as starting one for each takes longer than all else here; dfsctl.test.ts starts processes.
const said = vi.hoisted(() => ({ stdout: '', stderr: '' }));
vi.mock('../../api/src/terminal/io.ts', () => ({
  say: (text: string) => {
    said.stdout += text;
  },
  complain: (text: string) => {
    said.stderr += text;
  },
}));

const daemon = new Daemon();

async function dfsctlWith(env: Record<string, string>, ...args: string[]): Promise<Ended> {
  Object.assign(said, { stdout: '', stderr: '' });
  const code = await runProgram(args, { ...daemon.env, ...env });
  return { code, ...said };
}

function dfsctl(...args: string[]): Promise<Ended> {
  return dfsctlWith({ DFS_API_SOCKET: daemon.socket }, ...args);
}

let session: Session;
beforeAll(async () => {
  await daemon.start();
  session = await mount(daemon.port, { owner: 'client one', connections: 4, both: 1 });
});
afterAll(async () => {
  await session?.client.close();
  await daemon.remove();
});

async function json(...args: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await dfsctl(...args, '-o', 'json');
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

async function asked<S extends TSchema>(schema: S, ...args: string[]): Promise<Static<S>> {
  const value = await json(...args);
  expect(Check(schema, value), JSON.stringify(value)).toBe(true);
  return value as Static<S>;
}

const sessionId = () => session.id.toString('hex');

describe('what a server has, with a client on four connections', () => {
  it.each([
    [['status'], Status],
    [['client', 'list'], NfsClientList],
    [['client', 'sessions', 'list'], SessionList],
    [['client', 'connections', 'list'], ListedConnections],
    [['share', 'list'], ShareList],
    [['token', 'list'], TokenList],
    [['adapter', 'settings', 'nfs', 'show'], NfsSettingsAnswer],
    [['adapter', 'settings', 'nfs', 'defaults'], NfsSettingDefaults],
    [['adapter', 'settings', 'nfs', 'audit'], AuditLog],
  ] as const)('%j is JSON as the API says', async (args, schema) => {
    await asked(schema, ...args);
  });

  it('lists clients', async () => {
    const { stdout } = await dfsctl('client', 'list');
    const [head = '', row = '', ...rest] = stdout.trimEnd().split('\n');
    expect(rest).toEqual([]);
    expect(head.split(/ {2,}/)).toEqual([
      'CLIENT',
      'ADDRESS',
      'OWNER',
      'LEASE',
      'SESSIONS',
      'CONNECTIONS',
      'OPENS',
      'LOCKS',
      'DELEGATIONS',
    ]);
    expect(row.split(/ {2,}/).slice(1)).toEqual([
      '127.0.0.1',
      'client one',
      'active',
      '1',
      '4',
      '0',
      '0',
      '0',
    ]);
    expect(stdout).not.toContain('\u001b');
  });

  it('lists sessions with their connections by direction', async () => {
    const { stdout } = await dfsctl('client', 'sessions', 'list');
    expect(stdout).toContain('CONNECTIONS');
    expect(stdout).toContain(`${sessionId()}   4 (2f 0b 2fb)`);
    const wide = await dfsctl('client', 'session', 'show', sessionId().slice(-6));
    expect(wide.stdout).toMatch(/ID +DIRECTION +REMOTE/);
    expect(wide.stdout.match(/^\d+ +(fore|both) +127\.0\.0\.1:\d+/gm)).toHaveLength(4);
    const detail = await asked(SessionDetail, 'client', 'sessions', 'show', sessionId());
    expect(detail.connection_summary).toEqual({ fore: 2, back: 0, both: 2, total: 4 });
  });

  it('lists connections, and those of a client', async () => {
    const [client] = (await asked(NfsClientList, 'client', 'list')).clients;
    const all = await asked(
      ListedConnections,
      'client',
      'connections',
      'list',
      client?.client_id.slice(-4) ?? '',
    );
    expect(all.connections).toHaveLength(4);
    const { stdout } = await dfsctl('client', 'connections', 'list');
    expect(stdout.match(new RegExp(`${sessionId()} (fore|both)`, 'g'))).toHaveLength(4);
    const shown = await dfsctl('client', 'show', client?.client_id ?? '');
    expect(shown.stdout).toContain('Owner         client one');
    expect(shown.stdout).toContain('4 (2f 0b 2fb)');
  });

  it('says what there is none of', async () => {
    for (const args of [
      ['client', 'show', 'ffff'],
      ['client', 'sessions', 'show', 'ffff'],
      ['client', 'connections', 'drain', '999999'],
      ['share', 'delete', 'nothing'],
      ['token', 'revoke', 'nobody'],
    ]) {
      const { code, stdout, stderr } = await dfsctl(...args);
      expect([args, code, stdout]).toEqual([args, 5, '']);
      expect(stderr).toMatch(/^dfsctl: there is no (client|session|connection|share|token) "/);
    }
  });

  it('remembers what happened', async () => {
    const { stdout } = await daemon.run('events', '-o', 'json');
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as ApiEvent);
    for (const event of events) expect(Check(ApiEvent, event), JSON.stringify(event)).toBe(true);
    expect(events.filter((event) => event.type === 'bind').length).toBeGreaterThanOrEqual(4);
    const some = await daemon.run('events', '--types', 'session');
    expect(some.stdout).toMatch(
      new RegExp(`^\\S+Z {2}session +session ${sessionId()} created by client \\w+\n$`),
    );
  });
});

describe('settings', () => {
  const nfs = ['adapter', 'settings', 'nfs'] as const;

  it('are changed at once, shown as changed, and reset', async () => {
    const name = 'v4_max_connections_per_session';
    const dry = await asked(
      NfsSettingsChanged,
      ...nfs,
      'update',
      '--v4-max-connections-per-session',
      '8',
      '--dry-run',
    );
    expect(dry).toMatchObject({ dry_run: true, changes: [{ setting: name, from: 16, to: 8 }] });
    expect((await asked(NfsSettingsAnswer, ...nfs, 'show')).settings[name]).toBe(16);
    const { stdout } = await dfsctl(
      ...nfs,
      'update',
      '--v4-max-connections-per-session',
      '8',
      '--lease-time',
      '2m',
    );
    expect(stdout).toContain(`${name}: 16 -> 8\n`);
    expect(stdout).toContain('lease_time: 90 s -> 120 s\n');
    const shown = await dfsctl(...nfs, 'show');
    expect(shown.stdout).toMatch(/^v4_max_connections_per_session +8 +16 +changed +api/m);
    expect(shown.stdout).toMatch(/^max_clients +10000 +10000 +default/m);
    expect((await dfsctl(...nfs, 'audit')).stdout).toContain(`${name}: 16 -> 8`);
    expect((await dfsctl(...nfs, 'reset', 'lease-time')).stdout).toContain('lease_time: 120 s -> 90 s');
    const reset = await asked(NfsSettingsChanged, ...nfs, 'reset', '--all');
    expect(reset.changes).toEqual([{ setting: name, from: 8, to: 16 }]);
  });

  it.each(['1025', '-1', 'many'])('refuse %s with the range, and change nothing', async (value) => {
    const { code, stdout, stderr } = await dfsctl(
      ...nfs,
      'update',
      '--v4-max-connections-per-session',
      value,
      '--lease-time',
      '5',
    );
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^dfsctl: nothing has been changed\n {2}--v4-max-connections-per-session: /);
    expect(stderr).toContain(
      value === 'many' ? 'not a whole number' : 'out of range: a whole number, 0 to 1024',
    );
    expect(stderr).toContain('--lease-time: "5" is out of range: 10 to 3600 seconds');
  });

  it('tell what the server refuses, by field', async () => {
    const { code, stderr } = await dfsctl(
      ...nfs,
      'update',
      '--v4-min-minor-version',
      '2',
      '--v4-max-minor-version',
      '1',
    );
    expect(code).toBe(5);
    expect(stderr).toMatch(
      /^dfsctl: .*nothing has changed\n {2}v4_min_minor_version: .*\n {2}v4_max_minor_version: /,
    );
  });

  it('guard against lost updates', async () => {
    const { version } = await asked(NfsSettingsAnswer, ...nfs, 'show');
    const update = (guard: number) =>
      dfsctl(...nfs, 'update', '--callback-timeout', '11', '--if-version', String(guard));
    expect(await update(version + 1)).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('try again'),
    });
    expect((await update(version)).code).toBe(0);
  });

  it.each([
    [['update'], 'name a setting'],
    [['reset'], 'or say --all'],
    [['reset', 'lease_tme'], 'did you mean lease_time?'],
    [['update', '--lease-tme', '5'], "unknown option '--lease-tme'"],
    [['audit', '--limit', '0'], '1 to 1000'],
  ])('refuse %j', async (args, why) => {
    const { code, stderr } = await dfsctl(...nfs, ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(why);
  });
});

describe('shares', () => {
  it('are created, changed and deleted', async () => {
    const created = await dfsctl(
      'share',
      'create',
      '/home',
      '--allow',
      '10.0.0.0/8',
      '--squash',
      'all',
      '--anon-uid',
      '7',
    );
    expect(created.stderr).toBe('');
    expect(created.stdout).toMatch(
      /^created \/home\n\n.*\n\/home +read-write +all to 7:65534 +0 B +0 +10\.0\.0\.0\/8\n$/,
    );
    expect((await dfsctl('share', 'create', 'home')).code).toBe(5);
    const updated = await dfsctl('share', 'update', 'home', '--read-only', '--everybody');
    expect(updated.stdout).toMatch(/\/home +read-only +all to 7:65534 +0 B +0 +everybody\n$/);
    expect((await dfsctl('share', 'update', 'home')).code).toBe(2);
    expect((await dfsctl('share', 'delete', '/home', '--delete-data')).stdout).toBe(
      'deleted /home with its data\n',
    );
    expect((await asked(ShareList, 'share', 'list')).shares.map(({ path }) => path)).toEqual(['/export']);
  });

  it('have quotas, in units that people write', async () => {
    const created = await dfsctl('share', 'create', '/q', '--quota-bytes', '10G', '--quota-files', '1000');
    expect(created.stdout).toMatch(/\/q .* 0 B of 10\.0 GiB +0 of 1,000 +everybody\n$/);
    const updated = await dfsctl('share', 'update', 'q', '--quota-bytes', '512MiB', '--quota-files', '0');
    expect(updated.stdout).toMatch(/\/q .* 0 B of 512 MiB +0 +everybody\n$/);
    expect(await asked(Share, 'share', 'show', '/q')).toMatchObject({
      quota_bytes: 512 * 1024 ** 2,
      quota_files: 0,
      used_bytes: 0,
    });
    for (const wrong of ['-1', '1.5G', '10 parsecs', '99999999T']) {
      const { code, stderr } = await dfsctl('share', 'update', 'q', `--quota-bytes=${wrong}`);
      expect([wrong, code]).toEqual([wrong, 2]);
      expect(stderr).toContain('--quota-bytes');
    }
    expect((await dfsctl('share', 'delete', 'q', '--delete-data')).code).toBe(0);
  });

  it('are refused by field', async () => {
    const { code, stderr } = await dfsctl('share', 'create', '/x', '--allow', 'everywhere');
    expect(code).toBe(5);
    expect(stderr).toContain('everywhere');
  });
});

describe('tokens and remote servers', () => {
  it('log in, are used, listed and revoked', async () => {
    const remote = (...args: string[]) => dfsctlWith({}, ...args);
    const made = await asked(NewToken, 'token', 'create', 'tests', '--role', 'read', '--expires', '1h');
    const login = await daemon.runInput({}, `${made.token}\n`, 'login', daemon.url, '--name', 'here');
    expect(login).toMatchObject({ code: 0, stderr: '' });
    expect((await remote('context', 'list')).stdout).toMatch(/^\* +here +http:\/\/127\.0\.0\.1:\d+ +yes$/m);
    expect((await remote('client', 'list')).stdout).toContain('client one');
    const refused = await remote('adapter', 'settings', 'nfs', 'update', '--lease-time', '60');
    expect(refused.code).toBe(5);
    expect((await dfsctl('token', 'list')).stdout).toMatch(/tests +read/);
    expect((await dfsctl('token', 'list')).stdout).not.toContain(made.token);
    expect((await dfsctl('token', 'revoke', 'tests')).code).toBe(0);
    expect(await remote('client', 'list')).toMatchObject({ code: 5, stdout: '' });
    expect((await remote('context', 'use', 'local')).code).toBe(0);
    expect((await remote('context', 'remove', 'here')).code).toBe(0);
    expect((await remote('context', 'list')).stdout).not.toContain('here  ');
  });

  it('are refused where the token is wrong, and nothing is kept', async () => {
    const wrong = await daemon.runInput({}, 'wrong\n', 'login', daemon.url);
    expect(wrong).toMatchObject({ code: 5, stdout: '', stderr: expect.stringContaining('DFS_API_TOKEN') });
    expect((await dfsctlWith({}, 'context', 'list')).stdout.split('\n')).toHaveLength(3);
    const none = await dfsctlWith({}, '--server', daemon.url, 'client', 'list');
    expect(none).toMatchObject({ code: 5, stdout: '' });
    const flagged = await dfsctlWith({}, '--server', daemon.url, '--token', 'a b', 'client', 'list');
    expect(flagged).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('draining and ending', () => {
  it('drains a connection, a session and a client', async () => {
    const other = await mount(daemon.port, { owner: 'drained', connections: 3 });
    const { connections } = await asked(ListedConnections, 'client', 'connections', 'list');
    const last = connections.at(-1)?.connection_id;
    const one = await dfsctl('client', 'connections', 'drain', `#${last}`, '--timeout', '2');
    expect(one.stdout).toMatch(new RegExp(`^drained connection ${last} from .*: 1 connection closed\n$`));
    const whole = await dfsctl('client', 'sessions', 'drain', other.id.toString('hex'));
    expect(whole.stdout).toMatch(/: 2 connections closed\n$/);
    const { clients } = await asked(NfsClientList, 'client', 'list');
    const id = clients.find(({ owner }) => owner === 'drained')?.client_id ?? '';
    expect(await json('drain', 'client', id)).toEqual({ connections: 0, forced: 0 });
    expect((await dfsctl('client', 'evict', id)).stdout).toBe(`evicted client ${id}\n`);
    const left = await asked(NfsClientList, 'client', 'list');
    expect(left.clients.map(({ owner }) => owner)).toEqual(['client one']);
    await other.client.close();
  });

  it('ends a session', async () => {
    const other = await mount(daemon.port, { owner: 'ended', connections: 2 });
    const id = other.id.toString('hex');
    expect((await dfsctl('client', 'sessions', 'destroy', id)).stdout).toBe(`ended session ${id}\n`);
    expect((await dfsctl('client', 'sessions', 'show', id)).code).toBe(5);
    await other.client.close();
  });

  it('drains an address and the server, and takes connections again', async () => {
    const address = `127.0.0.1:${daemon.port}`;
    for (const what of [['address', address], ['server']]) {
      expect((await dfsctl('drain', ...what)).code).toBe(0);
      await expect(mount(daemon.port, { owner: 'refused', connections: 1 })).rejects.toThrow();
      expect((await dfsctl('undrain', ...what)).code).toBe(0);
      const again = await mount(daemon.port, { owner: 'taken', connections: 1 });
      await again.client.close();
    }
    expect((await dfsctl('drain', 'address', '192.0.2.1:1')).code).toBe(5);
    expect((await dfsctl('drain', 'server', '--timeout', '-1')).code).toBe(2);
  });
});
