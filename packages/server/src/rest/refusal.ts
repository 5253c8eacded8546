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

export function notFound(what: string): Refusal {
  return new Refusal(HTTP.NOT_FOUND, 'not_found', `there is no ${what}`);
}

/** All wrong fields at once; the text has them too, for those who only look at that. */
export function wrongFields(errors: readonly FieldError[]): Refusal {
  const detail = errors.map(({ field, message }) => `${field}: ${message}`).join('; ');
  return new Refusal(HTTP.UNPROCESSABLE, 'invalid', detail, errors);
}
