import type { MetadataStore } from '../src/index.ts';

/** Commits of a metadata store that LMDB's thread may be writing: a copy of its file that is taken meanwhile may not be whole. */
export class Commits {
  underWay = 0;

  /** The same store, with its commits counted from now on. */
  counted(store: MetadataStore): MetadataStore {
    const commit = store.commit.bind(store);
    store.commit = (changes) => {
      this.underWay++;
      return commit(changes).finally(() => this.underWay--);
    };
    return store;
  }
}
