import { TypedClient } from './client.ts';
import { type ApiEndpoint, nodeTransport } from './node-transport.ts';

/** The typed client for programs that run on Node: over the Unix socket or TCP. */
export class ApiClient extends TypedClient {
  constructor(endpoint: ApiEndpoint, options: { readonly timeoutMs?: number } = {}) {
    super(nodeTransport(endpoint), options);
  }
}
