import { ApiEvent, type ApiEventType, EVENT_TYPES, EVENTS_PATH } from '@dfs/api';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { type EventLog, MAX_LISTENERS } from './event-log.ts';
import { marked } from './openapi.ts';
import { HTTP, Refusal } from './refusal.ts';
import { documented } from './serve.ts';
import type { RestServices } from './services.ts';

/** Bytes that wait for one listener; one that falls further behind is cut off, and comes back with its Last-Event-ID. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;
/** Milliseconds; tells both sides that the other is still there. */
const HEARTBEAT_MS = 15_000;
/** Milliseconds after which a listener comes back. */
const RETRY_MS = 1_000;

const QUERY = Type.Object({
  types: Type.Optional(Type.String({ description: `Some of ${EVENT_TYPES.join(',')}, with commas between` })),
});

export function serveEvents(app: FastifyInstance, { events }: Pick<RestServices, 'events'>): void {
  const route = {
    method: 'GET',
    path: EVENTS_PATH,
    access: 'read',
    tag: 'events',
    summary: 'What happens, as server-sent events; each is an ApiEvent. Last-Event-ID resumes',
    query: QUERY,
    status: 200,
  } as const;
  const schema = documented(route);
  const stream = {
    description: 'A stream without end',
    content: { 'text/event-stream': { schema: ApiEvent } },
  };
  app.route({
    method: 'GET',
    url: EVENTS_PATH,
    // It would be an answer without an end, and without anything in it.
    exposeHeadRoute: false,
    config: { access: 'read' },
    schema: marked({ ...schema, response: { ...(schema.response as object), [HTTP.OK]: stream } }),
    handler: (request, reply) => {
      const wanted = wantedTypes(request.query);
      if (events.listeners >= MAX_LISTENERS) {
        throw new Refusal(HTTP.UNAVAILABLE, 'too_many', `${MAX_LISTENERS} listen already`);
      }
      const last = request.headers['last-event-id'];
      streamEvents(reply, events, wanted, typeof last === 'string' && last !== '' ? last : undefined);
    },
  });
}

function wantedTypes(query: unknown): ReadonlySet<ApiEventType> | undefined {
  const { types } = query as { readonly types?: unknown };
  if (types === undefined) return undefined;
  const names = String(types).split(',');
  const wanted = names.map((name) => {
    const known = EVENT_TYPES.find((type) => type === name);
    if (known !== undefined) return known;
    throw new Refusal(
      HTTP.BAD_REQUEST,
      'bad_request',
      `query: types: ${JSON.stringify(name)} is none of ${EVENT_TYPES.join(', ')}`,
    );
  });
  return new Set(wanted);
}

/** Writes events until the listener goes, falls behind, or the server stops. */
function streamEvents(
  reply: FastifyReply,
  events: EventLog,
  wanted: ReadonlySet<ApiEventType> | undefined,
  lastId: string | undefined,
): void {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(HTTP.OK, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  raw.write(`retry: ${RETRY_MS}\n\n`);
  const write = (event: ApiEvent) => {
    if (raw.destroyed) return;
    const isAlways = event.type === 'lost' || event.type === 'heartbeat';
    if (wanted !== undefined && !isAlways && !wanted.has(event.type)) return;
    const id = event.id === undefined ? '' : `id: ${event.id}\n`;
    raw.write(`${id}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    if (raw.writableLength > MAX_WAITING_BYTES) raw.destroy();
  };
  const heartbeat = setInterval(() => write(events.heartbeat()), HEARTBEAT_MS);
  const stop = events.listen(write, lastId, () => raw.end());
  raw.once('close', () => {
    clearInterval(heartbeat);
    stop();
  });
  raw.on('error', () => raw.destroy());
}
