import { ROUTES } from '@dfs/api';
import type { FastifyInstance } from 'fastify';
import { refuseCrossSite, setCookie } from '../auth/console-access.ts';
import { LINK_MS } from '../console/sessions.ts';
import { HTTP, notFound, Refusal } from './refusal.ts';
import { serve } from './serve.ts';
import type { RestServices } from './services.ts';

/** Signing in to the console and out of it. */
export function serveConsole(app: FastifyInstance, { console }: Pick<RestServices, 'console'>): void {
  const { sessions } = console;
  serve(app, ROUTES.createConsoleLink, ({ body }) => {
    const role = body.role ?? 'admin';
    const { secret, expiresAt } = sessions.createLink(role, LINK_MS);
    const url = console.linkUrl(secret);
    if (url === undefined) {
      throw new Refusal(
        HTTP.CONFLICT,
        'console_off',
        'the console is switched off: start with --console HOST:PORT',
      );
    }
    return { url, role, expires_at: new Date(expiresAt).toISOString() };
  });
  serve(app, ROUTES.signIn, async ({ body, request, reply }) => {
    refuseCrossSite(request);
    const session = await sessions.signIn(body.secret);
    if (session === undefined) {
      throw new Refusal(
        HTTP.UNAUTHORIZED,
        'link_used',
        'this link has been used, or is too old: `dfsctl console` makes another',
      );
    }
    const { cookie, ...answer } = session;
    setCookie(request, reply, cookie);
    return answer;
  });
  serve(app, ROUTES.consoleSession, ({ request: { consoleCaller: caller } }) => {
    if (caller === undefined) throw notFound('console session: this was not asked by a browser');
    return { role: caller.role, expires_at: new Date(caller.expiresAt).toISOString() };
  });
  serve(app, ROUTES.signOut, async ({ request, reply }) => {
    if (request.consoleCaller === undefined) throw notFound('console session');
    // Also where it cannot be kept that the session has ended.
    setCookie(request, reply, undefined);
    await sessions.signOut(request.consoleCaller.id);
    return undefined;
  });
  serve(app, ROUTES.signOutAll, async () => {
    await sessions.signOutAll();
    return undefined;
  });
}
