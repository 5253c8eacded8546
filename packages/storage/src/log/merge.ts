import type { Key, KeyValue } from '../metadata/store.ts';
import type { Pending } from './pending.ts';

/** Appends to `found` what the page and the pending changes make of the keys below `bound`. */
export function merge(
  page: readonly KeyValue[],
  pending: Pending,
  bound: Key,
  limit: number,
  found: KeyValue[],
): void {
  let next = 0;
  for (; found.length < limit; ) {
    const stored = page[next];
    const { key } = pending;
    if (key === undefined || key >= bound || (stored !== undefined && stored.key < key)) {
      if (stored === undefined) return;
      found.push(stored);
      next++;
    } else {
      if (stored?.key === key) next++;
      const value = pending.take();
      if (value !== undefined) found.push({ key, value: Buffer.from(value) });
    }
  }
}
