import { writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { DEFAULT_LIMITS } from '@dfs/nfs';
import { DEFAULT_STORAGE_LIMITS } from '@dfs/storage';
import { Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { SETTING_KEYS, settingOf } from '../src/config/settings.ts';
import { problemsOf, resolve, scratchFolder } from './helpers/config.ts';

describe('the settings table', () => {
  it('has the defaults of engine and stores', () => {
    const { values } = resolve({});
    expect(values.memory_size).toBe(DEFAULT_STORAGE_LIMITS.memoryBytes);
    expect(values.max_connections).toBe(DEFAULT_LIMITS.maxConnections);
    expect(values.max_clients).toBe(DEFAULT_LIMITS.maxClients);
    expect(values.max_sessions_per_client).toBe(DEFAULT_LIMITS.maxSessionsPerClient);
    expect(values.max_session_slots).toBe(DEFAULT_LIMITS.maxSessionSlots);
    expect(values.max_compound_ops).toBe(DEFAULT_LIMITS.maxCompoundOps);
    expect(values.max_read_size).toBe(DEFAULT_LIMITS.maxReadSize);
    expect(values.max_write_size).toBe(DEFAULT_LIMITS.maxWriteSize);
  });

  it.each(SETTING_KEYS)('takes back what it shows of %s, and explains it', (key) => {
    const { kind, default: value, defaultText, description } = settingOf(key);
    const shown = kind.show(value);
    if (shown === null) expect(defaultText).toBeTruthy();
    else expect(kind.parse(shown)).toEqual(value);
    expect(description).toMatch(/^[A-Z].*\.$/s);
  });

  it.each([
    ['lease_time', '10', 10],
    ['lease_time', '3600', 3600],
    ['lease_time', '15s', 15],
    ['grace_period', '2m', 120],
    ['max_read_size', '4KiB', 4096],
    ['max_write_size', '16MiB', 16 * 1024 * 1024],
    ['max_write_size', '65536', 65_536],
    ['memory', 'yes', true],
    ['memory', 'off', false],
    ['v4_min_minor_version', '2', 2],
    [
      'listen',
      '127.0.0.1:1,[::1]:2',
      [
        { host: '127.0.0.1', port: 1 },
        { host: '::1', port: 2 },
      ],
    ],
  ] as const)('reads --set %s=%s', (key, text, value) => {
    expect(resolve({ set: [`${key}=${text}`] }).values[key]).toEqual(value);
  });

  it.each([
    ['lease_time=9', '10 to 3600'],
    ['lease_time=3601', '10 to 3600'],
    ['lease_time=1.5', 'whole number'],
    ['lease_time=', 'whole number'],
    ['lease_time=1e2', 'whole number'],
    ['lease_time=99999999999999999999', '10 to 3600'],
    ['max_read_size=4095', '4KiB to 16MiB'],
    ['max_read_size=17MiB', '4KiB to 16MiB'],
    ['max_read_size=1MB', 'unknown unit'],
    ['v4_max_minor_version=3', '1 or 2'],
    ['memory=perhaps', 'neither true nor false'],
    ['lease_tim=20', 'did you mean lease_time?'],
    ['lease-time=20', 'did you mean lease_time?'],
    ['nothing_like_it=20', 'dfs config show'],
    ['lease_time', '--set lease_time=VALUE'],
    ['__proto__=1', 'not a setting'],
    ['domain=-', 'DNS name'],
  ])('refuses --set %s', (text, message) => {
    const [problem, ...more] = problemsOf(() => resolve({ set: [text] }));
    expect(more).toEqual([]);
    expect(problem?.where).toContain('--set ');
    expect(problem?.message).toContain(message);
  });
});

describe('the sources', () => {
  it('count in the order file, environment, flags', () => {
    const folder = scratchFolder();
    writeFileSync(path.join(folder, 'c.yaml'), 'lease_time: 11\nmax_clients: 11\nmax_connections: 11\n');
    const env = { DFS_CONFIG: 'c.yaml', DFS_MAX_CLIENTS: '12', DFS_MAX_CONNECTIONS: '12' };
    const { values, origins, file } = resolve({ set: ['max_connections=13'] }, env, folder);
    expect([values.lease_time, values.max_clients, values.max_connections]).toEqual([11, 12, 13]);
    expect(file).toBe(path.join(folder, 'c.yaml'));
    expect(origins.lease_time).toEqual({ source: 'file', where: 'c.yaml:1:13' });
    expect(origins.max_clients).toEqual({
      source: 'environment',
      where: 'environment variable DFS_MAX_CLIENTS',
    });
    expect(origins.max_connections.source).toBe('flag');
    expect(origins.domain).toEqual({ source: 'default', where: '' });
  });

  it('check a value even where a stronger one overrides it', () => {
    const problems = problemsOf(() => resolve({ set: ['lease_time=20'] }, { DFS_LEASE_TIME: '1' }));
    expect(problems.map((p) => p.where)).toEqual(['environment variable DFS_LEASE_TIME']);
  });

  it("let the last --set win, and a key's own flag over --set", () => {
    const { values } = resolve({
      set: ['lease_time=20', 'lease_time=30', 'log.level=debug'],
      logLevel: 'warn',
    });
    expect(values.lease_time).toBe(30);
    expect(values['log.level']).toBe('warn');
  });

  it('replace the list of addresses, and add up the shares', () => {
    const flags = { listen: ['127.0.0.1:1', '[::1]:2'], share: ['/a,ro', '/c'] };
    const env = { DFS_LISTEN: '127.0.0.1:9', DFS_SHARES: '/a,squash=all /b;/d' };
    const { values } = resolve(flags, env);
    expect(values.listen).toEqual([
      { host: '127.0.0.1', port: 1 },
      { host: '::1', port: 2 },
    ]);
    expect(values.shares.map((share) => [share.path, share.squash, share.readOnly])).toEqual([
      ['/b', 'root', false],
      ['/d', 'root', false],
      ['/a', 'root', true],
      ['/c', 'root', false],
    ]);
  });

  it.each(SETTING_KEYS.filter((key) => settingOf(key).flag !== undefined))('read the flag of %s', (key) => {
    const { flag = '', kind, default: value } = settingOf(key);
    const name = new Option(flag).attributeName();
    const wrong = problemsOf(() => resolve({ [name]: '\0' }));
    expect(wrong.map(({ where }) => where)).toEqual([`${flag.split(' ')[0]} \0`]);
    const shown = kind.show(value);
    if (shown !== null) expect(resolve({ [name]: shown }).origins[key].source).toBe('flag');
  });

  it('name the flag that is wrong', () => {
    const flags = { listen: ['127.0.0.1:1', '::1:2'], share: ['/ok', '/a,sqash=none'], api: '1.2.3.4:5' };
    const problems = problemsOf(() => resolve(flags));
    expect(problems.map((p) => `${p.where}: ${p.message}`)).toEqual([
      '--listen ::1:2: listen: "::1:2" is not HOST:PORT: put the IPv6 address in brackets: [::1]:2',
      '--share /a,sqash=none: shares: "sqash" is not an option of a share: did you mean squash?',
      expect.stringMatching(/^--api 1.2.3.4:5: api: .* api_tls_cert/),
    ]);
  });

  it('refuse shares of two sources that hide each other', () => {
    const [problem] = problemsOf(() => resolve({ share: ['/x', '/a/b'] }, { DFS_SHARES: '/a' }));
    expect(problem).toEqual({
      where: '--share /a/b',
      message: 'the shares /a and /a/b lie one inside the other',
    });
  });

  it('keep paths where they were named, with ~ for the home directory', () => {
    expect(resolve({ data: 'd' }, {}, '/somewhere').values.data).toBe('/somewhere/d');
    expect(resolve({}, { DFS_DATA: '~/d' }).values.data).toBe(path.join(homedir(), 'd'));
    expect(problemsOf(() => resolve({ apiSocket: `/${'x'.repeat(120)}` }))[0]?.message).toContain('shorter');
  });
});

describe('data directory or memory', () => {
  it('takes what the stronger source says', () => {
    expect(resolve({ memory: true }, { DFS_DATA: '/d' }).values).toMatchObject({
      memory: true,
      data: undefined,
    });
    expect(resolve({ data: '/d' }, { DFS_MEMORY: 'yes' }).values).toMatchObject({
      memory: false,
      data: '/d',
    });
  });

  it('refuses both from one source', () => {
    expect(problemsOf(() => resolve({ memory: true, data: '/d' }))[0]?.where).toContain('--memory');
  });
});

describe('the environment', () => {
  it('refuses what is nearly a setting and reports what is not', () => {
    expect(problemsOf(() => resolve({}, { DFS_LISTN: 'x' }))).toEqual([
      { where: 'environment variable DFS_LISTN', message: 'not a setting: did you mean DFS_LISTEN?' },
    ]);
    expect(resolve({}, { DFS_TEST_SEED: '7', OTHER: 'x' }).unknownVariables).toEqual(['DFS_TEST_SEED']);
  });

  it('leaves alone what Kubernetes makes for a service called dfs, and empty variables', () => {
    const env = {
      DFS_SERVICE_HOST: '10.0.0.1',
      DFS_SERVICE_PORT_NFS: '12049',
      DFS_PORT: 'tcp://10.0.0.1:12049',
      DFS_PORT_12049_TCP_ADDR: '10.0.0.1',
      DFS_API: '',
    };
    const { unknownVariables, values } = resolve({}, env);
    expect(unknownVariables).toEqual([]);
    expect(values.api).toBeUndefined();
  });
});
