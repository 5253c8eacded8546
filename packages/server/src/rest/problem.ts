import { STATUS_CODES } from 'node:http';
import { PROBLEM_CONTENT_TYPE, type Problem } from '@dfs/api';
import type { FastifyReply } from 'fastify';
import type { FieldError } from './refusal.ts';

/** Answers with a problem (RFC 9457). */
export function sendProblem(
  reply: FastifyReply,
  status: number,
  code: string,
  detail: string,
  instance: string,
  errors?: readonly FieldError[],
): FastifyReply {
  const problem: Problem = {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    code,
    detail,
    instance,
    ...(errors !== undefined && { errors: [...errors] }),
  };
  // As a string: otherwise the schema of the route's good answer would write it.
  return reply.code(status).type(PROBLEM_CONTENT_TYPE).send(JSON.stringify(problem));
}
