import { expect, test } from 'vitest';
import { parseOptions } from '../options.ts';
import { Refusal } from '../rig/process.ts';

test('four ways to mount, unless some are named', () => {
  const all = parseOptions([]);
  expect(all).toMatchObject({ full: false, capture: true, server: undefined });
  expect(typeof all === 'string' ? [] : all.combinations).toHaveLength(4);
  const one = parseOptions(['--vers', '4.2', '--nconnect', '16', '--only', 'tar,fsx']);
  expect(one).toMatchObject({
    combinations: [{ vers: '4.2', nconnect: 16 }],
    workloads: ['tar.sh', 'fsx.sh'],
  });
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
