import type { IncomingMessage } from 'node:http';
import type { Access } from '@dfs/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isLoopback } from '../config/address.ts';
import type { ConsoleCaller, ConsoleSessions } from '../console/sessions.ts';
import { HTTP, Refusal } from '../rest/refusal.ts';
import { consoleCaller, refuseCrossSite } from './console-access.ts';
import type { Tokens } from './tokens.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may ask; `admin` where absent. */
    access?: Access;
  }
  interface FastifyRequest {
    /** For the audit: who asks. */
    who: string;
    /** The browser that asks, where it is signed in to the console. */
    consoleCaller: ConsoleCaller | undefined;
  }
}

/** Requests that came over the Unix socket, whose file only the owner may open. Marked by the listener: a socket's address is gone when its peer is. */
const LOCAL = new WeakSet<IncomingMessage>();

export function markLocal(request: IncomingMessage): void {
  LOCAL.add(request);
}

/** The name of who comes over the Unix socket. */
export const LOCAL_CALLER = 'local socket';
const NOBODY = 'nobody';

/** Lets in, over TCP, only who may ask what is asked. */
export function guard(app: FastifyInstance, tokens: Tokens, sessions: ConsoleSessions): void {
  app.decorateRequest('consoleCaller', undefined);
  app.decorateRequest('who', NOBODY);
  app.addHook('onRequest', async (request, reply) => {
    if (LOCAL.has(request.raw)) {
      request.who = LOCAL_CALLER;
      return;
    }
    const secret = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(request.headers.authorization ?? '')?.[1];
    const token = secret === undefined ? undefined : tokens.find(secret);
    const access = request.routeOptions.config.access ?? 'admin';
    if (token !== undefined) {
      if (access === 'admin' && token.role !== 'admin') {
        throw new Refusal(HTTP.FORBIDDEN, 'forbidden', `the token ${token.name} may only read`);
      }
      request.who = `token ${token.name}`;
      return;
    }
    refuseForeignHost(request);
    const caller = consoleCaller(request, sessions);
    if (caller !== undefined) {
      refuseCrossSite(request);
      if (access === 'admin' && caller.role !== 'admin') {
        throw new Refusal(
          HTTP.FORBIDDEN,
          'forbidden',
          'this browser was signed in with a link that may only look',
        );
      }
      request.who = `console ${caller.id}`;
      request.consoleCaller = caller;
      return;
    }
    if (access === 'open') return;
    reply.header('www-authenticate', 'Bearer realm="dfs"');
    const detail =
      secret === undefined
        ? 'send a token: "Authorization: Bearer TOKEN". The owner of the server makes one with `dfsctl token create`'
        : 'the token is wrong, expired or revoked';
    throw new Refusal(HTTP.UNAUTHORIZED, 'unauthorized', detail);
  });
}

/**
 * A web page may make a browser ask 127.0.0.1 under the page's own name (DNS rebinding). Without a token, which no page has, a
 * loopback address answers only to its own names.
 */
function refuseForeignHost(request: FastifyRequest): void {
  if (!isLoopback((request.socket.localAddress ?? '').replace(/^::ffff:/, ''))) return;
  if (/^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i.test(request.headers.host ?? '')) return;
  throw new Refusal(HTTP.FORBIDDEN, 'host_not_allowed', 'the API answers to localhost only');
}
