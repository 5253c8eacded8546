export * from './attr.ts';
export * from './flags.ts';
export * from './op.ts';
export * from './status.ts';
