import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { parseNames, systemNames } from '../src/daemon/names.ts';
import { scratchFolder } from './helpers/config.ts';

it('reads the names of users and groups', () => {
  const text =
    '# c\nroot:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000\n\nbad:x:minus:1\nalice:x:7:7\n:x:5:5\nshort:x\n';
  expect([...parseNames(text)]).toEqual([
    ['root', 0],
    ['alice', 1000],
  ]);
});

it('sees a changed file after a while, and keeps what it knew when the file goes', () => {
  const file = path.join(scratchFolder(), 'passwd');
  let now = 0;
  const names = systemNames(file, '/nonexistent', () => now);
  expect(names.uidOf('alice')).toBeUndefined();
  writeFileSync(file, 'alice:x:1000:1000\n');
  expect(names.uidOf('alice')).toBeUndefined();
  now += 5_000;
  expect(names.uidOf('alice')).toBe(1000);
  rmSync(file);
  now += 5_000;
  expect(names.uidOf('alice')).toBe(1000);
  expect(names.gidOf('alice')).toBeUndefined();
});
