// The typed client for browsers: nothing here knows of Node.
export * from './browser-transport.ts';
export { TypedClient } from './client.ts';
export { ApiError } from './errors.ts';
