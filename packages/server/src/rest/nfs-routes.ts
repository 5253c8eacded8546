import { DEFAULT_DRAIN_SECONDS, type DrainRequest, type DrainResult, type PageQuery, ROUTES } from '@dfs/api';
import {
  type ClientView,
  type Control,
  type DrainTarget,
  NotKeptError,
  type Page,
  type SessionView,
} from '@dfs/nfs';
import type { FastifyInstance } from 'fastify';
import { listConnections } from './connection-list.ts';
import { notFound, notKept } from './refusal.ts';
import { serve } from './serve.ts';
import type { RestServices } from './services.ts';
import { showClient, showConnection, showSession, showSessionDetail } from './views.ts';

const MS = 1000;
/** What the engine calls the whole server, to `undrain`. */
const WHOLE_SERVER = 'server';

interface SessionParams {
  readonly client_id: string;
  readonly session_id: string;
}

/** Clients, sessions, connections: seen, drained and ended. */
export function serveNfs(app: FastifyInstance, { control }: RestServices): void {
  serveLists(app, control);
  serve(app, ROUTES.client, ({ params }) => showClient(client(control, params.client_id)));
  serve(app, ROUTES.clientSessions, ({ params, query }) => {
    const { id } = client(control, params.client_id);
    const { shown, next } = onePage(query, (page) => control.sessions(id, page));
    return { sessions: shown.map(showSession), ...next };
  });
  serve(app, ROUTES.session, ({ params }) => showSessionDetail(session(control, params)));
  serve(app, ROUTES.connection, ({ params }) => {
    const view = control.connection(params.connection_id);
    if (view === undefined) throw notFound(`connection ${params.connection_id}`);
    return showConnection(view);
  });
  serve(app, ROUTES.evictClient, ({ params }) => {
    const { client_id: id } = params;
    if (!ended(() => control.evictClient(id))) throw notFound(`client ${id}`);
    return undefined;
  });
  serve(app, ROUTES.destroySession, ({ params }) => {
    const { id } = session(control, params);
    ended(() => control.destroySession(id));
    return undefined;
  });
  serveDrains(app, control);
}

function serveLists(app: FastifyInstance, control: Control): void {
  serve(app, ROUTES.clients, ({ query }) => {
    const { shown, next } = onePage(query, (page) => control.clients(page));
    return { clients: shown.map(showClient), ...next };
  });
  serve(app, ROUTES.sessions, ({ query }) => {
    const { shown, next } = onePage(query, (page) => control.sessions(undefined, page));
    return { sessions: shown.map(showSession), ...next };
  });
  serve(app, ROUTES.connections, ({ query }) => listConnections(control, query));
}

/** What is asked for, and where the next page begins if there is one. */
function onePage<View extends { readonly id: string }>(
  { limit, after }: PageQuery,
  read: (page: Page) => View[],
): { readonly shown: View[]; readonly next: { readonly next_after?: string } } {
  // One more than is shown tells whether there is more.
  const views = read({ after, limit: limit === undefined ? undefined : limit + 1 });
  const shown = limit === undefined ? views : views.slice(0, limit);
  const last = shown.at(-1);
  return { shown, next: views.length > shown.length && last !== undefined ? { next_after: last.id } : {} };
}

function serveDrains(app: FastifyInstance, control: Control): void {
  const drain = async (
    target: DrainTarget,
    what: string,
    { timeout_seconds: seconds = DEFAULT_DRAIN_SECONDS }: DrainRequest,
  ): Promise<DrainResult> => {
    const result = await control.drain(target, seconds * MS);
    if (result === undefined) throw notFound(what);
    return { ...result };
  };
  serve(app, ROUTES.drainConnection, ({ params: { connection_id: id }, body }) =>
    drain({ level: 'connection', id }, `connection ${id}`, body),
  );
  serve(app, ROUTES.drainSession, ({ params, body }) => {
    const { id } = session(control, params);
    return drain({ level: 'session', id }, `session ${id}`, body);
  });
  serve(app, ROUTES.drainClient, ({ params: { client_id: id }, body }) =>
    drain({ level: 'client', id }, `client ${id}`, body),
  );
  serve(
    app,
    ROUTES.drainAddress,
    ({ params: { address }, body: { move = false, timeout_seconds: given } }) => {
      // A client that does nothing is heard of when it renews its lease.
      const seconds = given ?? (move ? control.settings().leaseTime : DEFAULT_DRAIN_SECONDS);
      return drain({ level: 'address', address, move }, `listening address ${address}`, {
        timeout_seconds: seconds,
      });
    },
  );
  serve(app, ROUTES.drainServer, ({ body }) => drain({ level: 'server' }, 'server', body));
  serve(app, ROUTES.undrainAddress, ({ params }) => {
    control.undrain(params.address);
    return undefined;
  });
  serve(app, ROUTES.undrainServer, () => {
    control.undrain(WHOLE_SERVER);
    return undefined;
  });
}

/** Tells of what has ended though that cannot be kept; anything else that is thrown has left all as it was. */
function ended(work: () => boolean): boolean {
  try {
    return work();
  } catch (error) {
    throw error instanceof NotKeptError ? notKept(`${error.what} has ended`, error.cause) : error;
  }
}

function client(control: Control, id: string): ClientView {
  const view = control.client(id);
  if (view === undefined) throw notFound(`client ${id}`);
  return view;
}

function session(control: Control, { client_id, session_id }: SessionParams): SessionView {
  const view = control.session(session_id);
  if (view?.client !== client_id) throw notFound(`session ${session_id} of a client ${client_id}`);
  return view;
}
