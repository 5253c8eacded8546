import { isRefusal, parse, parseJson, read, refuse } from './answer.ts';
import { checks } from './checks.ts';
import { parseEventStream } from './event-stream.ts';
import { EVENTS_PATH, METRICS_PATH, type Of, OPENAPI_PATH, ROUTES, type Route } from './routes.ts';
import type { Backup, BackupRequest } from './schemas/backup.ts';
import type { NfsClient } from './schemas/client.ts';
import { DEFAULT_DRAIN_SECONDS, MAX_DRAIN_SECONDS, type PageQuery } from './schemas/common.ts';
import type { Connection, DrainResult } from './schemas/connection.ts';
import { ApiEvent, type ApiEventType } from './schemas/event.ts';
import type { HistoryScope } from './schemas/history.ts';
import type { Session } from './schemas/session.ts';
import type { NfsSettingsChanged } from './schemas/settings.ts';
import type { Share, ShareRequest, ShareUpdate } from './schemas/share.ts';
import { Health } from './schemas/status.ts';
import type { NewToken, Role, TokenRequest } from './schemas/token.ts';
import type { NfsSettingKey, NfsSettingValues } from './settings/nfs-settings.ts';
import type { ApiRequest, ApiResponse, Transport } from './transport.ts';

/** Milliseconds that one call may take. */
export const DEFAULT_TIMEOUT_MS = 5_000;

/** Clients, sessions or connections that are asked for at once. */
const PAGE = 1000;
const HTTP_UNAVAILABLE = 503;
const MS = 1000;

/** How a change of settings is asked for. */
export interface ChangeOptions {
  /** Refused (412, `version_conflict`) where the settings have another version by now. */
  readonly version?: number;
  /** Checks, and answers what would be. */
  readonly dryRun?: boolean;
}

export interface EventOptions {
  /** Only these; all where absent. Heartbeats and `lost` come in any case. */
  readonly types?: readonly ApiEventType[];
  /** The id of the last event that was seen: those after it come first. */
  readonly lastEventId?: string;
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
}

export interface ConnectionsSeen {
  readonly connections: readonly Connection[];
  /** All are there; else those that have been active since the cursor. */
  readonly complete: boolean;
  readonly cursor: string;
}

interface CallInputs {
  readonly params?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly extraMs?: number;
}

/** Asks a running dfs, over whatever leads to it. Every method rejects with an ApiError, and with nothing else. */
export class TypedClient {
  readonly #transport: Transport;
  readonly #timeoutMs: number;

  constructor(transport: Transport, options: { readonly timeoutMs?: number } = {}) {
    this.#transport = transport;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }

  /** For messages: the socket's path or the address. */
  get where(): string {
    return this.#transport.where;
  }

  status() {
    return this.#call(ROUTES.status);
  }

  /** Answers while the process works at all. */
  health() {
    return this.#call(ROUTES.health);
  }

  /** What the server is doing; only `ready` takes new work. Starting and stopping are answers, not errors. */
  async ready(): Promise<Health> {
    const response = await this.#send({ method: 'GET', path: ROUTES.ready.path });
    if (response.status !== HTTP_UNAVAILABLE) refuse(response.status, response.body);
    return read(response, Health, this.where);
  }

  /** All of them; asked for by pages, as all that may be many, so that the server does other work in between. */
  async clients(): Promise<{ readonly clients: readonly NfsClient[] }> {
    const pages = this.#pages((query) => this.#call(ROUTES.clients, { query }));
    return { clients: (await pages).flatMap(({ clients }) => clients) };
  }

  client(clientId: string) {
    return this.#call(ROUTES.client, { params: { client_id: clientId } });
  }

  /** Ends it with all its state. */
  evictClient(clientId: string): Promise<undefined> {
    return this.#call(ROUTES.evictClient, { params: { client_id: clientId } });
  }

  drainClient(clientId: string, timeoutSeconds?: number): Promise<DrainResult> {
    return this.#drain(ROUTES.drainClient, { client_id: clientId }, timeoutSeconds);
  }

  /** Those of one client, or of all. */
  async sessions(clientId?: string): Promise<{ readonly sessions: readonly Session[] }> {
    const pages = await this.#pages((query) =>
      clientId === undefined
        ? this.#call(ROUTES.sessions, { query })
        : this.#call(ROUTES.clientSessions, { params: { client_id: clientId }, query }),
    );
    return { sessions: pages.flatMap(({ sessions }) => sessions) };
  }

  session(clientId: string, sessionId: string) {
    return this.#call(ROUTES.session, { params: { client_id: clientId, session_id: sessionId } });
  }

  destroySession(clientId: string, sessionId: string): Promise<undefined> {
    return this.#call(ROUTES.destroySession, { params: { client_id: clientId, session_id: sessionId } });
  }

  drainSession(clientId: string, sessionId: string, timeoutSeconds?: number): Promise<DrainResult> {
    const params = { client_id: clientId, session_id: sessionId };
    return this.#drain(ROUTES.drainSession, params, timeoutSeconds);
  }

