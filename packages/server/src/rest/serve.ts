import type { Of, Route } from '@dfs/api';
import { Problem, ROUTES } from '@dfs/api';
import { listed } from '@dfs/api/settings';
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from 'fastify';
import type { TSchema } from 'typebox';
import { Check, Convert, Errors } from 'typebox/value';
import { marked } from './openapi.ts';
import { type FieldError, HTTP, Refusal, wrongFields } from './refusal.ts';

/** A request whose parts are as the route says. */
export interface Call<R extends Route> {
  readonly params: Of<R, 'params'>;
  readonly query: Of<R, 'query'>;
  readonly body: Of<R, 'body'>;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

export interface ServeOptions {
  /** The handler checks the body itself: it knows better what to say of what is wrong. */
  readonly uncheckedBody?: boolean;
}

/** Registers a route: parts are checked before the handler, what it answers is sent with the route's status. */
export function serve<R extends Route>(
  app: FastifyInstance,
  route: R,
  handler: (call: Call<R>) => Of<R, 'answer'> | Promise<Of<R, 'answer'>>,
  options: ServeOptions = {},
): void {
  app.route({
    method: route.method,
    url: route.path,
    config: { access: route.access },
    schema: documented(route),
    handler: async (request, reply) => {
      const call = {
        params: converted(route.params, request.params, 'path'),
        query: converted(route.query, request.query, 'query'),
        body: options.uncheckedBody === true ? request.body : checkedBody(route, request.body),
        request,
        reply,
      };
      // Each part was checked by the schema that its type comes from.
      const answer = await handler(call as unknown as Call<R>);
      return reply.code(route.status).send(answer);
    },
  });
}

const OPERATION_IDS: ReadonlyMap<Route, string> = new Map(
  Object.entries(ROUTES).map(([name, route]) => [route, name]),
);

/** What the OpenAPI document says of a route. Checks are done by {@link serve}, not by the framework. */
export function documented(route: Route): FastifySchema {
  const name = OPERATION_IDS.get(route);
  const refusals = route.access === 'open' ? [] : [HTTP.UNAUTHORIZED, HTTP.FORBIDDEN];
  const isChecked = route.params !== undefined || route.query !== undefined || route.body !== undefined;
  const statuses = [
    ...(isChecked ? [HTTP.BAD_REQUEST] : []),
    ...refusals,
    ...(route.body === undefined ? [] : [HTTP.UNPROCESSABLE]),
    ...(route.refusals ?? []),
    HTTP.FAULT,
  ];
  const problem = { description: 'Refused', content: { 'application/problem+json': { schema: Problem } } };
  const good = route.answer ?? { description: 'Done', type: 'null' };
  return marked({
    tags: [route.tag],
    summary: route.summary,
    ...(name !== undefined && { operationId: name }),
    ...(route.access === 'open' ? { security: [] } : {}),
    ...(route.params !== undefined && { params: route.params }),
    ...(route.query !== undefined && { querystring: route.query }),
    ...(route.body !== undefined && { body: route.body }),
    response: { [route.status]: good, ...Object.fromEntries(statuses.map((status) => [status, problem])) },
  });
}

/** Text of the address, made into what the schema wants. */
export function converted(schema: TSchema | undefined, input: unknown, part: 'path' | 'query'): unknown {
  if (schema === undefined) return undefined;
  const value: unknown = Convert(schema, { ...(input as object) });
  if (Check(schema, value)) return value;
  const text = fieldErrors(schema, value).map(({ field, message }) => `${field} ${message}`);
  throw new Refusal(HTTP.BAD_REQUEST, 'bad_request', `${part}: ${text.join('; ')}`);
}

function checkedBody(route: Route, input: unknown): unknown {
  if (route.body === undefined) return undefined;
  const body = input ?? (route.bodyOptional === true ? {} : input);
  if (!Check(route.body, body)) throw wrongFields(fieldErrors(route.body, body));
  return body;
}

/** Every field that a schema refuses, once. */
export function fieldErrors(schema: TSchema, value: unknown): FieldError[] {
  const byField = new Map<string, string>();
  const constants = new Map<string, string[]>();
  for (const error of Errors(schema, value)) {
    const place = error.instancePath.slice(1).replaceAll('/', '.');
    if (error.keyword === 'const') {
      constants.set(place, [...(constants.get(place) ?? []), JSON.stringify(error.params.allowedValue)]);
    } else if (error.keyword !== 'anyOf') {
      for (const [field, message] of named(error, place)) {
        if (!byField.has(field)) byField.set(field, message);
      }
    }
  }
  for (const [field, values] of constants) byField.set(field, `must be ${listed(values, 'or')}`);
  return [...byField].map(([field, message]) => ({ field, message }));
}

type SchemaError = ReturnType<typeof Errors>[number];

/** The fields that one error is about: of those that are missing or unknown, their own names. */
function named(error: SchemaError, place: string): [string, string][] {
  const at = (name: string) => (place === '' ? name : `${place}.${name}`);
  const field = place === '' ? 'body' : place;
  switch (error.keyword) {
    case 'required':
      return error.params.requiredProperties.map((name) => [at(name), 'is missing']);
    // An unknown member is refused as such, and by the schema that takes nothing.
    case 'additionalProperties':
      return error.params.additionalProperties.map((name) => [at(name), 'is not known']);
    case 'boolean':
      return [[field, 'is not known']];
    case 'enum':
      return [[field, `must be one of ${JSON.stringify(error.params.allowedValues)}`]];
    default:
      return [[field, error.message]];
  }
}
