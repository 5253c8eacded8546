import { Type } from 'typebox';
import { NfsClient, NfsClientList } from '../schemas/client.ts';
import { PageQuery } from '../schemas/common.ts';
import { Connection, ConnectionList, ConnectionQuery } from '../schemas/connection.ts';
import { SessionDetail, SessionList } from '../schemas/session.ts';
import { Trunks } from '../schemas/trunks.ts';
import { drained, removed, route, seen, V1 } from './route.ts';

const CLIENT = `${V1}/clients/:client_id`;
const SESSION = `${CLIENT}/sessions/:session_id`;

const client = Type.Object({ client_id: Type.String() });
const session = Type.Object({ client_id: Type.String(), session_id: Type.String() });
const connection = Type.Object({ connection_id: Type.Integer({ minimum: 1 }) });

/** Clients, their sessions, and the connections that carry those. */
export const CLIENT_ROUTES = {
  clients: route({
    ...seen,
    path: `${V1}/clients`,
    tag: 'clients',
    summary: 'All NFS clients, by page',
    query: PageQuery,
    answer: NfsClientList,
  }),
  client: route({
    ...seen,
    path: CLIENT,
    tag: 'clients',
    summary: 'One client',
    params: client,
    answer: NfsClient,
    refusals: [404],
  }),
  evictClient: route({
    ...removed,
    method: 'DELETE',
    path: CLIENT,
    tag: 'clients',
    summary: 'Ends a client with all its sessions, opens and locks, and keeps it from reclaiming them',
    params: client,
  }),
  drainClient: route({
    ...drained,
    method: 'POST',
    path: `${CLIENT}/drain`,
    tag: 'clients',
    summary: "Drains all connections of a client's sessions",
    params: client,
  }),
  clientSessions: route({
    ...seen,
    path: `${CLIENT}/sessions`,
    tag: 'sessions',
    summary: "A client's sessions, by page",
    params: client,
    query: PageQuery,
    answer: SessionList,
    refusals: [404],
  }),
  session: route({
    ...seen,
    path: SESSION,
    tag: 'sessions',
    summary: 'One session with all its connections',
    params: session,
    answer: SessionDetail,
    refusals: [404],
  }),
  destroySession: route({
    ...removed,
    method: 'DELETE',
    path: SESSION,
    tag: 'sessions',
    summary: 'Ends a session; its client makes a new one and goes on',
    params: session,
  }),
  drainSession: route({
    ...drained,
    method: 'POST',
    path: `${SESSION}/drain`,
    tag: 'sessions',
    summary: 'Drains all connections of a session',
    params: session,
  }),
  sessions: route({
    ...seen,
    path: `${V1}/sessions`,
    tag: 'sessions',
    summary: 'The sessions of all clients, by page',
    query: PageQuery,
    answer: SessionList,
  }),
  connections: route({
    ...seen,
    path: `${V1}/connections`,
    tag: 'connections',
    summary: 'All open connections, by page, or those that were active since an earlier look',
    query: ConnectionQuery,
    answer: ConnectionList,
  }),
  connection: route({
    ...seen,
    path: `${V1}/connections/:connection_id`,
    tag: 'connections',
    summary: 'One connection',
    params: connection,
    answer: Connection,
    refusals: [404],
  }),
  drainConnection: route({
    ...drained,
    method: 'POST',
    path: `${V1}/connections/:connection_id/drain`,
    tag: 'connections',
    summary: 'Drains one connection',
    params: connection,
  }),
  trunks: route({
    ...seen,
    path: `${V1}/trunks`,
    tag: 'connections',
    summary: 'Clients, sessions and connections of one moment, in short',
    answer: Trunks,
  }),
} as const;
