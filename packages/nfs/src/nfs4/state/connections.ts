import { Load } from '../load.ts';
import type { Session } from './sessions.ts';

/** Which channels of a session a connection carries (RFC 8881 §2.10.3.1). */
export type Direction = 'fore' | 'back' | 'both';

/** One connection's share in one session. */
export interface Binding {
  readonly session: Session;
  direction: Direction;
  readonly boundAt: number;
  readonly connection: Connection;
  /** What is known of it as a way for callbacks: nothing yet, that they arrive, or that the last did not. */
  callbacks: 'unproven' | 'up' | 'down';
}

/** What a socket has carried; its owner counts. */
export interface Traffic {
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** A reply may end with a stretch of a file. */
  readonly sendsStretches?: boolean;
}

/** A transport connection as the state engine knows it: by its number. */
export class Connection {
  /** Counts up from 1 for each start of the server. */
  readonly id: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** Milliseconds since 1970. */
  readonly openedAt: number;
  lastActivity: number;
  /** The same of the monotonic clock; undefined until something came. */
  heardAt: number | undefined;
  requests = 0;
  traffic: Traffic = { bytesIn: 0, bytesOut: 0 };
  readonly load = new Load();
  /** It is about to be closed: nothing new is executed on it, and no callback sent. */
  draining = false;
  /** Its clients are to do without it, and may not take it up again: what they ask over it is answered until it is closed. */
  leaving = false;
  readonly bindings = new Map<Session, Binding>();
  /** The one of those that its last request came by: most often the next does, too. */
  lastUsed: Binding | undefined;
  /** Sessions beyond whose limit it came, and whose requests it carries all the same. */
  readonly guestOf = new Set<Session>();

  constructor(
    id: number,
    remote: { readonly address: string; readonly port: number },
    local: { readonly address: string; readonly port: number },
    now: number,
  ) {
    this.id = id;
    this.remoteAddress = remote.address;
    this.remotePort = remote.port;
    this.localAddress = local.address;
    this.localPort = local.port;
    this.openedAt = now;
    this.lastActivity = now;
  }
}

export const carriesFore = (binding: Binding): boolean => binding.direction !== 'back';
export const carriesBack = (binding: Binding): boolean => binding.direction !== 'fore';

/** "address:port", IPv6 addresses in brackets. */
export function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
