import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Hashed, HashTable, hashOfBytes, hashOfText } from '../../src/hash-table.ts';

class Entry implements Hashed<Entry> {
  readonly key: number;
  readonly hash: number;
  next: Entry | undefined;

  /** Few hashes: most of them are shared. */
  constructor(key: number) {
    this.key = key;
    this.hash = key % 7;
  }
}

function find(table: HashTable<Entry>, key: number): Entry | undefined {
  let entry = table.first(key % 7);
  while (entry !== undefined && entry.key !== key) entry = entry.next;
  return entry;
}

describe('a hash table', () => {
  it('holds what a set would hold, whatever comes and goes', () => {
    const step = fc.record({ key: fc.nat(60), add: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const table = new HashTable<Entry>();
        const model = new Map<number, Entry>();
        for (const { key, add } of steps) {
          const known = model.get(key);
          expect(find(table, key)).toBe(known);
          if (add && known === undefined) {
            const entry = new Entry(key);
            model.set(key, entry);
            table.add(entry);
          } else if (!add) {
            expect(table.remove(known ?? new Entry(key))).toBe(known !== undefined);
            model.delete(key);
          }
          expect(table.size).toBe(model.size);
        }
        expect(new Set(table.all())).toEqual(new Set(model.values()));
        table.clear();
        expect([table.size, table.all()]).toEqual([0, []]);
      }),
    );
  });

  it('lets go of what is taken out, and of what came behind it', () => {
    const table = new HashTable<Entry>();
    const [a, b] = [new Entry(1), new Entry(8)];
    table.add(a);
    table.add(b);
    expect(table.remove(b)).toBe(true);
    expect(table.remove(b)).toBe(false);
    expect(b.next).toBeUndefined();
    expect(find(table, 1)).toBe(a);
  });

  it('tells texts and bytes apart', () => {
    const texts = Array.from({ length: 1000 }, (_, i) => `owner-${i}`);
    // Seeded by chance: one or two may meet.
    const most = texts.length - 10;
    expect(new Set(texts.map(hashOfText)).size).toBeGreaterThan(most);
    expect(new Set(texts.map((text) => hashOfBytes(Buffer.from(text), 1))).size).toBeGreaterThan(most);
    const shares = texts.map((_, i) => hashOfBytes(Buffer.from('x'), i));
    expect(new Set(shares).size).toBeGreaterThan(most);
  });
});
