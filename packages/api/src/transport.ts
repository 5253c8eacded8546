export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ApiResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface ApiStream extends AsyncDisposable {
  readonly status: number;
  readonly contentType: string;
  /** Pieces of text as they come; ends when the server closes. */
  readonly chunks: AsyncIterable<string>;
  /** The whole of it, where it is an error and not a stream. */
  text(): Promise<string>;
}

/** The way to one server. Every method rejects with an ApiError, and with nothing else. */
export interface Transport {
  /** For messages: the socket's path or the address. */
  readonly where: string;
  /** One request, one answer. `timeoutMs` bounds the whole exchange. */
  send(request: ApiRequest, timeoutMs: number): Promise<ApiResponse>;
  /** One request whose answer has no end. `timeoutMs` bounds the wait for its beginning; `signal` ends it. */
  stream(request: ApiRequest, timeoutMs: number, signal?: AbortSignal): Promise<ApiStream>;
}
