import http from 'node:http';
import { ApiError } from './errors.ts';

/** Where the API listens: a Unix socket of this machine, or an HTTP address. */
export type ApiEndpoint = { readonly socketPath: string } | { readonly url: URL };

export interface ApiResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Bytes of one answer that a client takes; a longer one is an error. */
export const MAX_RESPONSE_BYTES = 64 * 1024 * 1024;

export function describeEndpoint(endpoint: ApiEndpoint): string {
  return 'socketPath' in endpoint ? endpoint.socketPath : endpoint.url.origin;
}

/** One request, one answer. Rejects with an {@link ApiError}; `timeoutMs` bounds the whole exchange. */
export function send(
  endpoint: ApiEndpoint,
  method: 'GET',
  path: string,
  timeoutMs: number,
): Promise<ApiResponse> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const where = describeEndpoint(endpoint);
    const fail = (error: unknown) => reject(asApiError(error, where, signal.aborted, timeoutMs));
    const request = http.request({ ...target(endpoint), method, path, signal, agent: false }, (response) => {
      collect(response).then(
        (body) =>
          resolve({
            status: response.statusCode ?? 0,
            contentType: response.headers['content-type'] ?? '',
            body,
          }),
        fail,
      );
    });
    request.setHeader('accept', 'application/json');
    request.on('error', fail);
    request.end();
  });
}

function target(endpoint: ApiEndpoint): http.RequestOptions {
  if ('socketPath' in endpoint) return { socketPath: endpoint.socketPath };
  const { url } = endpoint;
  // WHATWG URLs keep the brackets of an IPv6 address, node:http wants them off.
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? 80 : Number(url.port) };
}

async function collect(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_RESPONSE_BYTES) {
      throw new ApiError('too_large', `the answer has more than ${MAX_RESPONSE_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function asApiError(error: unknown, where: string, timedOut: boolean, timeoutMs: number): ApiError {
  if (error instanceof ApiError) return error;
  if (timedOut) return new ApiError('timeout', `no answer from ${where} within ${timeoutMs} ms`);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'EACCES' || code === 'EPERM') {
    return new ApiError('forbidden', `this user may not open ${where}: only the owner of the server may`);
  }
  return new ApiError('unreachable', `no server answers at ${where}${code === '' ? '' : ` (${code})`}`);
}
