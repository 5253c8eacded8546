// The typed client: apart from the schemas, as its checks are what takes longest to load.
export { type ConnectionsSeen, DEFAULT_TIMEOUT_MS } from './client.ts';
export { findServer } from './find-server.ts';
export { ApiClient } from './node-client.ts';
export { type ApiEndpoint, describeEndpoint, MAX_RESPONSE_BYTES } from './node-transport.ts';
