import { type Static, Type } from 'typebox';
import { BackChannel, Count, nextAfter, Time } from './common.ts';
import { SessionConnection } from './connection.ts';

export const Channel = Type.Object(
  {
    max_request: Count('Bytes of the largest request'),
    max_response: Count('Bytes of the largest reply'),
    max_response_cached: Count('Bytes of the largest reply that is kept for a retransmission'),
    max_operations: Count('Operations of one COMPOUND'),
    max_requests: Count('Slots'),
  },
  { $id: 'Channel' },
);

/** How many connections carry what; `both` are in neither of the others. */
export const ConnectionSummary = Type.Object(
  {
    fore: Count('Connections that carry only requests'),
    back: Count('Connections that carry only callbacks'),
    both: Count('Connections that carry both'),
    total: Count('fore + back + both'),
  },
  { $id: 'ConnectionSummary' },
);
export type ConnectionSummary = Static<typeof ConnectionSummary>;

const FIELDS = {
  session_id: Type.String({ description: '32 hexadecimal digits' }),
  client_id: Type.String(),
  minor_version: Type.Integer({ minimum: 1 }),
  created_at: Time('When CREATE_SESSION made it'),
  fore: Channel,
  back: Channel,
  slots: Type.Object({
    granted: Count('Slots that the client may use now'),
    target: Count('Slots that it is asked to go down, or may go up, to'),
    in_use: Count('Requests being worked on'),
    touched: Count('Slots used at least once'),
  }),
  reply_cache_bytes: Count('Bytes of the replies kept for retransmissions'),
  back_channel: BackChannel,
  over_limit: Count('Attempts to bind a connection beyond v4_max_connections_per_session'),
  connection_summary: ConnectionSummary,
};

export const Session = Type.Object(FIELDS, { $id: 'Session' });
export type Session = Static<typeof Session>;

export const SessionList = Type.Object(
  { sessions: Type.Array(Session), ...nextAfter },
  { $id: 'SessionList' },
);
export type SessionList = Static<typeof SessionList>;

/** A session with all its connections. */
export const SessionDetail = Type.Object(
  { ...FIELDS, connections: Type.Array(SessionConnection) },
  { $id: 'SessionDetail' },
);
export type SessionDetail = Static<typeof SessionDetail>;
