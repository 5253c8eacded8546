import { type Static, type TSchema, Type } from 'typebox';
import { Backup, BackupRequest } from './schemas/backup.ts';
import { NfsClient, NfsClientList } from './schemas/client.ts';
import { PageQuery } from './schemas/common.ts';
import {
  Connection,
  ConnectionList,
  ConnectionQuery,
  DrainAddressRequest,
  DrainRequest,
  DrainResult,
} from './schemas/connection.ts';
import {
  ConsoleLink,
  ConsoleLinkRequest,
  ConsoleSession,
  ConsoleSignIn,
  NewConsoleSession,
} from './schemas/console.ts';
import { History, HistoryList, HistoryScope, Vitals } from './schemas/history.ts';
import { SessionDetail, SessionList } from './schemas/session.ts';
import {
  AuditLog,
  NfsSettingDefaults,
  NfsSettingsAnswer,
  NfsSettingsChanged,
  NfsSettingsReplacement,
  NfsSettingsUpdate,
} from './schemas/settings.ts';
import { Share, ShareList, ShareRequest, ShareUpdate } from './schemas/share.ts';
import { Health, Status } from './schemas/status.ts';
import { NewToken, TokenList, TokenRequest } from './schemas/token.ts';
import { Trunks } from './schemas/trunks.ts';

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Who may ask over TCP; over the Unix socket its owner may everything. */
export type Access = 'open' | 'read' | 'admin';

/** One question to the API. Server, typed client and OpenAPI document are made from these. */
export interface Route {
  readonly method: HttpMethod;
  /** With parameters as ":name". */
  readonly path: string;
  readonly access: Access;
  readonly tag: string;
  readonly summary: string;
  readonly params?: TSchema;
  readonly query?: TSchema;
  readonly body?: TSchema;
  /** May be left out. */
  readonly bodyOptional?: boolean;
  /** The status of a good answer. */
  readonly status: 200 | 201 | 202 | 204;
  /** Absent where the answer is empty, or no JSON. */
  readonly answer?: TSchema;
  /** Statuses of refusals besides 400, 401, 403 and 500. */
  readonly refusals?: readonly number[];
}

/** The type that a schema of a route stands for; undefined where it has none. */
export type Of<R extends Route, Part extends 'params' | 'query' | 'body' | 'answer'> = R[Part] extends TSchema
  ? Static<R[Part]>
  : undefined;

function route<const R extends Route>(definition: R): R {
  return definition;
}

const V1 = '/api/v1';
const SETTINGS = `${V1}/adapters/nfs/settings`;
const BACKUP = `${V1}/backup`;
const SESSION = `${V1}/clients/:client_id/sessions/:session_id`;

const client = Type.Object({ client_id: Type.String() });
const CONSOLE_SESSION = `${V1}/console/session`;

const session = Type.Object({ client_id: Type.String(), session_id: Type.String() });
const connection = Type.Object({ connection_id: Type.Integer({ minimum: 1 }) });
const address = Type.Object({
  address: Type.String({ description: 'HOST or HOST:PORT of a listening address, IPv6 in brackets' }),
});
const share = Type.Object({ share_id: Type.Integer({ minimum: 1 }) });
const token = Type.Object({ token_id: Type.String() });

const dryRun = {
  dry_run: Type.Optional(Type.Boolean({ default: false, description: 'Check and show, change nothing' })),
};
const AUDIT_ENTRIES = 1000;

const since = {
  since: Type.Optional(Type.Number({ description: 'Only what is later: seconds since 1970' })),
};
/** The header that holds one half of a console's session. */
export const CONSOLE_KEY_HEADER = 'x-dfs-console';

const drained = {
  body: DrainRequest,
  bodyOptional: true,
  status: 200,
  answer: DrainResult,
  access: 'admin',
  refusals: [404],
} as const;
const removed = { status: 204, access: 'admin', refusals: [404] } as const;
const changed = {
  access: 'admin',
  tag: 'settings',
  query: Type.Object(dryRun, { additionalProperties: false }),
  status: 200,
  answer: NfsSettingsChanged,
  refusals: [412, 422],
} as const;
const seen = { method: 'GET', access: 'read', status: 200 } as const;

