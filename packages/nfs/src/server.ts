export { createNfsServer } from './create-server.ts';

import type { Socket } from 'node:net';
import type { Clock, EventListener, Randomness, StateStore } from './contracts.ts';
import type { Control } from './control.ts';
import type { FileSystem } from './vfs/index.ts';
import type { WaitingListener } from './waiting-listener.ts';

/** Whose requests a share takes for somebody else's: root's (the default), everybody's, nobody's. */
export type SquashMode = 'root' | 'all' | 'none';

/** A file system and the terms on which it is served. */
export interface Share {
  /** 1 to 2^32 - 1, the same for as long as the share lives: it is part of every file handle. */
  readonly id: number;
  /** Absolute, as clients mount it: "/export", "/home/alice". Each part is a name of at most 255 bytes. */
  readonly path: string;
  readonly fileSystem: FileSystem;
  readonly readOnly?: boolean;
  /** Addresses and networks (CIDR) that may use it; all where absent. */
  readonly clients?: readonly string[];
  readonly squash?: SquashMode;
  /** Who a squashed caller becomes; 65534 (nobody) where absent. */
  readonly anonymousUid?: number;
  readonly anonymousGid?: number;
  /** Grant delegations of its files; true where absent. */
  readonly delegations?: boolean;
  /** Refuses callers whose source port is 1024 or above. */
  readonly requirePrivilegedPort?: boolean;
}

export interface ListenAddress {
  readonly host: string;
  /** 0 to 65,535; 0 takes any free port. */
  readonly port: number;
}

export interface NfsServerOptions {
  readonly shares: readonly Share[];
  /** Seconds, 10 to 3,600 (lower in tests); 90 where absent. */
  readonly leaseTime?: number;
  /** Seconds; the lease time where absent. */
  readonly gracePeriod?: number;
  /** Grant delegations; true where absent. */
  readonly delegations?: boolean;
  /** Seconds that a client has to return a delegation after CB_RECALL before it is revoked; the lease time where absent. */
  readonly delegationRecallTimeout?: number;
  /** Nothing is kept across a restart where absent. */
  readonly stateStore?: StateStore;
  readonly clock?: Clock;
  readonly randomness?: Randomness;
  readonly onEvent?: EventListener;
  /** For owner strings "name@domain"; "localdomain" where absent. */
  readonly domain?: string;
  /** Names for numeric ids and back. Numbers as strings are always understood. */
  readonly names?: NameService;
  /** Any of the numbers of `limits.ts`, otherwise its default. */
  readonly limits?: Partial<import('./limits.ts').Limits>;
  readonly minMinorVersion?: 1 | 2;
  readonly maxMinorVersion?: 1 | 2;
  /** 0 to 1,024, 0 is unlimited; 16 where absent. */
  readonly maxConnectionsPerSession?: number;
  /** Seconds that a client has for the answer to one callback; 10 where absent. */
  readonly callbackTimeout?: number;
  /** Measure how long operations take, at a tenth of a microsecond each; true where absent. */
  readonly operationTimes?: boolean;
  /**
   * Gets each accepted connection's socket before anything is read from it: for options of it that Node.js has no call for. Must not throw. False where
   * stretches of files are not to be sent over it ({@link FileSystem.stretch}).
   */
  readonly prepareSocket?: (socket: Socket) => boolean | void;
  /** Names of operations that answer NFS4ERR_NOTSUPP, or the nearest that they may. */
  readonly blockedOperations?: readonly string[];
}

/** Maps users and groups to names and back; undefined where unknown. Answers at once. */
export interface NameService {
  uidOf(name: string): number | undefined;
  gidOf(name: string): number | undefined;
}

export interface NfsServer {
  /** Resolves when the socket accepts, with the address it got. EADDRINUSE and its like reject. One that listens already is taken over. */
  listen(address: ListenAddress | WaitingListener): Promise<ListenAddress>;
  readonly addresses: readonly ListenAddress[];
  /** Takes up, changes or drops shares while serving. Handles of a dropped share are stale. */
  setShares(shares: readonly Share[]): void;
  /** What an operator sees and does. */
  readonly control: Control;
  /** Live figures for status pages. */
  stats(): ServerStats;
  /**
   * Stops accepting, answers what is in flight (at most `drainMs`, 5,000 where absent), closes every connection, keeps client records so that
   * a next start serves them.
   */
  close(drainMs?: number): Promise<void>;
}

export interface ServerStats {
  readonly clients: number;
  readonly sessions: number;
  readonly connections: number;
  readonly opens: number;
  readonly locks: number;
  readonly inGrace: boolean;
  readonly requests: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}
