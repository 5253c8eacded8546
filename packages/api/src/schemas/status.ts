import { type Static, Type } from 'typebox';
import { Share } from './share.ts';

const Count = (description: string) => Type.Integer({ minimum: 0, description });

/** Where the server is in its life. Only `ready` takes new work. */
export const ServerState = Type.Union([
  Type.Literal('starting'),
  Type.Literal('ready'),
  Type.Literal('stopping'),
]);
export type ServerState = Static<typeof ServerState>;

export const Listener = Type.Object(
  {
    protocol: Type.Union([Type.Literal('nfs'), Type.Literal('api'), Type.Literal('console')]),
    address: Type.String({ description: 'HOST:PORT, or the path of a Unix socket' }),
  },
  { $id: 'Listener' },
);
export type Listener = Static<typeof Listener>;

/** Live figures of the NFS engine; the counters count from the start of the server. */
export const NfsFigures = Type.Object({
  in_grace: Type.Boolean({ description: 'Clients reclaim what they held before a restart; others wait' }),
  clients: Count('Clients with a lease'),
  sessions: Count('Sessions'),
  connections: Count('Open TCP connections'),
  opens: Count('Files held open'),
  locks: Count('Byte-range locks'),
  requests: Count('COMPOUNDs answered'),
  bytes_in: Count('Bytes received'),
  bytes_out: Count('Bytes sent'),
});
export type NfsFigures = Static<typeof NfsFigures>;

export const Status = Type.Object(
  {
    version: Type.String(),
    node: Type.String({ description: 'Version of the runtime' }),
    pid: Type.Integer({ minimum: 1 }),
    state: ServerState,
    started_at: Type.String({ description: 'ISO 8601, UTC' }),
    uptime_seconds: Type.Number({ minimum: 0 }),
    data: Type.Union([Type.String(), Type.Null()], {
      description: 'The data directory; null where nothing is kept',
    }),
    durability: Type.Union([Type.Literal('power'), Type.Literal('crash'), Type.Literal('none')], {
      description: 'What a change survives before it is acknowledged; none where nothing is kept',
    }),
    journal: Type.Union([Type.Literal('kept'), Type.Literal('lost'), Type.Literal('none')], {
      description:
        'Whether sessions, opens and locks are kept for the next start; lost where they could not be written',
    }),
    listeners: Type.Array(Listener),
    shares: Type.Array(Share),
    nfs: NfsFigures,
  },
  { $id: 'Status' },
);
export type Status = Static<typeof Status>;

/** `status` is `ok` or `degraded` for /health, the server's state for /health/ready. */
export const Health = Type.Object(
  {
    status: Type.Union([Type.Literal('ok'), Type.Literal('degraded'), ServerState], {
      description: 'degraded: the process works, but shares have stopped, or the disk is full',
    }),
    stopped_shares: Type.Optional(Count('Shares that have stopped')),
    disk_full: Type.Optional(Type.Boolean({ description: 'Changes are refused until there is room' })),
  },
  { $id: 'Health' },
);
export type Health = Static<typeof Health>;
