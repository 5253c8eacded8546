import type { Key, KeyValue, MetadataStore } from '../metadata/store.ts';
import { merge } from './merge.ts';
import type { Pending } from './pending.ts';

/** What {@link MetadataStore.scan} would answer once what is pending in the range has been committed. */
export function scanThrough(
  store: MetadataStore,
  pending: Pending,
  start: Key,
  end: Key,
  limit: number,
): readonly KeyValue[] {
  if (pending.key === undefined) return store.scan(start, end, limit);
  const found: KeyValue[] = [];
  for (let from = start; ; ) {
    const page = store.scan(from, end, limit);
    // Beyond the last key of a full page the store may hold more, which comes before later pending ones.
    const bound = page.length < limit ? end : `${page.at(-1)?.key}\x00`;
    merge(page, pending, bound, limit, found);
    if (found.length >= limit || page.length < limit) return found;
    from = bound;
  }
}
