export * from './definition.ts';
export * from './kind.ts';
export * from './kinds.ts';
export * from './nfs-settings.ts';
export { suggest } from './suggest.ts';
