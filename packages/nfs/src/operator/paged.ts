import type { Page } from '../control.ts';

interface Named<T> {
  readonly name: string;
  readonly item: T;
}

/**
 * By id, so that a page begins where the last one ended though that may be gone. Only what may belong to the page is sorted: there may be hundreds of
 * thousands, and each page looks at all of them.
 */
export function paged<T extends { readonly name: string }>(all: Iterable<T>, page: Page = {}): T[] {
  const { after = '', limit = Infinity } = page;
  let found: Named<T>[] = [];
  let last: string | undefined;
  for (const item of all) {
    // Once: it may be worked out each time.
    const { name } = item;
    if (name <= after || (last !== undefined && name > last)) continue;
    found.push({ name, item });
    if (found.length < 2 * limit) continue;
    found = first(found, limit);
    last = found.at(-1)?.name;
  }
  return first(found, limit).map(({ item }) => item);
}

function first<T>(found: Named<T>[], limit: number): Named<T>[] {
  return found.sort((a, b) => (a.name < b.name ? -1 : 1)).slice(0, limit);
}
