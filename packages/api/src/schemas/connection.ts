import { type Static, Type } from 'typebox';
import { Count, DEFAULT_DRAIN_SECONDS, Direction, MAX_DRAIN_SECONDS, MAX_PAGE, Time } from './common.ts';

const FIELDS = {
  connection_id: Type.Integer({ minimum: 1, description: 'Counts up from 1 for each start of the server' }),
  transport: Type.Literal('tcp'),
  remote: Type.String({ description: 'ADDRESS:PORT, IPv6 addresses in brackets' }),
  local: Type.String({ description: 'ADDRESS:PORT, IPv6 addresses in brackets' }),
  last_activity: Time('When something last came or went'),
  requests: Count('Calls that have arrived'),
  bytes_in: Count('Bytes received'),
  bytes_out: Count('Bytes sent'),
  draining: Type.Boolean({
    description: 'Nothing new is executed on it; it closes when what is in flight has been answered',
  }),
};

/** A connection as one session sees it. */
export const SessionConnection = Type.Object(
  { ...FIELDS, direction: Direction, bound_at: Time('When it was bound to this session') },
  { $id: 'SessionConnection' },
);
export type SessionConnection = Static<typeof SessionConnection>;

export const Connection = Type.Object(
  {
    ...FIELDS,
    opened_at: Time('When it was accepted'),
    sessions: Type.Array(
      Type.Object({
        session_id: Type.String(),
        client_id: Type.String(),
        direction: Direction,
        bound_at: Time('When it was bound to this session'),
      }),
    ),
  },
  { $id: 'Connection' },
);
export type Connection = Static<typeof Connection>;

export const ConnectionQuery = Type.Object(
  {
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: MAX_PAGE, description: 'So many at most; all where absent' }),
    ),
    after: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Those with a higher id: next_after of the page before' }),
    ),
    since: Type.Optional(
      Type.String({
        description:
          'The cursor of an earlier answer: where no connection was opened, closed, bound, unbound or drained since, only those that have been active since are listed',
      }),
    ),
  },
  { additionalProperties: false },
);
export type ConnectionQuery = Static<typeof ConnectionQuery>;

export const ConnectionList = Type.Object(
  {
    connections: Type.Array(Connection),
    complete: Type.Boolean({
      description: 'All are listed, page by page; else those that were active since the cursor',
    }),
    cursor: Type.String({ description: 'To be given as since, with the first page of the next look' }),
    next_after: Type.Optional(Type.Integer({ description: 'There are more: to be given as after' })),
  },
  { $id: 'ConnectionList' },
);
export type ConnectionList = Static<typeof ConnectionList>;

const TIMEOUT = {
  minimum: 0,
  maximum: MAX_DRAIN_SECONDS,
  description: 'Connections that are still busy after it are closed regardless',
};

export const DrainRequest = Type.Object(
  { timeout_seconds: Type.Optional(Type.Number({ ...TIMEOUT, default: DEFAULT_DRAIN_SECONDS })) },
  { $id: 'DrainRequest', additionalProperties: false },
);
export type DrainRequest = Static<typeof DrainRequest>;

export const DrainAddressRequest = Type.Object(
  {
    timeout_seconds: Type.Optional(
      Type.Number({
        ...TIMEOUT,
        description: `${TIMEOUT.description}; ${DEFAULT_DRAIN_SECONDS} where absent, with move the lease time`,
      }),
    ),
    move: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'The address is to stay away: sessions whose callbacks go over another address are ended, so that their clients give it up',
      }),
    ),
  },
  { $id: 'DrainAddressRequest', additionalProperties: false },
);
export type DrainAddressRequest = Static<typeof DrainAddressRequest>;

export const DrainResult = Type.Object(
  {
    connections: Count('Connections that were drained and are closed now'),
    forced: Count('Those of them that were still busy at the end of the time'),
  },
  { $id: 'DrainResult' },
);
export type DrainResult = Static<typeof DrainResult>;
