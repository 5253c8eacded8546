import type { Static, TSchema } from 'typebox';
import { DrainRequest, DrainResult } from '../schemas/connection.ts';

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Who may ask over TCP; over the Unix socket its owner may everything. */
export type Access = 'open' | 'read' | 'admin';

/** One question to the API. Server, typed client and OpenAPI document are made from these. */
export interface Route {
  readonly method: HttpMethod;
  /** With parameters as ":name". */
  readonly path: string;
  readonly access: Access;
  readonly tag: string;
  readonly summary: string;
  readonly params?: TSchema;
  readonly query?: TSchema;
  readonly body?: TSchema;
  /** May be left out. */
  readonly bodyOptional?: boolean;
  /** The status of a good answer. */
  readonly status: 200 | 201 | 202 | 204;
  /** Absent where the answer is empty, or no JSON. */
  readonly answer?: TSchema;
  /** Statuses of refusals besides 400, 401, 403 and 500. */
  readonly refusals?: readonly number[];
}

/** The type that a schema of a route stands for; undefined where it has none. */
export type Of<R extends Route, Part extends 'params' | 'query' | 'body' | 'answer'> = R[Part] extends TSchema
  ? Static<R[Part]>
  : undefined;

/** Keeps the exact type of a route. */
export function route<const R extends Route>(definition: R): R {
  return definition;
}

export const V1 = '/api/v1';

/** What many routes have in common. */
export const seen = { method: 'GET', access: 'read', status: 200 } as const;
export const removed = { status: 204, access: 'admin', refusals: [404] } as const;
export const drained = {
  body: DrainRequest,
  bodyOptional: true,
  status: 200,
  answer: DrainResult,
  access: 'admin',
  refusals: [404],
} as const;
