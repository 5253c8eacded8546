import type { Static, TSchema } from 'typebox';
import { Check, Errors } from 'typebox/value';
import { ApiError } from './errors.ts';
import { Problem } from './schemas/problem.ts';
import { ShareList } from './schemas/share.ts';
import { Health, Status } from './schemas/status.ts';
import { type ApiEndpoint, type ApiResponse, describeEndpoint, send } from './transport.ts';

/** Milliseconds that one call may take. */
export const DEFAULT_TIMEOUT_MS = 5_000;

const HTTP_ERRORS_FROM = 400;
const HTTP_UNAVAILABLE = 503;

/** Asks a running dfs. Every method rejects with an {@link ApiError}, and with nothing else. */
export class ApiClient {
  readonly #endpoint: ApiEndpoint;
  readonly #timeoutMs: number;

  constructor(endpoint: ApiEndpoint, options: { readonly timeoutMs?: number } = {}) {
    this.#endpoint = endpoint;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }

  /** For messages: the socket's path or the address. */
  get where(): string {
    return describeEndpoint(this.#endpoint);
  }

  status(): Promise<Status> {
    return this.#get('/api/v1/status', Status);
  }

  shares(): Promise<ShareList> {
    return this.#get('/api/v1/shares', ShareList);
  }

  /** Answers while the process works at all. */
  health(): Promise<Health> {
    return this.#get('/health', Health);
  }

  /** What the server is doing; only `ready` takes new work. Starting and stopping are answers, not errors. */
  async ready(): Promise<Health> {
    const response = await this.#send('/health/ready');
    if (response.status !== HTTP_UNAVAILABLE) refuse(response);
    return this.#read(response, Health);
  }

  async #get<S extends TSchema>(path: string, schema: S): Promise<Static<S>> {
    const response = await this.#send(path);
    refuse(response);
    return this.#read(response, schema);
  }

  #send(path: string): Promise<ApiResponse> {
    return send(this.#endpoint, 'GET', path, this.#timeoutMs);
  }

  /** A newer server may say more than this client knows: further fields are no error, missing ones are. */
  #read<S extends TSchema>(response: ApiResponse, schema: S): Static<S> {
    const value = parse(response);
    if (!Check(schema, value)) {
      const first = Errors(schema, value)[0];
      const place = first === undefined ? '' : `: ${first.instancePath || '/'} ${first.message}`;
      throw new ApiError('malformed', `${this.where} answered something else than dfs ${place}`.trimEnd());
    }
    return value;
  }
}

function refuse(response: ApiResponse): void {
  if (response.status < HTTP_ERRORS_FROM) return;
  const value = parse(response);
  if (!Check(Problem, value)) {
    throw new ApiError('malformed', `the answer is HTTP ${response.status} without a reason`);
  }
  throw new ApiError('problem', value.detail ?? value.title, value);
}

function parse(response: ApiResponse): unknown {
  try {
    return JSON.parse(response.body);
  } catch {
    throw new ApiError(
      'malformed',
      `the answer (HTTP ${response.status}) is not JSON: is this a dfs server?`,
    );
  }
}
