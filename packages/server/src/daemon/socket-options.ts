import type { Socket } from 'node:net';
import koffi from 'koffi';

/** Linux's numbers, of setsockopt(2) and tcp(7). */
const IPPROTO_TCP = 6;
const TCP_USER_TIMEOUT = 18;
const INT_BYTES = 4;

/** How long a peer may leave what was sent to it without an acknowledgement: as long as one that is asked by keepalive has to answer. */
export const UNACKNOWLEDGED_MS = 60_000;

type SetSocketOption = (fd: number, level: number, option: number, value: Buffer, bytes: number) => number;

/** Undefined where this host has no such call, or no such option. */
function find(): SetSocketOption | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const definition = 'int setsockopt(int fd, int level, int option, const void *value, unsigned int bytes)';
    return koffi.load(null).func(definition) as unknown as SetSocketOption;
  } catch {
    return undefined;
  }
}

const setSocketOption = find();

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

/** Node.js has no public way to ask for it. */
function descriptorOf(socket: Socket): number | undefined {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly fd?: number } | null };
  const fd = handle?.fd;
  return fd === undefined || fd < 0 ? undefined : fd;
}
