/** The bytes do not decode as the XDR that they should be (RFC 4506): too short, a length beyond its bound, a bad discriminant. */
export class XdrError extends Error {
  readonly code = 'XDR_INVALID';

  constructor(message: string) {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = limit;
    this.name = 'XdrError';
  }
}
