import { CONSOLE_KEY_HEADER } from '@dfs/api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ConsoleCaller, ConsoleSessions } from '../console/sessions.ts';
import { SESSION_MS } from '../console/sessions.ts';
import { HTTP, Refusal } from '../rest/refusal.ts';

const MS = 1000;

/** Cookies are shared by all ports of a host: two servers on one machine must not sign each other's browsers out. */
function cookieName(request: FastifyRequest): string {
  return `dfs_console_${request.socket.localPort ?? 0}`;
}

/** Who the browser is signed in as; undefined where it is not, or sends only one half. */
export function consoleCaller(request: FastifyRequest, sessions: ConsoleSessions): ConsoleCaller | undefined {
  const key = request.headers[CONSOLE_KEY_HEADER];
  if (typeof key !== 'string') return undefined;
  const cookie = cookieOf(request);
  return cookie === undefined ? undefined : sessions.find(cookie, key);
}

function cookieOf(request: FastifyRequest): string | undefined {
  const name = cookieName(request);
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const equals = part.indexOf('=');
    if (part.slice(0, equals).trim() === name) return part.slice(equals + 1).trim();
  }
  return undefined;
}

/** With no value, it is taken away. */
export function setCookie(request: FastifyRequest, reply: FastifyReply, value: string | undefined): void {
  const age = value === undefined ? 0 : SESSION_MS / MS;
  const secure = 'encrypted' in request.socket ? '; Secure' : '';
  const cookie = `${cookieName(request)}=${value ?? ''}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${age}${secure}`;
  reply.header('set-cookie', cookie);
}

/**
 * Refuses what another site's page made a browser ask. SameSite alone does not: to it, all ports of 127.0.0.1 are one site. Programs that send
 * neither header are no browsers, and nobody can make them ask.
 */
export function refuseCrossSite(request: FastifyRequest): void {
  const { origin, host, 'sec-fetch-site': site } = request.headers;
  const isForeign = origin !== undefined && hostOf(origin) !== host?.toLowerCase();
  if (!isForeign && (site === undefined || site === 'same-origin' || site === 'none')) return;
  throw new Refusal(HTTP.FORBIDDEN, 'cross_site', "asked by another site's page: only the console's own may");
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
