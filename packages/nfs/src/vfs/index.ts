export * from './attributes.ts';
export * from './credentials.ts';
export * from './errors.ts';
export * from './file-system.ts';
export * from './posix.ts';
export * from './read-only.ts';
export * from './stretch.ts';
