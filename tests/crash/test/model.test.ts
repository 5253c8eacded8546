import { expect, test } from 'vitest';
import { BLOCK, difference, type FoundObject, fillBlocks, readTags, Tree, tagOf } from '../model.ts';

const FILE = 7;

function tree(): Tree {
  const made = new Tree();
  made.add('f', FILE, 'file', 0o644);
  return made;
}

function found(tags: readonly number[], more: Partial<FoundObject> = {}): Map<string, FoundObject> {
  const plain = { kind: 'file', mode: 0o644, links: 1, fileid: 3n, change: 1n, target: '' } as const;
  return new Map([['f', { ...plain, handle: Buffer.alloc(0), size: tags.length * BLOCK, tags, ...more }]]);
}

const tags = (serial: number, first: number, count: number) =>
  Array.from({ length: count }, (_, i) => tagOf(FILE, serial, first + i));

test('blocks are known again, and one of two pieces is noticed', () => {
  const data = fillBlocks(FILE, 2, 1, 2);
  expect(readTags(data)).toEqual(tags(2, 1, 2));
  data[BLOCK + 9] = 1;
  expect(readTags(data)).toEqual([tagOf(FILE, 2, 1), -1]);
});

test('what was written stably must be there, other writes may be lost block by block', () => {
  const model = tree();
  model.write(FILE, 0, tags(1, 0, 2), true);
  model.write(FILE, 1, tags(2, 1, 2), false);
  const [old, fresh] = [tags(1, 0, 2), tags(2, 1, 2)];
  expect(difference(model, found([old[0]!, ...fresh]), 'now')).toBeUndefined();
  expect(difference(model, found(old), 'now')).toContain('2 blocks');
  for (const allowed of [old, [old[0]!, fresh[0]!], [...old, fresh[1]!], [old[0]!, fresh[0]!, 0]])
    expect(difference(model, found(allowed), 'safe')).toBeUndefined();
  expect(difference(model, found([0, old[1]!]), 'safe')).toContain('block 0 holds nothing');
  model.commit(FILE);
  expect(difference(model, found(old), 'safe')).toContain('2 blocks');
});

test('what was cut off must not come back', () => {
  const model = tree();
  model.write(FILE, 0, tags(1, 0, 3), true);
  model.resize(FILE, 1);
  model.resize(FILE, 3);
  expect(difference(model, found([tagOf(FILE, 1, 0), 0, 0]), 'safe')).toBeUndefined();
  expect(difference(model, found(tags(1, 0, 3)), 'safe')).toContain('block 1 holds write 1');
});

test('names, modes, links and identity are compared', () => {
  const model = tree();
  expect(difference(model, found([]), 'now')).toBeUndefined();
  expect(difference(model, found([], { mode: 0o600 }), 'now')).toContain('mode');
  expect(difference(model, found([], { links: 2 }), 'now')).toContain('links');
  expect(difference(model, new Map(), 'now')).toBe('f is missing');
  const [object] = found([]).values();
  expect(difference(model, found([]).set('g', object!), 'now')).toBe('g should not be there');
  model.names.set('g', FILE);
  const twice = found([], { links: 2 });
  expect(difference(model, twice.set('g', { ...object!, links: 2, fileid: 4n }), 'now')).toContain('fileid');
});
