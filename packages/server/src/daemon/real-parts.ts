import type { Parts } from './parts.ts';

/** The engine and the stores, loaded when a server really starts. */
export const realParts: Parts = {
  async openData() {
    throw new Error('not yet');
  },
  async openMemory() {
    throw new Error('not yet');
  },
  async createNfsServer() {
    throw new Error('not yet');
  },
};
