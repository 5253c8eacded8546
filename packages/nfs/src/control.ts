import type { UnbindReason } from './contracts.ts';
import type { Limits } from './limits.ts';

/** What was asked for is done, but may be undone by the end of the process: the journal cannot be written at this moment. */
export class NotKeptError extends Error {
  /** Whose end is not kept: "client 12". */
  readonly what: string;

  constructor(what: string, cause: unknown) {
    super(`the end of ${what} cannot be kept: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
    this.name = 'NotKeptError';
    this.what = what;
  }
}

/** Which channels of a session a connection carries. */
export type Direction = 'fore' | 'back' | 'both';

/** One connection within one session. */
export interface BindingView {
  readonly connection: ConnectionFigures;
  readonly direction: Direction;
  /** Milliseconds since 1970, as all times here. */
  readonly boundAt: number;
}

/** A connection as such: without the sessions that it carries, of which there may be thousands. */
export interface ConnectionFigures {
  /** Counts up from 1 for each start of the server. */
  readonly id: number;
  readonly transport: 'tcp';
  /** "address:port", IPv6 addresses in brackets. */
  readonly remote: string;
  readonly local: string;
  readonly openedAt: number;
  readonly lastActivity: number;
  readonly requests: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Nothing new is executed on it; it closes when what is in flight has been answered. */
  readonly draining: boolean;
  /** Read as it is at that moment: it goes on growing. */
  readonly load: LoadView;
}

export interface ConnectionView extends ConnectionFigures {
  readonly sessions: readonly {
    readonly session: string;
    readonly client: string;
    readonly direction: Direction;
    readonly boundAt: number;
  }[];
}

/** How many connections carry what. `both` are in neither of the others. */
export interface ConnectionSummary {
  readonly fore: number;
  readonly back: number;
  readonly both: number;
  readonly total: number;
}

export interface ChannelView {
  readonly maxRequest: number;
  readonly maxResponse: number;
  readonly maxResponseCached: number;
  readonly maxOperations: number;
  readonly maxRequests: number;
}

export interface SessionView {
  /** 32 hexadecimal digits. */
  readonly id: string;
  readonly client: string;
  readonly minorVersion: number;
  readonly createdAt: number;
  readonly fore: ChannelView;
  readonly back: ChannelView;
  readonly slots: {
    /** Slots that the client may use now, and those it is asked to go down (or may go up) to. */
    readonly granted: number;
    readonly target: number;
    readonly inUse: number;
    /** Slots used at least once. */
    readonly touched: number;
  };
  readonly replyCacheBytes: number;
  readonly backChannel: BackChannelHealth;
  /** Attempts to bind beyond the limit. */
  readonly overLimit: number;
  readonly connections: readonly BindingView[];
  readonly summary: ConnectionSummary;
}

/** `none`: not asked for. `unproven`: bound, no callback sent yet. */
export type BackChannelHealth = 'none' | 'up' | 'unproven' | 'down';

export interface ClientView {
  /** 16 hexadecimal digits: the clientid4. */
  readonly id: string;
  /** co_ownerid as text, unprintable bytes replaced. */
  readonly owner: string;
  readonly address: string;
  readonly uid: number;
  readonly implementation: { readonly name: string; readonly domain: string } | undefined;
  readonly confirmed: boolean;
  readonly createdAt: number;
  readonly lease: {
    readonly state: 'active' | 'courtesy' | 'unconfirmed';
    /** Milliseconds since the last renewal. */
    readonly sinceRenewal: number;
    /** Milliseconds to its end; negative after. */
    readonly remaining: number;
  };
  readonly reclaimComplete: boolean;
  readonly sessions: number;
  readonly connections: number;
  readonly opens: number;
  readonly locks: number;
  readonly delegations: number;
  readonly backChannel: BackChannelHealth;
}

/** What to drain: its requests in flight are answered, nothing new is executed, then its connections are closed. */
export type DrainTarget =
  | { readonly level: 'connection'; readonly id: number }
  | { readonly level: 'session'; readonly id: string }
  | { readonly level: 'client'; readonly id: string }
  /** All connections to one listening address, "host" or "host:port"; new ones are refused until `undrain`. */
  | { readonly level: 'address'; readonly address: string; readonly move?: boolean }
  /** All connections; new ones are refused until `undrain('server')`. */
  | { readonly level: 'server' };

export interface DrainResult {
  readonly connections: number;
  /** Those that were still busy at the end of the time and were closed regardless. */
  readonly forced: number;
}

/** Settings that take effect while serving. */
export interface EngineSettings {
  /** Connections that one session may be bound to; 0 is unlimited. 0 to 1,024. */
  readonly maxConnectionsPerSession: number;
  /** Seconds. */
  readonly leaseTime: number;
  readonly gracePeriod: number;
  readonly delegationsEnabled: boolean;
  /** Seconds that a client has to return a delegation after CB_RECALL. */
  readonly delegationRecallTimeout: number;
  /** Seconds for one callback's answer. */
  readonly callbackTimeout: number;
  readonly minMinorVersion: 1 | 2;
  readonly maxMinorVersion: 1 | 2;
  /** Names of operations ("READDIR") that answer NFS4ERR_NOTSUPP. */
  readonly blockedOperations: readonly string[];
  /** The limits that may change: see `limits.ts`. New sessions get the new ones. */
  readonly limits: Partial<Limits>;
}

/** Plain numbers that only grow, for metrics; read, not written, by others. */
export interface EngineCounters {
  readonly bind: Readonly<Record<Direction, number>>;
  readonly unbind: Readonly<Record<UnbindReason, number>>;
  readonly overLimit: { readonly explicit: number; readonly implicit: number };
  readonly drained: { readonly clean: number; readonly forced: number };
  readonly connectionsOpened: number;
  readonly connectionsRefused: number;
  readonly sessionsCreated: number;
  readonly sessionsDestroyed: Readonly<Record<'destroyed' | 'client' | 'evicted' | 'expired', number>>;
  /** Refused SEQUENCEs by status name. */
  readonly sequenceErrors: ReadonlyMap<string, number>;
  readonly replays: number;
  /** Outcomes by operation number, then by status. */
  readonly operations: ReadonlyMap<number, OperationCounter>;
  /** Callbacks by operation and result: "RECALL NFS4_OK", "NOTIFY_LOCK NFS4ERR_DELAY", "GETATTR unreachable". */
  readonly callbacks: ReadonlyMap<string, number>;
  readonly delegations: {
    readonly granted: number;
    readonly recalled: number;
    readonly returned: number;
    readonly revoked: number;
  };
  /** Calls that have arrived; with `requestsInFlight`, those that are being worked on. */
  readonly requests: number;
  readonly requestsInFlight: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Bytes that all slots' cached replies take now. */
  readonly replyCacheBytes: number;
  /** Of all requests, and of those that ended in a share, by the share's id. */
  readonly load: LoadView;
  readonly shareLoads: ReadonlyMap<number, LoadView>;
}

export interface OperationCounter {
  readonly statuses: ReadonlyMap<number, number>;
  /** Counts by bucket: {@link LATENCY_BUCKETS} upper bounds, and one more for the rest. */
  readonly latency: readonly number[];
  /** Sum of all latencies, seconds. */
  readonly seconds: number;
}

/** What something has been asked; numbers that only grow. */
export interface LoadView {
  readonly operations: number;
  /** Bytes of requests and of replies, as far as they are COMPOUNDs. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** That all requests took together. */
  readonly seconds: number;
  /** Requests by how long they took from their arrival to their reply, commits included: {@link LATENCY_BUCKETS}, and one more. */
  readonly latency: readonly number[];
}

/** Upper bounds of latency buckets, in seconds. */
export const LATENCY_BUCKETS: readonly number[] = [
  0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
  0.5, 1, 2.5,
];

/** Which clients or sessions, in the order of their ids. */
export interface Page {
  /** Those whose ids, as text, come behind this one. */
  readonly after?: string | undefined;
  /** So many at most. */
  readonly limit?: number | undefined;
}

/** Which connections, in the order of their ids. */
export interface ConnectionPage {
  /** Those with a higher id. */
  readonly after?: number | undefined;
  /** So many at most. */
  readonly limit?: number | undefined;
  /** Those that something came or went on since then; milliseconds since 1970. */
  readonly activeSince?: number | undefined;
}

/** What is there now, added up: for metrics, at a fraction of what all views together cost. */
export interface EngineGauges {
  readonly connections: number;
  readonly connectionsDraining: number;
  readonly slotsGranted: number;
  readonly slotsInUse: number;
  readonly delegationsHeld: number;
  readonly leases: Readonly<Record<ClientView['lease']['state'], number>>;
  /** Connections bound to each session. */
  readonly bound: ReadonlyMap<string, number>;
}

/** The operator's hands: sees and steers every client, session and connection of a running server. */
export interface Control {
  /** All, or those of a page, in the order of their ids. */
  clients(page?: Page): ClientView[];
  client(id: string): ClientView | undefined;
  /** Those of one client, or of all, in the order of their ids. */
  sessions(client?: string, page?: Page): SessionView[];
  session(id: string): SessionView | undefined;
  /** All, or those of a page. */
  connections(page?: ConnectionPage): ConnectionView[];
  connection(id: number): ConnectionView | undefined;
  /**
   * Ends a session; false where there is none of that id. Its client makes a new one. Throws with nothing done where it is known that this could not
   * be kept, and {@link NotKeptError} where that is found out when it is done.
   */
  destroySession(id: string): boolean;
  /** Ends a client with all its state, and keeps it from reclaiming. Throws as {@link destroySession}. */
  evictClient(id: string): boolean;
  /** Undefined where there is nothing of that name. `timeoutMs` bounds the wait for what is in flight. */
  drain(target: DrainTarget, timeoutMs: number): Promise<DrainResult | undefined>;
  /** Takes new connections again on a drained address (named as it was to `drain`), or on all after a drain of the "server". */
  undrain(address: string): void;
  settings(): EngineSettings;
  /** Applies at once. RangeError where a value is out of its bounds; then nothing has changed. */
  configure(changes: Partial<EngineSettings>): void;
  counters(): EngineCounters;
  gauges(): EngineGauges;
}
