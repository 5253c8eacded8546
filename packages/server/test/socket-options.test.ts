import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import koffi from 'koffi';
import { expect, it } from 'vitest';
import { run } from './helpers/running.ts';

const FIXTURE = path.resolve(import.meta.dirname, 'fixtures/vanished-peer.ts');
const ESTABLISHED = '01';
const [IPPROTO_TCP, TCP_CONGESTION, TCP_USER_TIMEOUT] = [6, 13, 18];

/** Descriptors of this process that are sockets accepted at this port. */
function acceptedAt(port: number): number[] {
  const hex = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync('/proc/self/net/tcp', 'utf8')
    .split('\n')
    .map((row) => row.trim().split(/\s+/));
  const inodes = rows
    .filter(([, local, , state]) => local?.endsWith(hex) && state === ESTABLISHED)
    .map((fields) => fields[9]);
  return readdirSync('/proc/self/fd')
    .filter((fd) => {
      try {
        return inodes.some((inode) => readlinkSync(`/proc/self/fd/${fd}`) === `socket:[${inode}]`);
      } catch {
        return false;
      }
    })
    .map(Number);
}

function optionOf(fd: number, option: number, bytes: number): Buffer {
  const call = koffi
    .load(null)
    .func('int getsockopt(int fd, int level, int option, _Out_ uint8_t *value, _Inout_ uint32_t *bytes)');
  const value = Buffer.alloc(bytes);
  expect(call(fd, IPPROTO_TCP, option, value, [bytes])).toBe(0);
  return value;
}

const userTimeout = (fd: number): number => optionOf(fd, TCP_USER_TIMEOUT, 4).readUInt32LE();

const congestionOf = (fd: number): string =>
  optionOf(fd, TCP_CONGESTION, 16).toString('latin1').replace(/\0.*$/s, '');

it.runIf(process.platform === 'linux')(
  'every connection has a bound for what is not acknowledged',
  async () => {
    const server = await run();
    const session = await server.mount();
    await session.renew({ connection: await session.addConnection() });
    const sockets = acceptedAt(server.port);
    expect(sockets.map(userTimeout)).toEqual([60_000, 60_000]);
  },
);

const HOST_CONGESTION = '/proc/sys/net/ipv4/tcp_congestion_control';

it.runIf(existsSync(HOST_CONGESTION)).each([
  ['leaves what the host chose', 'true'],
  ['has CUBIC in place of BBR', 'false'],
])('a connection %s, with tcp_pacing %s', async (_what, paced) => {
  const server = await run({ memory: true, set: [`tcp_pacing=${paced}`] });
  await server.mount();
  const host = readFileSync(HOST_CONGESTION, 'utf8').trim();
  const wanted = paced === 'false' && host.startsWith('bbr') ? 'cubic' : host;
  expect(acceptedAt(server.port).map(congestionOf)).toEqual([wanted]);
});

/** Root may make a network namespace, and break what is in it. */
const canBreakNetworks = spawnSync('unshare', ['-n', 'ip', 'link', 'set', 'lo', 'up']).status === 0;

it.runIf(canBreakNetworks)(
  'a peer that vanishes with unacknowledged data is let go',
  async () => {
    const command = ['-n', process.execPath, FIXTURE];
    const { stdout } = await promisify(execFile)('unshare', command, { timeout: 110_000 });
    expect(stdout.trim()).toBe('closed');
  },
  120_000,
);
