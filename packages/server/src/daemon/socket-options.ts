import type { Socket } from 'node:net';
import { descriptorOf } from '@dfs/nfs';
import koffi from 'koffi';

/** Linux's numbers, of setsockopt(2) and tcp(7). */
const IPPROTO_TCP = 6;
const TCP_CONGESTION = 13;
const TCP_USER_TIMEOUT = 18;
const INT_BYTES = 4;
/** The kernel's TCP_CA_NAME_MAX. */
const NAME_BYTES = 16;

/** How long a peer may leave what was sent to it without an acknowledgement: as long as one that is asked by keepalive has to answer. */
export const UNACKNOWLEDGED_MS = 60_000;

const PACED = 'bbr';
const UNPACED = Buffer.from('cubic');

type SetSocketOption = (fd: number, level: number, option: number, value: Buffer, bytes: number) => number;
type GetSocketOption = (fd: number, level: number, option: number, value: Buffer, bytes: [number]) => number;

/** One function of the C library, undefined where this host has none such. */
function find<T>(definition: string): T | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return koffi.load(null).func(definition) as unknown as T;
  } catch {
    return undefined;
  }
}

const setSocketOption = find<SetSocketOption>(
  'int setsockopt(int fd, int level, int option, const void *value, unsigned int bytes)',
);
const getSocketOption = find<GetSocketOption>(
  'int getsockopt(int fd, int level, int option, void *value, _Inout_ unsigned int *bytes)',
);

/**
 * Prepares sockets so that one whose peer has vanished with unacknowledged data closes after `ms`. Keepalive does not look at those, and TCP by
 * itself goes on sending for a quarter of an hour (RFC 5482). Does nothing where the host cannot.
 */
export function closeUnacknowledged(ms: number = UNACKNOWLEDGED_MS): (socket: Socket) => void {
  const value = Buffer.alloc(INT_BYTES);
  value.writeUInt32LE(ms);
  return (socket) => {
    const fd = descriptorOf(socket);
    // What it cannot do is no reason to turn the client away.
    if (fd !== undefined) setSocketOption?.(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, value, value.length);
  };
}

/**
 * Where the host's congestion control is BBR, which has a timer send each segment, the socket gets CUBIC unless it is to stay `paced`. False where it is paced
 * afterwards: then files are not to be sent from the page cache, which takes the timer's pace a piece at a time, at more cost than to copy them.
 */
export function unpaced(socket: Socket, paced: boolean): boolean {
  const fd = descriptorOf(socket);
  if (fd === undefined || !isPaced(fd)) return true;
  if (paced) return false;
  return setSocketOption?.(fd, IPPROTO_TCP, TCP_CONGESTION, UNPACED, UNPACED.length) === 0;
}

function isPaced(fd: number): boolean {
  const name = Buffer.alloc(NAME_BYTES);
  if (getSocketOption?.(fd, IPPROTO_TCP, TCP_CONGESTION, name, [NAME_BYTES]) !== 0) return false;
  return name.toString('latin1').startsWith(PACED);
}

/** All that the daemon does with the socket of a connection before it is served. */
export function preparation({ paced }: { readonly paced: boolean }): (socket: Socket) => boolean {
  const close = closeUnacknowledged();
  return (socket) => {
    close(socket);
    return unpaced(socket, paced);
  };
}
