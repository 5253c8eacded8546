import { execFile, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import koffi from 'koffi';
import { expect, it } from 'vitest';
import { run } from './helpers/running.ts';

const FIXTURE = path.resolve(import.meta.dirname, 'fixtures/vanished-peer.ts');
const ESTABLISHED = '01';
const [IPPROTO_TCP, TCP_USER_TIMEOUT] = [6, 18];

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

function userTimeout(fd: number): number {
  const call = koffi
    .load(null)
    .func('int getsockopt(int fd, int level, int option, _Out_ uint8_t *value, _Inout_ uint32_t *bytes)');
  const value = Buffer.alloc(4);
  expect(call(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, value, [4])).toBe(0);
  return value.readUInt32LE();
}

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
