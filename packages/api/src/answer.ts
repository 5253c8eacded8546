import type { Static, TSchema } from 'typebox';
import { Errors } from 'typebox/value';
import { checks } from './checks.ts';
import { ApiError } from './errors.ts';
import { Problem } from './schemas/problem.ts';
import type { ApiResponse } from './transport.ts';

const HTTP_ERRORS_FROM = 400;

export function isRefusal(status: number): boolean {
  return status >= HTTP_ERRORS_FROM;
}

/** Throws what the server says of an answer that is none: {@link ApiError}. */
export function refuse(status: number, body: string): void {
  if (!isRefusal(status)) return;
  const value = parse({ status, body });
  if (!checks(Problem, value)) {
    throw new ApiError('malformed', `the answer is HTTP ${status} without a reason`);
  }
  throw new ApiError('problem', value.detail ?? value.title, value);
}

/** What a good answer holds, from the server at `where`. A newer server may say more than this client knows: further fields are no error, missing ones are. */
export function read<S extends TSchema>(response: ApiResponse, schema: S, where: string): Static<S> {
  const value = parse(response);
  if (!checks(schema, value)) {
    const first = Errors(schema, value)[0];
    const place = first === undefined ? '' : `: ${first.instancePath || '/'} ${first.message}`;
    throw new ApiError('malformed', `${where} answered something else than dfs ${place}`.trimEnd());
  }
  return value;
}

export function parse({ status, body }: Pick<ApiResponse, 'status' | 'body'>): unknown {
  const value = parseJson(body);
  if (value === undefined) {
    throw new ApiError('malformed', `the answer (HTTP ${status}) is not JSON: is this a dfs server?`);
  }
  return value;
}

/** Undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
