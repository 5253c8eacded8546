import type { RequestListener } from 'node:http';
import { Health, type ServerState, ShareList, Status } from '@dfs/api';
import {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
} from 'fastify';
import type { Logger } from '../daemon/log.ts';
import { errorMessage } from '../daemon/start-error.ts';
import { sendProblem } from './problem.ts';

/** What the API tells, asked anew for each request. */
export interface RestSources {
  state(): ServerState;
  status(): Status;
  shares(): ShareList;
}

const HTTP = { OK: 200, FORBIDDEN: 403, NOT_FOUND: 404, FAULT: 500, UNAVAILABLE: 503 } as const;

/** Bytes of a request's body. */
const MAX_BODY_BYTES = 1024 * 1024;

/** The API as a handler of node:http, so that each listener may have its own server. */
export async function createRestApp(sources: RestSources, log: Logger): Promise<RequestListener> {
  const app = fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: true,
    frameworkErrors: refuse(log),
  });
  answerErrors(app, log);
  guardHost(app);
  app.get('/health', { schema: { response: { [HTTP.OK]: Health } } }, () => ({ status: 'ok' }));
  app.get('/health/ready', (_request, reply) => {
    const status = sources.state();
    return reply.code(status === 'ready' ? HTTP.OK : HTTP.UNAVAILABLE).send({ status });
  });
  app.get('/api/v1/status', { schema: { response: { [HTTP.OK]: Status } } }, () => sources.status());
  app.get('/api/v1/shares', { schema: { response: { [HTTP.OK]: ShareList } } }, () => sources.shares());
  await app.ready();
  return app.routing;
}

function answerErrors(app: FastifyInstance, log: Logger): void {
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, HTTP.NOT_FOUND, 'not_found', `nothing answers ${request.method} here`, request.url),
  );
  app.setErrorHandler(refuse(log));
}

/** Answers an error, of a handler or of the framework itself (a path that cannot be decoded). */
function refuse(log: Logger) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
    const status = error.statusCode ?? HTTP.FAULT;
    if (status < HTTP.FAULT) {
      return sendProblem(reply, status, 'bad_request', errorMessage(error), request.url);
    }
    log.error({ err: error, url: request.url }, 'api: a request failed');
    return sendProblem(reply, status, 'fault', 'the server has logged what went wrong', request.url);
  };
}

/**
 * A web page may make a browser ask 127.0.0.1 under the page's own name (DNS rebinding). Over TCP only requests that name this
 * machine itself are answered; a Unix socket is out of a browser's reach.
 */
function guardHost(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    if (request.socket.remoteAddress === undefined) return;
    if (/^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i.test(request.headers.host ?? '')) return;
    await sendProblem(
      reply,
      HTTP.FORBIDDEN,
      'host_not_allowed',
      'the API answers to localhost only',
      request.url,
    );
  });
}
