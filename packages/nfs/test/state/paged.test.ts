import { expect, it } from 'vitest';
import { paged } from '../../src/operator/paged.ts';

const COUNT = 500;
const names = Array.from({ length: COUNT }, (_, i) => String(i).padStart(4, '0'));
/** Neither in their order nor against it. */
const mixed = names.map((_, i) => ({ name: names[(i * 7) % COUNT]! }));

it.each([
  ['mixed', mixed],
  ['in order', names.map((name) => ({ name }))],
  ['backwards', names.map((name) => ({ name })).reverse()],
])('yields each once and in order, page by page (%s)', (_, all) => {
  for (const limit of [1, 2, 7, 499, 500, 501, undefined]) {
    const seen: string[] = [];
    for (let after: string | undefined; ; ) {
      const page = paged(all, { after, limit });
      expect(page.length).toBeLessThanOrEqual(limit ?? COUNT);
      seen.push(...page.map(({ name }) => name));
      if (limit === undefined || page.length < limit) break;
      after = page.at(-1)?.name;
    }
    expect(seen).toEqual(names);
  }
});