  /** All of them, by pages. */
  async connections(): Promise<{ readonly connections: readonly Connection[] }> {
    const { connections } = await this.connectionsSince(undefined);
    return { connections };
  }

  /** All, or, with the `cursor` of an earlier answer and where that is enough to know all, those that have been active since. */
  async connectionsSince(since: string | undefined): Promise<ConnectionsSeen> {
    const first = await this.#call(ROUTES.connections, { query: { limit: PAGE, since } });
    const connections = [...first.connections];
    for (let after = first.next_after; after !== undefined; ) {
      const page = await this.#call(ROUTES.connections, { query: { limit: PAGE, since, after } });
      // It has become another list meanwhile.
      if (page.complete !== first.complete) return this.connectionsSince(undefined);
      connections.push(...page.connections);
      after = page.next_after;
    }
    return { connections, complete: first.complete, cursor: first.cursor };
  }

  connection(connectionId: number) {
    return this.#call(ROUTES.connection, { params: { connection_id: connectionId } });
  }

  drainConnection(connectionId: number, timeoutSeconds?: number): Promise<DrainResult> {
    return this.#drain(ROUTES.drainConnection, { connection_id: connectionId }, timeoutSeconds);
  }

  /** "HOST" or "HOST:PORT"; takes no new connections until {@link undrainAddress}. */
  drainAddress(address: string, timeoutSeconds?: number): Promise<DrainResult> {
    return this.#drain(ROUTES.drainAddress, { address }, timeoutSeconds);
  }

  /** The same for an address that is to stay away: clients that can do without it give it up. Those that do nothing take up to a lease for it. */
  moveFromAddress(address: string, timeoutSeconds?: number): Promise<DrainResult> {
    const body = { move: true, ...(timeoutSeconds !== undefined && { timeout_seconds: timeoutSeconds }) };
    const extraMs = (timeoutSeconds ?? MAX_DRAIN_SECONDS) * MS;
    return this.#call(ROUTES.drainAddress, { params: { address }, body, extraMs });
  }

  undrainAddress(address: string): Promise<undefined> {
    return this.#call(ROUTES.undrainAddress, { params: { address } });
  }

  drainServer(timeoutSeconds?: number): Promise<DrainResult> {
    return this.#drain(ROUTES.drainServer, {}, timeoutSeconds);
  }

  undrainServer(): Promise<undefined> {
    return this.#call(ROUTES.undrainServer);
  }

  nfsSettings() {
    return this.#call(ROUTES.nfsSettings);
  }

  nfsSettingDefaults() {
    return this.#call(ROUTES.nfsSettingDefaults);
  }

  /** Sets what is named. A wrong value is a problem of status 422, whose `errors` name each field. */
  updateNfsSettings(
    settings: Partial<NfsSettingValues>,
    options: ChangeOptions = {},
  ): Promise<NfsSettingsChanged> {
    return this.#call(ROUTES.updateNfsSettings, { ...change(options), body: { settings } });
  }

  /** Sets all. */
  replaceNfsSettings(settings: NfsSettingValues, options: ChangeOptions = {}): Promise<NfsSettingsChanged> {
    return this.#call(ROUTES.replaceNfsSettings, { ...change(options), body: { settings } });
  }

  /** Takes back what the API has set: of one setting, or of all. */
  resetNfsSettings(setting?: NfsSettingKey, options: ChangeOptions = {}): Promise<NfsSettingsChanged> {
    const { query, headers } = change(options);
    return this.#call(ROUTES.resetNfsSettings, { query: { ...query, setting }, headers });
  }

  /** The latest first. */
  nfsSettingsAudit(limit?: number) {
    return this.#call(ROUTES.nfsSettingsAudit, { query: { limit } });
  }

  shares() {
    return this.#call(ROUTES.shares);
  }

  createShare(request: ShareRequest): Promise<Share> {
    return this.#call(ROUTES.createShare, { body: request });
  }

  updateShare(id: number, changes: ShareUpdate): Promise<Share> {
    return this.#call(ROUTES.updateShare, { params: { share_id: id }, body: changes });
  }

  /** 409 where the cause is not gone. */
  startShare(id: number): Promise<Share> {
    return this.#call(ROUTES.startShare, { params: { share_id: id } });
  }

  /** With `deleteData`, everything in it is gone for good. */
  deleteShare(id: number, options: { readonly deleteData?: boolean } = {}): Promise<undefined> {
    const query = { data: options.deleteData === true ? 'delete' : 'keep' };
    // Deleting takes as long as there are files.
    return this.#call(ROUTES.deleteShare, { params: { share_id: id }, query, extraMs: 600 * MS });
  }

  /** The backup that is being made, or the last one. */
  backup() {
    return this.#call(ROUTES.backup);
  }

  /** Begins one; {@link backup} tells how far it is. */
  createBackup(request: BackupRequest): Promise<Backup> {
    return this.#call(ROUTES.createBackup, { body: request, extraMs: 60 * MS });
  }

