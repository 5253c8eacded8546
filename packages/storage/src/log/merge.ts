import type { Key, KeyValue } from '../metadata/store.ts';

/** Appends to `found` what the page and the pending changes (whose later ones win) make of the keys below `bound`. */
export function merge(
  page: readonly KeyValue[],
  pending: (readonly [Key, Buffer | undefined])[],
  bound: Key,
  limit: number,
  found: KeyValue[],
): void {
  let next = 0;
  let taken = 0;
  for (; found.length < limit; ) {
    const stored = page[next];
    const change = pending[taken];
    const changeKey = change !== undefined && change[0] < bound ? change[0] : undefined;
    if (changeKey === undefined) {
      if (stored === undefined) break;
      found.push(stored);
      next++;
    } else if (stored !== undefined && stored.key < changeKey) {
      found.push(stored);
      next++;
    } else {
      if (stored?.key === changeKey) next++;
      taken++;
      const value = change?.[1];
      if (value !== undefined) found.push({ key: changeKey, value: Buffer.from(value) });
    }
  }
  pending.splice(0, taken);
}
