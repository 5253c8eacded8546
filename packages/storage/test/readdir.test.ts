import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { ClockCache } from '../src/clock-cache.ts';
import type { Inode } from '../src/index.ts';
import { Cursor } from '../src/metadata/sorted-map.ts';
import { ALICE, cleanUpAfterEach, KINDS, list, names, newShare, ROOT, refusal } from './support.ts';

cleanUpAfterEach();

describe.each(KINDS)('readdir on $name', (kind) => {
  test('goes on from every cookie, and stops where the sink says', async () => {
    const share = await newShare(kind);
    const root = share.root();
    for (let i = 0; i < 700; i++) share.createFile(root, ROOT, `f${i}`, {});
    const all = list(share, root);
    expect(all.map((entry) => entry.name)).toEqual(Array.from({ length: 700 }, (_, i) => `f${i}`));
    expect(all.every((entry, i) => entry.cookie > (all[i - 1]?.cookie ?? 2))).toBe(true);
    for (const at of [0, 1, 31, 32, 33, 350, 698, 699]) {
      expect(names(list(share, root, all[at]?.cookie))).toEqual(names(all.slice(at + 1)));
    }
    let offered = 0;
    expect(share.readdir(root, ROOT, 0, () => offered++ < 10)).toBe(false);
    expect(offered).toBe(11);
    expect(share.readdir(root, ROOT, all.at(-1)?.cookie as number, () => true)).toBe(true);
  });

  test('keeps no more of a large directory in memory than it may, however much of that is listed', async () => {
    const listedEntries = 1000;
    const share = await newShare(kind, { limits: { listedEntries } });
    const root = share.root();
    for (let i = 0; i < 6 * listedEntries; i++) share.createFile(root, ROOT, `f${i}`, {});
    const all = list(share, root);
    for (let at = 0; at < all.length; at += 100) {
      list(share, root, all[at]?.cookie, 90);
      const pages = [...(root.youngPages?.values() ?? []), ...(root.oldPages?.values() ?? [])];
      const kept = pages.reduce((sum, page) => sum + page.entries.length, 0);
      // Each of the two generations may be exceeded by the page that filled it.
      expect(kept).toBeLessThan(2 * listedEntries);
    }
    expect(root.youngPages?.size).toBeGreaterThan(0);
    share.remove(root, ROOT, 'f1');
    expect([root.youngPages, root.oldPages]).toEqual([undefined, undefined]);
  });

  test('what was removed and not yet committed is passed once, not by every listing from the start', async () => {
    // What comes and goes in one batch leaves nothing to pass: making so many files closes theirs.
    const share = await newShare(kind, { limits: { batchChanges: 1000 } });
    const root = share.root();
    for (let i = 0; i < 3000; i++) share.createFile(root, ROOT, `f${i}`, {});
    await share.stable();
    for (let i = 0; i < 2000; i++) share.remove(root, ROOT, `f${i}`);
    const steps = vi.spyOn(Cursor.prototype, 'next');
    const passed = (first: string) => {
      steps.mockClear();
      expect(names(list(share, root, 0, 1))).toEqual([first]);
      return steps.mock.calls.length;
    };
    expect(passed('f2000')).toBeGreaterThanOrEqual(2000);
    share.remove(root, ROOT, 'f2000');
    expect(passed('f2001')).toBeLessThan(100);
    share.rename(root, 'f2001', root, 'g', ROOT);
    share.rename(root, 'f2999', root, 'g', ROOT);
    share.createFile(root, ROOT, 'last', {});
    expect(passed('f2002')).toBeLessThan(100);
    steps.mockRestore();
    expect(names(list(share, root)).slice(-2)).toEqual(['g', 'last']);
    for (const { name } of list(share, root)) share.remove(root, ROOT, name);
    expect(list(share, root)).toEqual([]);
    share.createFile(root, ROOT, 'again', {});
    expect(names(list(share, root))).toEqual(['again']);
  });

  test('who only glances sees the same, and pushes nobody out of memory', async () => {
    const share = await newShare(kind, { limits: { cachedInodes: 50, listedEntries: 100 } });
    const root = share.root();
    const stays = share.createFile(root, ROOT, 'stays', { size: 5 });
    const sparse = share.createFile(root, ROOT, 'sparse', { size: 1 << 20 });
    const kept = share.createFile(root, ROOT, 'kept', {});
    share.retain(kept);
    await share.write(sparse, 1 << 19, Buffer.from('x'), 2);
    for (let i = 0; i < 500; i++) share.createFile(root, ALICE, `f${i}`, { mode: 0o600 + (i % 8) });
    await share.stable();
    const looked = (node: Inode) => {
      const { key: _, memo: __, ...rest } = { ...share.attributes(node) } as Inode;
      const { fileid, generation, mode, nlink, uid, size, used, change, mtimeSec } = rest;
      return {
        fileid,
        generation,
        mode,
        nlink,
        uid,
        size,
        used,
        change,
        mtimeSec,
        at: `${share.handle(node)}`,
      };
    };
    const seen = (list: typeof share.readdir) => {
      const found: unknown[] = [];
      expect(
        list.call(share, root, ROOT, 0, (name, cookie, node) => found.push([name, cookie, looked(node)]) > 0),
      ).toBe(true);
      return found;
    };
    const loaded = vi.spyOn(ClockCache.prototype, 'set');
    const glanced = seen(share.readdirGlance);
    const taken = loaded.mock.calls.length;
    loaded.mockRestore();
    // Those that were in memory before, and the one whose use has to be asked for.
    expect(taken).toBeLessThan(60);
    expect(glanced).toEqual(seen(share.readdir));
    // What nobody has written yet is seen, also of an object that only its holder still knows.
    for (let i = 0; i < 500; i += 7)
      await share.setAttributes(share.lookup(root, ROOT, `f${i}`), ROOT, { mode: 0o444 });
    await share.setAttributes(stays, ROOT, { mode: 0o400 });
    await share.setAttributes(kept, ROOT, { mode: 0o401 });
    expect(seen(share.readdirGlance)).toEqual(seen(share.readdir));
    expect(share.lookup(root, ROOT, 'stays')).toBe(stays);
    share.release(kept);
  });

  test('refuses cookies that it never gave, and takes those of entries that are gone', async () => {
    const share = await newShare(kind);
    const root = share.root();
    for (const name of ['a', 'b', 'c']) share.createFile(root, ROOT, name, {});
    const b = list(share, root)[1]?.cookie as number;
    share.remove(root, ROOT, 'b');
    expect(names(list(share, root, b))).toEqual(['c']);
    expect(await refusal(() => list(share, root, 1))).toBe('EBADCOOKIE');
    expect(await refusal(() => list(share, root, 2))).toBe('EBADCOOKIE');
    expect(await refusal(() => list(share, root, 1_000))).toBe('EBADCOOKIE');
    expect(await refusal(() => list(share, share.lookup(root, ROOT, 'a')))).toBe('ENOTDIR');
  });

  test('an entry that is there throughout is handed out exactly once, whatever comes and goes', async () => {
    const step = fc.record({
      page: fc.integer({ min: 1, max: 9 }),
      changes: fc.array(
        fc.record({ what: fc.constantFrom('add', 'remove', 'rename', 'replace', 'commit'), at: fc.nat() }),
        { maxLength: 6 },
      ),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 40 }),
        fc.array(step, { minLength: 1, maxLength: 12 }),
        async (count, steps) => {
          const share = await newShare(kind);
          const root = share.root();
          const present: string[] = [];
          const touched = new Set<string>();
          let made = 0;
          const add = () => {
            const name = `n${made++}`;
            share.createFile(root, ROOT, name, {});
            present.push(name);
            return name;
          };
          for (let i = 0; i < count; i++) add();
          const before = new Set(present);
          const seen: string[] = [];
          let cookie = 0;
          for (let round = 0; ; round++) {
            const { page, changes } = steps[round % steps.length] as (typeof steps)[number];
            let taken = 0;
            const end = share.readdir(root, ROOT, cookie, (name, at) => {
              if (taken === page) return false;
              taken++;
              seen.push(name);
              cookie = at;
              return true;
            });
            if (end) break;
            for (const { what, at } of round < steps.length ? changes : []) {
              if (what === 'commit') await share.stable();
              else if (what === 'add') touched.add(add());
              else if (present.length > 0) {
                const name = present.splice(at % present.length, 1)[0] as string;
                touched.add(name);
                if (what === 'remove') share.remove(root, ROOT, name);
                else {
                  const over = what === 'replace' && present.length > 0;
                  const target = over ? (present.splice(at % present.length, 1)[0] as string) : `n${made++}`;
                  touched.add(target);
                  share.rename(root, name, root, target, ROOT);
                  present.push(target);
                }
              }
            }
          }
          const throughout = [...before].filter((name) => !touched.has(name));
          for (const name of throughout) expect(seen.filter((other) => other === name)).toEqual([name]);
          expect(new Set(list(share, root).map((entry) => entry.name))).toEqual(new Set(present));
        },
      ),
      { numRuns: kind.name.startsWith('memory') ? 300 : 40 },
    );
  });
});
