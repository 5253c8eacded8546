import type { Sample, SampleClient, SampleConnection, SampleSession } from '../../src/top/sample.ts';

/** Moments of a made-up server, for the parts of `dfsctl top` that need no server. */
export function connection(id: number, requests = 0, more: Partial<SampleConnection> = {}): SampleConnection {
  return {
    id,
    direction: 'fore',
    remote: `10.0.0.1:${700 + id}`,
    local: '10.0.0.9:2049',
    requests,
    bytesIn: requests * 1000,
    bytesOut: requests * 100,
    draining: false,
    lastActivity: 0,
    ...more,
  };
}

export function session(id: string, client: string, connections: readonly SampleConnection[]): SampleSession {
  return { id, client, slotsInUse: 1, slotsGranted: 64, backChannel: 'up', connections };
}

export function client(
  id: string,
  sessions: readonly SampleSession[],
  more: Partial<SampleClient> = {},
): SampleClient {
  return {
    id,
    owner: `Linux NFSv4.1 ${id}`,
    address: `10.0.0.${id.length}`,
    state: 'active',
    opens: 3,
    locks: 1,
    delegations: 0,
    backChannel: 'up',
    sessions,
    ...more,
  };
}

export function sample(seconds: number, clients: readonly SampleClient[]): Sample {
  return {
    at: seconds * 1000,
    wallClock: seconds * 1000,
    version: '1.2.3',
    state: 'ready',
    uptimeSeconds: 61,
    clients,
  };
}
