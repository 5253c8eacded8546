import { Health, METRICS_PATH, OPENAPI_PATH, ROUTES } from '@dfs/api';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { marked } from './openapi.ts';
import { HTTP } from './refusal.ts';
import { documented, serve } from './serve.ts';
import type { RestServices } from './services.ts';

/** The server itself: is it well, what does it do, how is it asked. */
export function serveServer(app: FastifyInstance, services: RestServices): void {
  const { metrics, openMetrics } = services;
  serve(app, ROUTES.health, () => {
    const stopped = services.shares.list.filter((share) => share.stopped !== undefined).length;
    const full = services.isFull();
    if (stopped === 0 && !full) return { status: 'ok' as const };
    return { status: 'degraded' as const, stopped_shares: stopped, disk_full: full };
  });
  const ready = documented(ROUTES.ready);
  const unready = { description: 'It starts or stops', content: { 'application/json': { schema: Health } } };
  // Its status depends on the answer, so it sends that itself.
  app.get(
    ROUTES.ready.path,
    {
      config: { access: ROUTES.ready.access },
      schema: marked<FastifySchema>({
        ...ready,
        response: { ...(ready.response as object), [HTTP.UNAVAILABLE]: unready },
      }),
    },
    (_request, reply) => {
      const status = services.state();
      return reply.code(status === 'ready' ? HTTP.OK : HTTP.UNAVAILABLE).send({ status });
    },
  );
  serve(app, ROUTES.status, () => services.status());
  app.get(
    METRICS_PATH,
    {
      config: { access: openMetrics ? 'open' : 'read' },
      schema: {
        tags: ['server'],
        summary: 'Metrics, as Prometheus reads them: docs/metrics.md lists them',
        response: {
          [HTTP.OK]: { description: 'Text', content: { 'text/plain': { schema: { type: 'string' } } } },
        },
      },
    },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()),
  );
  app.get(
    OPENAPI_PATH,
    {
      config: { access: 'open' },
      schema: { tags: ['server'], summary: 'This description, OpenAPI 3.1', security: [] },
    },
    () => app.swagger(),
  );
}
