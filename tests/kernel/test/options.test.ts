import { expect, test } from 'vitest';
import { parseOptions } from '../options.ts';
import { Refusal } from '../rig/process.ts';

const waysFor = (...args: readonly string[]) => {
  const options = parseOptions(args);
  return typeof options === 'string' ? [] : options.combinations;
};
const steering = { vers: '4.2', nconnect: 1, steered: true };

test('four ways to mount and a guest for what steers the server, unless some are named', () => {
  expect(parseOptions([])).toMatchObject({ full: false, capture: true, server: undefined });
  expect(waysFor()).toEqual([
    { vers: '4.1', nconnect: 1, steered: false },
    { vers: '4.1', nconnect: 8, steered: false },
    { vers: '4.2', nconnect: 1, steered: false },
    { vers: '4.2', nconnect: 8, steered: false },
    steering,
  ]);
  const one = parseOptions(['--vers', '4.2', '--nconnect', '16', '--only', 'tar,fsx']);
  expect(one).toMatchObject({
    combinations: [{ vers: '4.2', nconnect: 16, steered: false }],
    workloads: ['tar.sh', 'fsx.sh'],
  });
});

test('what steers the server runs once, in a guest of its own, and only where dfs was started for it', () => {
  expect(waysFor('--only', 'count,limit,drain,cut')).toEqual([steering]);
  expect(waysFor('--only', 'tar,cut', '--vers', '4.1', '--nconnect', '8')).toEqual([
    { vers: '4.1', nconnect: 8, steered: false },
    { ...steering, vers: '4.1' },
  ]);
  expect(waysFor('--server', '127.0.0.1:2049:/a').filter(({ steered }) => steered)).toEqual([]);
  expect(waysFor('--exec', 'ls').filter(({ steered }) => steered)).toEqual([]);
});

test('what seldom runs is left out unless everything is wanted, or it is named', () => {
  const workloadsFor = (...args: readonly string[]) => {
    const options = parseOptions(args);
    return typeof options === 'string' ? [] : options.workloads;
  };
  for (const name of ['addresses', 'delegations', 'kills']) {
    expect(workloadsFor()).not.toContain(`${name}.py`);
    expect(workloadsFor('--full')).toContain(`${name}.py`);
    expect(workloadsFor('--only', name)).toEqual([`${name}.py`]);
    expect(waysFor('--only', name)).toEqual([steering]);
  }
});

test('a server is a host, a port and a path', () => {
  const server = (text: string) => parseOptions(['--server', text]);
  expect(server('127.0.0.1:2049:/a/b')).toMatchObject({
    server: { address: { host: '127.0.0.1', port: 2049 }, path: '/a/b' },
  });
  expect(server('[::1]:2049:/')).toMatchObject({
    server: { address: { host: '::1', port: 2049 }, path: '/' },
  });
  for (const wrong of ['host', 'host:1', 'host:0:/x', 'host:65536:/x', 'host:1:x']) {
    expect(() => server(wrong), wrong).toThrow(Refusal);
  }
});

test.each([
  ['--vers', '5'],
  ['--nconnect', '0'],
  ['--nconnect', '17'],
  ['--only', 'nothing'],
  ['--kernel', 'buster'],
  ['--seed', '-1'],
  ['--fsx-steps', '1.5'],
  ['--unknown'],
  ['stray'],
])('refused: %s %s', (...args) => {
  expect(() => parseOptions(args.filter((arg) => arg !== undefined))).toThrow(Refusal);
});

test('--help and --list are texts', () => {
  expect(parseOptions(['--help'])).toContain('--server');
  expect(parseOptions(['--list'])).toContain('git-clone');
});
