export { LmdbMetadataStore } from './lmdb.ts';
export { MemoryMetadataStore } from './memory.ts';
export * from './store.ts';
