import http from 'node:http';
import https from 'node:https';
import { ApiError } from './errors.ts';
import type { ApiRequest, ApiResponse, ApiStream, Transport } from './transport.ts';

/** Where the API listens: a Unix socket of this machine, or an HTTP(S) address with a token. */
export type ApiEndpoint =
  | { readonly socketPath: string }
  | {
      readonly url: URL;
      /** Sent as a bearer token. */
      readonly token?: string;
      /** PEM: trusted besides (a certificate that the server made for itself). */
      readonly ca?: string;
    };

/** Bytes of one answer that a client takes; a longer one is an error. */
export const MAX_RESPONSE_BYTES = 64 * 1024 * 1024;

export function describeEndpoint(endpoint: ApiEndpoint): string {
  return 'socketPath' in endpoint ? endpoint.socketPath : endpoint.url.origin;
}

/** Over node:http. */
export function nodeTransport(endpoint: ApiEndpoint): Transport {
  return {
    where: describeEndpoint(endpoint),
    send: (request, timeoutMs) => send(endpoint, request, timeoutMs),
    stream: (request, timeoutMs, signal) => stream(endpoint, request, timeoutMs, signal),
  };
}

/** One request, one answer. Rejects with an {@link ApiError}; `timeoutMs` bounds the whole exchange. */
async function send(endpoint: ApiEndpoint, request: ApiRequest, timeoutMs: number): Promise<ApiResponse> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await open(endpoint, request, signal);
    return await collected(response);
  } catch (error) {
    throw asApiError(error, describeEndpoint(endpoint), signal.aborted, timeoutMs);
  }
}

/** One request whose answer has no end. `timeoutMs` bounds the wait for its beginning; `signal` ends it. */
async function stream(
  endpoint: ApiEndpoint,
  request: ApiRequest,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<ApiStream> {
  const beginning = new AbortController();
  const timer = setTimeout(() => beginning.abort(), timeoutMs);
  const both = signal === undefined ? beginning.signal : AbortSignal.any([signal, beginning.signal]);
  try {
    const response = await open(endpoint, request, both);
    return {
      status: response.statusCode ?? 0,
      contentType: response.headers['content-type'] ?? '',
      chunks: pieces(response, describeEndpoint(endpoint), signal),
      text: async () => (await collected(response)).body,
      [Symbol.asyncDispose]: async () => void response.destroy(),
    };
  } catch (error) {
    throw asApiError(error, describeEndpoint(endpoint), beginning.signal.aborted, timeoutMs);
  } finally {
    clearTimeout(timer);
  }
}

async function* pieces(
  response: http.IncomingMessage,
  where: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  response.setEncoding('utf8');
  try {
    for await (const text of response as AsyncIterable<string>) yield text;
  } catch (error) {
    if (signal?.aborted === true) return;
    throw asApiError(error, where, false, 0);
  }
}

/** Resolves when the head of the answer is there. */
function open(
  endpoint: ApiEndpoint,
  { method, path, body, headers }: ApiRequest,
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const isSecure = 'url' in endpoint && endpoint.url.protocol === 'https:';
    const options = { ...target(endpoint), method, path, signal, agent: false as const };
    const request = isSecure ? https.request(options, resolve) : http.request(options, resolve);
    request.setHeader('accept', 'application/json');
    if ('url' in endpoint && endpoint.token !== undefined) {
      request.setHeader('authorization', `Bearer ${endpoint.token}`);
    }
    for (const [name, value] of Object.entries(headers ?? {})) request.setHeader(name, value);
    request.on('error', reject);
    if (body === undefined) {
      request.end();
      return;
    }
    const text = JSON.stringify(body);
    request.setHeader('content-type', 'application/json');
    request.setHeader('content-length', Buffer.byteLength(text));
    request.end(text);
  });
}

const HTTP_PORT = 80;
const HTTPS_PORT = 443;

function target(endpoint: ApiEndpoint): https.RequestOptions {
  if ('socketPath' in endpoint) return { socketPath: endpoint.socketPath };
  const { url, ca } = endpoint;
  const usual = url.protocol === 'https:' ? HTTPS_PORT : HTTP_PORT;
  return {
    // WHATWG URLs keep the brackets of an IPv6 address, node:http wants them off.
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? usual : Number(url.port),
    ...(ca !== undefined && { ca }),
  };
}

async function collected(response: http.IncomingMessage): Promise<ApiResponse> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_RESPONSE_BYTES) {
      throw new ApiError('too_large', `the answer has more than ${MAX_RESPONSE_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return {
    status: response.statusCode ?? 0,
    contentType: response.headers['content-type'] ?? '',
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

const UNTRUSTED: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

function asApiError(error: unknown, where: string, timedOut: boolean, timeoutMs: number): ApiError {
  if (error instanceof ApiError) return error;
  if (timedOut) return new ApiError('timeout', `no answer from ${where} within ${timeoutMs} ms`);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'EACCES' || code === 'EPERM') {
    return new ApiError('forbidden', `this user may not open ${where}: only the owner of the server may`);
  }
  if (UNTRUSTED.has(code)) {
    return new ApiError('untrusted', `the certificate of ${where} is not trusted (${code})`);
  }
  return new ApiError('unreachable', `no server answers at ${where}${code === '' ? '' : ` (${code})`}`);
}
