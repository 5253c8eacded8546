export * from './contracts.ts';
export * from './control.ts';
export { DEFAULT_LIMITS, type Limits } from './limits.ts';
export * from './server.ts';
export * from './vfs/index.ts';
