/** How one connection stands within one session. */
export interface SampleConnection {
  readonly id: number;
  readonly direction: 'fore' | 'back' | 'both';
  readonly remote: string;
  readonly local: string;
  /** Counters since it was opened; of all sessions that it carries together. */
  readonly requests: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly draining: boolean;
  /** Milliseconds since 1970. */
  readonly lastActivity: number;
}

export interface SampleSession {
  readonly id: string;
  readonly client: string;
  readonly slotsInUse: number;
  readonly slotsGranted: number;
  readonly backChannel: string;
  readonly connections: readonly SampleConnection[];
}

export interface SampleClient {
  readonly id: string;
  readonly owner: string;
  readonly address: string;
  readonly state: string;
  readonly opens: number;
  readonly locks: number;
  readonly delegations: number;
  readonly backChannel: string;
  readonly sessions: readonly SampleSession[];
}

/** What the server looked like at one moment. */
export interface Sample {
  /** Milliseconds of a clock that never goes back. */
  readonly at: number;
  /** Milliseconds since 1970, for ages. */
  readonly wallClock: number;
  readonly version: string;
  readonly state: string;
  readonly uptimeSeconds: number;
  readonly clients: readonly SampleClient[];
}
