import type { Session } from './sessions.ts';

/** Which channels of a session a connection carries (RFC 8881 §2.10.3.1). */
export type Direction = 'fore' | 'back' | 'both';

/** One connection's share in one session. */
export interface Binding {
  readonly session: Session;
  direction: Direction;
  readonly boundAt: number;
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
  requests = 0;
  readonly bindings = new Map<Session, Binding>();

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
