/** One field of a body, and what is wrong with it. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** Thrown by whoever handles a request: becomes problem+json of this status. */
export class Refusal extends Error {
  readonly status: number;
  /** snake_case. */
  readonly code: string;
  readonly errors: readonly FieldError[] | undefined;

  constructor(status: number, code: string, detail: string, errors?: readonly FieldError[]) {
    super(detail);
    this.name = 'Refusal';
    this.status = status;
    this.code = code;
    this.errors = errors;
  }
}

export const HTTP = {
  OK: 200,
  BAD_REQUEST: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  PRECONDITION_FAILED: 412,
  UNPROCESSABLE: 422,
  FAULT: 500,
  UNAVAILABLE: 503,
} as const;

/** Something has ended, at once as it should, but the disk does not take that now. */
export function notKept(ended: string, cause: unknown): Refusal {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const detail =
    `${ended} at once, but this cannot be kept at this moment: ${reason}. It is kept as soon as the disk takes changes again ` +
    '(GET /health, GET /api/v1/shares); should the server end before, the next start knows nothing of it: ask once more then';
  return new Refusal(HTTP.UNAVAILABLE, 'not_kept', detail);
}

export function notFound(what: string): Refusal {
  return new Refusal(HTTP.NOT_FOUND, 'not_found', `there is no ${what}`);
}

/** All wrong fields at once; the text has them too, for those who only look at that. */
export function wrongFields(errors: readonly FieldError[]): Refusal {
  const detail = errors.map(({ field, message }) => `${field}: ${message}`).join('; ');
  return new Refusal(HTTP.UNPROCESSABLE, 'invalid', detail, errors);
}
