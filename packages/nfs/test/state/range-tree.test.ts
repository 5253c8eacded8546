import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Ranged, RangeTree } from '../../src/nfs4/state/range-tree.ts';

const WIDTH = 64;

const STEPS = fc.array(
  fc.record({
    kind: fc.constantFrom('add' as const, 'add' as const, 'remove' as const, 'find' as const),
    start: fc.nat(WIDTH),
    length: fc.integer({ min: 1, max: 20 }),
    which: fc.nat(1000),
  }),
  { maxLength: 200 },
);

it('holds and finds what a plain list holds and finds', () => {
  fc.assert(
    fc.property(STEPS, (steps) => {
      const tree = new RangeTree<Ranged>();
      let list: Ranged[] = [];
      for (const { kind, start, length, which } of steps) {
        const range = { start: BigInt(start), end: BigInt(start + length) };
        if (kind === 'add') {
          tree.add(range);
          list.push(range);
        } else if (kind === 'remove') {
          const victim = list[which % Math.max(1, list.length)] ?? range;
          tree.remove(victim);
          list = list.filter((r) => r !== victim);
        } else {
          const overlaps = (r: Ranged) => r.start < range.end && r.end > range.start;
          const odd = (r: Ranged) => (r.end - r.start) % 2n === 1n;
          const found = tree.find(range.start, range.end, odd);
          const due = list.filter((r) => overlaps(r) && odd(r));
          if (found === undefined) expect(due).toEqual([]);
          else expect(due).toContain(found);
        }
        expect(tree.size).toBe(list.length);
        expect(tree.only).toBe(list.length === 1 ? list[0] : undefined);
      }
      const all = [...tree];
      expect(new Set(all)).toEqual(new Set(list));
      expect(all.map((r) => r.start)).toEqual(list.map((r) => r.start).sort((a, b) => (a < b ? -1 : 1)));
    }),
  );
});

it('stays shallow, whatever the order that ranges come in', () => {
  for (const order of [(i: number) => i, (i: number) => -i, (i: number) => (i * 7919) % 20_011]) {
    const tree = new RangeTree<Ranged>();
    for (let i = 0; i < 20_000; i++) tree.add({ start: BigInt(order(i)), end: BigInt(order(i) + 1) });
    let looked = 0;
    tree.find(10_000n, 10_001n, () => {
      looked++;
      return false;
    });
    expect(looked).toBeLessThanOrEqual(1);
    expect([...tree]).toHaveLength(20_000);
  }
});