  cancelBackup(): Promise<undefined> {
    return this.#call(ROUTES.cancelBackup, { extraMs: 60 * MS });
  }

  tokens() {
    return this.#call(ROUTES.tokens);
  }

  createToken(request: TokenRequest): Promise<NewToken> {
    return this.#call(ROUTES.createToken, { body: request });
  }

  revokeToken(id: string): Promise<undefined> {
    return this.#call(ROUTES.revokeToken, { params: { token_id: id } });
  }

  /** Clients, sessions and connections of one moment, in short. */
  trunks() {
    return this.#call(ROUTES.trunks);
  }

  historyList() {
    return this.#call(ROUTES.historyList);
  }

  /** `since`, seconds since 1970: only what is later. */
  history(scope: HistoryScope, id: string, since?: number) {
    return this.#call(ROUTES.history, { params: { scope, id }, query: { since } });
  }

  vitals(since?: number) {
    return this.#call(ROUTES.vitals, { query: { since } });
  }

  createConsoleLink(role?: Role) {
    return this.#call(ROUTES.createConsoleLink, { body: role === undefined ? {} : { role } });
  }

  signIn(secret: string) {
    return this.#call(ROUTES.signIn, { body: { secret } });
  }

  consoleSession() {
    return this.#call(ROUTES.consoleSession);
  }

  signOut(): Promise<undefined> {
    return this.#call(ROUTES.signOut);
  }

  signOutAll(): Promise<undefined> {
    return this.#call(ROUTES.signOutAll);
  }

  /** What Prometheus would scrape. */
  async metrics(): Promise<string> {
    const response = await this.#send({ method: 'GET', path: METRICS_PATH });
    refuse(response.status, response.body);
    return response.body;
  }

  /** The OpenAPI 3.1 document. */
  async openapi(): Promise<unknown> {
    const response = await this.#send({ method: 'GET', path: OPENAPI_PATH });
    refuse(response.status, response.body);
    return parse(response);
  }

  /** What happens, as it happens; ends when the server does, or by `signal`. Kinds of events that this client does not know are left out. */
  async *events(options: EventOptions = {}): AsyncGenerator<ApiEvent> {
    const { types, lastEventId, signal } = options;
    const path = types === undefined ? EVENTS_PATH : `${EVENTS_PATH}?types=${types.join(',')}`;
    const headers = {
      accept: 'text/event-stream',
      ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
    };
    if (signal?.aborted === true) return;
    const request = { method: 'GET', path, headers };
    await using answer = await this.#transport.stream(request, this.#timeoutMs, signal);
    if (isRefusal(answer.status)) refuse(answer.status, await answer.text());
    for await (const { data } of parseEventStream(answer.chunks)) {
      const event: unknown = parseJson(data);
      if (checks(ApiEvent, event)) yield event;
    }
  }

  #drain(
    route: Route & { readonly answer: typeof ROUTES.drainServer.answer },
    params: Record<string, string | number>,
    timeoutSeconds: number = DEFAULT_DRAIN_SECONDS,
  ): Promise<DrainResult> {
    const body = { timeout_seconds: timeoutSeconds };
    return this.#call(route, { params, body, extraMs: timeoutSeconds * MS });
  }

  async #pages<P extends { readonly next_after?: string }>(
    ask: (query: PageQuery & Record<string, string | number | undefined>) => Promise<P>,
  ): Promise<P[]> {
    const pages = [await ask({ limit: PAGE })];
    for (let after = pages[0]?.next_after; after !== undefined; ) {
      const page = await ask({ limit: PAGE, after });
      pages.push(page);
      after = page.next_after;
    }
    return pages;
  }

  async #call<R extends Route>(route: R, inputs: CallInputs = {}): Promise<Of<R, 'answer'>> {
    const { body, headers } = inputs;
    const response = await this.#send(
      {
        method: route.method,
        path: fill(route.path, inputs),
        ...(body !== undefined && { body }),
        ...(headers !== undefined && { headers }),
      },
      inputs.extraMs,
    );
    refuse(response.status, response.body);
    const value = route.answer === undefined ? undefined : read(response, route.answer, this.where);
    return value as Of<R, 'answer'>;
  }

  #send(request: ApiRequest, extraMs = 0): Promise<ApiResponse> {
    return this.#transport.send(request, this.#timeoutMs + extraMs);
  }
}

function change({ version, dryRun }: ChangeOptions) {
  return {
    query: { dry_run: dryRun === true ? true : undefined },
    headers: version === undefined ? {} : { 'if-match': `"${version}"` },
  };
}

function fill(path: string, { params, query }: CallInputs): string {
  const filled = path.replace(/:([a-z_]+)/g, (_, name: string) => encodeURIComponent(params?.[name] ?? ''));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) search.set(name, String(value));
  }
  return search.size === 0 ? filled : `${filled}?${search}`;
}
