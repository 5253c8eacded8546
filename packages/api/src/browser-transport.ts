import { ApiError } from './errors.ts';
import { CONSOLE_KEY_HEADER } from './routes.ts';
import type { ApiRequest, ApiResponse, ApiStream, Transport } from './transport.ts';

/** What fetch does as far as it is used here: this file is checked without a browser's types. */
interface Answer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: { pipeThrough(through: unknown): AsyncPieces } | null;
  text(): Promise<string>;
}
interface AsyncPieces {
  getReader(): {
    read(): Promise<{ done: boolean; value?: string | undefined }>;
    cancel(): Promise<void>;
  };
}

/** Over fetch, to where the page came from. `key` answers the session's other half; undefined where nobody is signed in. */
export function browserTransport(key: () => string | undefined): Transport {
  const where = 'the server';
  const open = async ({ method, path, body, headers }: ApiRequest, signal: AbortSignal): Promise<Answer> => {
    const half = key();
    const answer: unknown = await fetch(path, {
      method,
      signal,
      cache: 'no-store',
      credentials: 'same-origin',
      redirect: 'error',
      headers: {
        accept: 'application/json',
        ...(half !== undefined && { [CONSOLE_KEY_HEADER]: half }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return answer as Answer;
  };
  return {
    where,
    async send(request, timeoutMs): Promise<ApiResponse> {
      const signal = AbortSignal.timeout(timeoutMs);
      try {
        const answer = await open(request, signal);
        return { ...head(answer), body: await answer.text() };
      } catch {
        throw lost(where, signal.aborted, timeoutMs);
      }
    },
    async stream(request, timeoutMs, signal): Promise<ApiStream> {
      const end = new AbortController();
      const beginning = setTimeout(() => end.abort(), timeoutMs);
      const both = signal === undefined ? end.signal : AbortSignal.any([signal, end.signal]);
      try {
        const answer = await open(request, both);
        return {
          ...head(answer),
          chunks: pieces(answer, both, where),
          text: () => answer.text(),
          [Symbol.asyncDispose]: async () => end.abort(),
        };
      } catch {
        throw lost(where, end.signal.aborted, timeoutMs);
      } finally {
        clearTimeout(beginning);
      }
    },
  };
}

const head = ({ status, headers }: Answer) => ({ status, contentType: headers.get('content-type') ?? '' });

async function* pieces({ body }: Answer, signal: AbortSignal, where: string): AsyncGenerator<string> {
  if (body === null) return;
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value ?? '';
    }
  } catch {
    if (!signal.aborted) throw lost(where, false, 0);
  }
}

function lost(where: string, timedOut: boolean, timeoutMs: number): ApiError {
  return timedOut
    ? new ApiError('timeout', `no answer from ${where} within ${timeoutMs} ms`)
    : new ApiError('unreachable', `${where} cannot be reached`);
}
