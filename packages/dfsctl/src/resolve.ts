import type { Connection, NfsClient, Session, Share, Token } from '@dfs/api';
import type { ApiClient } from '@dfs/api/client';
import { printable } from '@dfs/api/terminal';
import { UsageError } from './usage-error.ts';

const SHOWN = 5;

/**
 * The one whose id is `given`, or begins or ends with it, as nobody types 32 digits. Ids of one server begin alike, so the end is
 * what tells them apart.
 */
function byPart<T>(all: readonly T[], given: string, idOf: (item: T) => string, what: string): T {
  const wanted = given.toLowerCase();
  const exact = all.find((item) => idOf(item) === wanted);
  if (exact !== undefined) return exact;
  const matching =
    wanted === '' ? [] : all.filter((item) => idOf(item).startsWith(wanted) || idOf(item).endsWith(wanted));
  const [only] = matching;
  if (only === undefined) throw new NotFound(what, given);
  if (matching.length === 1) return only;
  const some = matching.slice(0, SHOWN).map(idOf).join(', ');
  const more = matching.length > SHOWN ? ', …' : '';
  throw new UsageError(`${printable(given)} could be any of ${matching.length} ${what}s: ${some}${more}`);
}

/** The server has nothing of that name. */
export class NotFound extends Error {
  constructor(what: string, given: string) {
    super(`there is no ${what} ${printable(JSON.stringify(given))}`);
    this.name = 'NotFound';
  }
}

export async function findClient(api: ApiClient, given: string): Promise<NfsClient> {
  return byPart((await api.clients()).clients, given, (client) => client.client_id, 'client');
}

export async function findSession(api: ApiClient, given: string): Promise<Session> {
  return byPart((await api.sessions()).sessions, given, (session) => session.session_id, 'session');
}

/** `given` may have a # in front, as `dfsctl top` shows it. */
export async function findConnection(api: ApiClient, given: string): Promise<Connection> {
  const number = /^#?(\d{1,15})$/.exec(given)?.[1];
  if (number === undefined) throw new UsageError(`${JSON.stringify(given)} is no number of a connection`);
  const { connections } = await api.connections();
  const found = connections.find((connection) => connection.connection_id === Number(number));
  if (found === undefined) throw new NotFound('connection', given);
  return found;
}

/** By path, with or without the first slash, or by id. */
export async function findShare(api: ApiClient, given: string): Promise<Share> {
  const { shares } = await api.shares();
  const path = given.startsWith('/') ? given : `/${given}`;
  const found =
    shares.find((share) => share.path === path) ?? shares.find((share) => String(share.id) === given);
  if (found === undefined) throw new NotFound('share', given);
  return found;
}

/** By id, by a part of it, or by name. */
export async function findToken(api: ApiClient, given: string): Promise<Token> {
  const { tokens } = await api.tokens();
  const named = tokens.find((token) => token.name === given || token.id === given);
  return named ?? byPart(tokens, given, (token) => token.id, 'token');
}
