import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Few } from '../../src/nfs4/state/few.ts';
import type { FileState } from '../../src/nfs4/state/files.ts';
import { Bench } from './support.ts';

describe('a set of few', () => {
  it('holds what a Set holds, in its order', () => {
    const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(4)), { maxLength: 40 });
    fc.assert(
      fc.property(steps, (taken) => {
        const few = new Few<string>();
        const set = new Set<string>();
        for (const [adds, number] of taken) {
          const value = `v${number}`;
          if (adds) few.add(value);
          else few.delete(value);
          if (adds) set.add(value);
          else set.delete(value);
          expect([...few]).toEqual([...set]);
          expect(few.size).toBe(set.size);
          expect(few.find((one) => one > 'v1')).toBe([...set].find((one) => one > 'v1'));
        }
      }),
    );
  });
});

describe("an owner's opens", () => {
  it('are found by their file, be they one or many', () => {
    const bench = new Bench();
    const client = bench.client('a');
    const names = ['f', 'g', 'h'];
    const opens = names.map((name) => bench.open(client, 'owner', name, 1));
    const { owner } = opens[0]!;
    const found = () => opens.filter((open) => owner.opens.get(open.file) === open);
    expect(found()).toEqual(opens);
    expect(owner.opens.all()).toEqual(opens);
    expect(owner.opens.get({} as FileState)).toBeUndefined();
    bench.state.closeOpen(opens[1]!);
    expect(found()).toEqual([opens[0], opens[2]]);
    bench.state.closeOpen(opens[0]!);
    bench.state.closeOpen(opens[2]!);
    expect(owner.opens.size).toBe(0);
    expect(owner.opens.all()).toEqual([]);
  });
});
