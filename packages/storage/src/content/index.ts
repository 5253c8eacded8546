export { openFilesCache } from './host-files.ts';
export { LocalContentStore } from './local.ts';
export { MemoryBudget, MemoryContentStore } from './memory.ts';
export * from './store.ts';
