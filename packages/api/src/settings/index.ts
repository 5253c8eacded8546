export * from './definition.ts';
export * from './kind.ts';
export * from './kinds.ts';
export * from './nfs-settings.ts';
export { BLOCKABLE_OPERATIONS } from './operations.ts';
export { suggest } from './suggest.ts';
