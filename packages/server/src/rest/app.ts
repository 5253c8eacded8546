import type { RequestListener } from 'node:http';
import { FsError } from '@dfs/nfs';
import {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
} from 'fastify';
import { guard } from '../auth/access.ts';
import type { Logger } from '../daemon/log.ts';
import { errorMessage } from '../daemon/start-error.ts';
import { serveBackups } from './backup-routes.ts';
import { serveConsoleFiles } from './console-files.ts';
import { serveConsole } from './console-routes.ts';
import { serveEvents } from './event-routes.ts';
import { serveHistory } from './history-routes.ts';
import { serveNfs } from './nfs-routes.ts';
import { describe } from './openapi.ts';
import { sendProblem } from './problem.ts';
import { HTTP, Refusal } from './refusal.ts';
import { serveServer } from './server-routes.ts';
import type { RestServices } from './services.ts';
import { serveSettings } from './settings-routes.ts';
import { serveShares, serveTokens } from './share-routes.ts';

/** Bytes of a request's body. */
const MAX_BODY_BYTES = 1024 * 1024;
/** Characters of one part of a path. */
const MAX_PARAMETER = 256;

/** The API as a handler of node:http, so that each listener may have its own server. */
export async function createRestApp(services: RestServices, log: Logger): Promise<RequestListener> {
  const app = fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: MAX_PARAMETER },
    frameworkErrors: refuse(log),
  });
  // Schemas check in `serve`, with messages for people, and answers are typed by them: nothing is dropped or turned into something else on its way.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  answerErrors(app, log);
  serveConsoleFiles(app);
  guard(app, services.tokens, services.console.sessions);
  await describe(app);
  serveServer(app, services);
  serveNfs(app, services);
  serveSettings(app, services);
  serveShares(app, services);
  serveBackups(app, services);
  serveTokens(app, services);
  serveEvents(app, services);
  serveHistory(app, services);
  serveConsole(app, services);
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
  return (error: FastifyError | Refusal | FsError, request: FastifyRequest, reply: FastifyReply) => {
    if (error instanceof Refusal) {
      return sendProblem(reply, error.status, error.code, error.message, request.url, error.errors);
    }
    // The stores are stopped, or full: nothing that the API could have done better.
    if (error instanceof FsError) {
      const detail = `nothing can be kept at this moment: ${error.message}. Where the disk is full (GET /health), make room; where shares have stopped, GET /api/v1/shares tells what to do`;
      return sendProblem(reply, HTTP.UNAVAILABLE, 'storage_failed', detail, request.url);
    }
    const status = error.statusCode ?? HTTP.FAULT;
    if (status < HTTP.FAULT) {
      return sendProblem(reply, status, 'bad_request', errorMessage(error), request.url);
    }
    log.error({ err: error, url: request.url }, 'api: a request failed');
    return sendProblem(reply, status, 'fault', 'the server has logged what went wrong', request.url);
  };
}