export const ROUTES = {
  health: route({
    ...seen,
    path: '/health',
    access: 'open',
    tag: 'server',
    summary:
      'The process works at all; degraded where the disk has failed it. 200 in any case: a restart helps neither',
    answer: Health,
  }),
  ready: route({
    ...seen,
    path: '/health/ready',
    access: 'open',
    tag: 'server',
    summary: 'The server takes new work; 503 while it starts or stops',
    answer: Health,
  }),
  status: route({
    ...seen,
    path: `${V1}/status`,
    tag: 'server',
    summary: 'Listeners, shares and figures',
    answer: Status,
  }),
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
    path: `${V1}/clients/:client_id`,
    tag: 'clients',
    summary: 'One client',
    params: client,
    answer: NfsClient,
    refusals: [404],
  }),
  evictClient: route({
    ...removed,
    method: 'DELETE',
    path: `${V1}/clients/:client_id`,
    tag: 'clients',
    summary: 'Ends a client with all its sessions, opens and locks, and keeps it from reclaiming them',
    params: client,
  }),
  drainClient: route({
    ...drained,
    method: 'POST',
    path: `${V1}/clients/:client_id/drain`,
    tag: 'clients',
    summary: "Drains all connections of a client's sessions",
    params: client,
  }),
  clientSessions: route({
    ...seen,
    path: `${V1}/clients/:client_id/sessions`,
    tag: 'sessions',
    summary: "A client's sessions",
    params: client,
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
  drainAddress: route({
    ...drained,
    body: DrainAddressRequest,
    method: 'POST',
    path: `${V1}/addresses/:address/drain`,
    tag: 'server',
    summary: 'Drains a listening address; it takes no new connections until the drain is ended',
    params: address,
  }),
  undrainAddress: route({
    ...removed,
    method: 'DELETE',
    path: `${V1}/addresses/:address/drain`,
    tag: 'server',
    summary: 'Takes new connections on a drained address again, named as it was drained',
    params: address,
  }),
  drainServer: route({
    ...drained,
    method: 'POST',
    path: `${V1}/server/drain`,
    tag: 'server',
    summary: 'Drains all connections; new ones are refused until the drain is ended',
  }),
  undrainServer: route({
    ...removed,
    method: 'DELETE',
    path: `${V1}/server/drain`,
    tag: 'server',
    summary: 'Takes new connections again',
  }),
  nfsSettings: route({
    ...seen,
    path: SETTINGS,
    tag: 'settings',
    summary: 'The settings of the NFS engine, with the source of each. The version is the ETag',
    answer: NfsSettingsAnswer,
  }),
  replaceNfsSettings: route({
    ...changed,
    method: 'PUT',
    path: SETTINGS,
    summary: 'Sets all settings; one that is missing is an error, and nothing changes',
    body: NfsSettingsReplacement,
  }),
  updateNfsSettings: route({
    ...changed,
    method: 'PATCH',
    path: SETTINGS,
    summary: 'Sets those settings that are named',
    body: NfsSettingsUpdate,
  }),
  nfsSettingDefaults: route({
    ...seen,
    path: `${SETTINGS}/defaults`,
    tag: 'settings',
    summary: 'The default of each setting, its range and what it means',
    answer: NfsSettingDefaults,
  }),
  resetNfsSettings: route({
    ...changed,
    method: 'POST',
    path: `${SETTINGS}/reset`,
    summary: 'Takes back what this API has set, of one setting or of all',
    query: Type.Object({ ...dryRun, setting: Type.Optional(Type.String()) }, { additionalProperties: false }),
  }),
  nfsSettingsAudit: route({
    ...seen,
    path: `${SETTINGS}/audit`,
    tag: 'settings',
    summary: 'Who changed what and when, the latest first',
    query: Type.Object(
      {
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: AUDIT_ENTRIES, default: AUDIT_ENTRIES })),
      },
      { additionalProperties: false },
    ),
    answer: AuditLog,
  }),
  shares: route({
    ...seen,
    path: `${V1}/shares`,
    tag: 'shares',
    summary: 'All shares with their terms',
    answer: ShareList,
  }),
  createShare: route({
    method: 'POST',
    path: `${V1}/shares`,
    access: 'admin',
    tag: 'shares',
    summary:
      'Makes a share and serves it at once. A path whose share was deleted with its data kept gets that data back',
    body: ShareRequest,
    status: 201,
    answer: Share,
    refusals: [409, 422],
  }),
  updateShare: route({
    method: 'PATCH',
    path: `${V1}/shares/:share_id`,
    access: 'admin',
    tag: 'shares',
    summary: "Changes a share's terms at once",
    params: share,
    body: ShareUpdate,
    status: 200,
    answer: Share,
    refusals: [404, 422],
  }),
  startShare: route({
    method: 'POST',
    path: `${V1}/shares/:share_id/start`,
    access: 'admin',
    tag: 'shares',
    summary:
      'Has a share serve again that has stopped, once the cause is gone; 409 says why it is not. Others that stopped for the same cause start with it',
    params: share,
    status: 200,
    answer: Share,
    refusals: [404, 409],
  }),
  deleteShare: route({
    ...removed,
    method: 'DELETE',
    path: `${V1}/shares/:share_id`,
    tag: 'shares',
    summary: 'Stops serving a share. Its data is kept unless asked otherwise',
    params: share,
    query: Type.Object(
      {
        data: Type.Optional(
          Type.Union([Type.Literal('keep'), Type.Literal('delete')], {
            default: 'keep',
            description: 'delete: everything in it is gone for good',
          }),
        ),
      },
      { additionalProperties: false },
    ),
  }),
  tokens: route({
    ...seen,
    path: `${V1}/tokens`,
    access: 'admin',
    tag: 'tokens',
    summary: 'All tokens, without their secrets',
    answer: TokenList,
  }),
  createToken: route({
    method: 'POST',
    path: `${V1}/tokens`,
    access: 'admin',
    tag: 'tokens',
    summary: 'Makes a token. Only this answer holds its secret',
    body: TokenRequest,
    status: 201,
    answer: NewToken,
    refusals: [409],
  }),
  revokeToken: route({
    ...removed,
    method: 'DELETE',
    path: `${V1}/tokens/:token_id`,
    tag: 'tokens',
    summary: 'Ends a token at once',
    params: token,
  }),
  trunks: route({
    ...seen,
    path: `${V1}/trunks`,
    tag: 'connections',
    summary: 'Clients, sessions and connections of one moment, in short',
    answer: Trunks,
  }),
  historyList: route({
    ...seen,
    path: `${V1}/history`,
    tag: 'history',
    summary: 'What there is a history of',
    answer: HistoryList,
  }),
  history: route({
    ...seen,
    path: `${V1}/history/:scope/:id`,
    tag: 'history',
    summary: 'The last hour of the server, a share, a client or a connection',
    params: Type.Object({ scope: HistoryScope, id: Type.String() }),
    query: Type.Object(since, { additionalProperties: false }),
    answer: History,
    refusals: [404],
  }),
  vitals: route({
    ...seen,
    path: `${V1}/vitals`,
    tag: 'history',
    summary: 'The last hour of commits, disk and process',
    query: Type.Object(since, { additionalProperties: false }),
    answer: Vitals,
  }),
  backup: route({
    ...seen,
    path: BACKUP,
    tag: 'backup',
    summary: 'How far the backup is that is being made, or what became of the last one',
    answer: Backup,
  }),
  createBackup: route({
    method: 'POST',
    path: BACKUP,
    access: 'admin',
    tag: 'backup',
    summary: 'Begins to copy the data directory, as it is at one moment, while it is served. One at a time',
    body: BackupRequest,
    status: 202,
    answer: Backup,
    refusals: [409, 422],
  }),
  cancelBackup: route({
    ...removed,
    method: 'DELETE',
    path: BACKUP,
    tag: 'backup',
    summary: 'Ends the backup that is being made. What it has written is no backup',
  }),
  createConsoleLink: route({
    method: 'POST',
    path: `${V1}/console/links`,
    access: 'admin',
    tag: 'console',
    summary: 'A link that opens the console once',
    body: ConsoleLinkRequest,
    bodyOptional: true,
    status: 201,
    answer: ConsoleLink,
    refusals: [409],
  }),
  signIn: route({
    method: 'POST',
    path: CONSOLE_SESSION,
    access: 'open',
    tag: 'console',
    summary: "Takes a link's secret for a session: one half is the cookie that comes with the answer",
    body: ConsoleSignIn,
    status: 201,
    answer: NewConsoleSession,
    refusals: [401, 403],
  }),
  consoleSession: route({
    ...seen,
    path: CONSOLE_SESSION,
    tag: 'console',
    summary: 'The session of the browser that asks',
    answer: ConsoleSession,
    refusals: [404],
  }),
  signOut: route({
    ...removed,
    method: 'DELETE',
    path: CONSOLE_SESSION,
    access: 'read',
    tag: 'console',
    summary: 'Ends the session of the browser that asks',
  }),
  signOutAll: route({
    ...removed,
    method: 'DELETE',
    path: `${V1}/console/sessions`,
    tag: 'console',
    summary: 'Ends the sessions of all browsers, and links that nobody has used',
  }),
} as const;

/** Routes whose answers are no JSON. */
export const EVENTS_PATH = `${V1}/events`;
export const METRICS_PATH = '/metrics';
export const OPENAPI_PATH = `${V1}/openapi.json`;
