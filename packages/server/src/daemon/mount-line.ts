import { isIPv6 } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import type { ListenAddress } from '@dfs/nfs';
import { isWildcard } from '../config/address.ts';

/** Connections that the mount line asks for: enough to show trunking, cheap enough for everybody. */
const NCONNECT = 4;

/** The command with which a Linux client mounts the share, ready to be copied into a shell. */
export function mountLine(address: ListenAddress, sharePath: string, minMinorVersion: 1 | 2): string {
  const host = reachableHost(address.host);
  const isV6 = isIPv6(host);
  const options = [
    `vers=4.${minMinorVersion}`,
    `proto=${isV6 ? 'tcp6' : 'tcp'}`,
    `port=${address.port}`,
    `nconnect=${NCONNECT}`,
  ];
  const source = `${isV6 ? `[${host}]` : host}:${sharePath}`;
  return `sudo mount -t nfs4 -o ${options.join(',')} ${shellQuote(source)} /mnt`;
}

/** For "every address" one that other machines can use. */
function reachableHost(host: string): string {
  if (!isWildcard(host)) return host;
  const outward = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .find((entry) => !entry.internal && entry.family === 'IPv4');
  return outward?.address ?? hostname();
}

/** Brackets would be a pattern to the shell. */
function shellQuote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
