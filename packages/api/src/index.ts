export { ApiClient, DEFAULT_TIMEOUT_MS } from './client.ts';
export { ApiError, type ApiErrorCode } from './errors.ts';
export { PROBLEM_CONTENT_TYPE, Problem } from './schemas/problem.ts';
export { Share, ShareList } from './schemas/share.ts';
export { Health, Listener, NfsFigures, ServerState, Status } from './schemas/status.ts';
export * from './settings/index.ts';
export {
  dataSocketPath,
  defaultDataDirectory,
  type Environment,
  MAX_SOCKET_PATH_BYTES,
  memorySocketPath,
  runtimeDirectory,
} from './socket-path.ts';
export { type ApiEndpoint, describeEndpoint, MAX_RESPONSE_BYTES } from './transport.ts';
