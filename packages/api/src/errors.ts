import type { Problem } from './schemas/problem.ts';

/** Why a call to the API brought no result. */
export type ApiErrorCode =
  | 'unreachable' // nobody answers there
  | 'forbidden' // the socket may not be opened by this user
  | 'timeout'
  | 'untrusted' // TLS: nobody known vouches for the server
  | 'malformed' // the answer is not what this version of the API says
  | 'too_large'
  | 'problem'; // the server refused; `problem` says why

export class ApiError extends Error {
  readonly code: ApiErrorCode;
  /** What the server said, for the code `problem`. */
  readonly problem: Problem | undefined;

  constructor(code: ApiErrorCode, message: string, problem?: Problem) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.problem = problem;
  }
}
