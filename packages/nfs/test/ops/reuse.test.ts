import { expect, it } from 'vitest';
import type { Compound } from '../../src/nfs4/compound.ts';
import type { FileSystem } from '../../src/vfs/index.ts';
import { MemoryFileSystem } from '../support/memory-fs.ts';
import { Bench } from './harness.ts';

/** What every COMPOUND that goes on in the same object has of its own, or of the server. */
const OWN = new Set(['engine', 'replyStart']);

it('a COMPOUND that goes on in the object of another finds nothing of that', async () => {
  const fs = new MemoryFileSystem();
  const bench = await Bench.of(fs as FileSystem);
  const fresh = bench.compound(1, fs.root());
  fresh.export = undefined;
  fresh.node = undefined;
  const used = bench.compound(2, fs.root());
  const fields = used as unknown as Record<string, unknown>;
  for (const field of Object.keys(used)) if (!OWN.has(field)) fields[field] = 'rubbish';
  const { connection, principal, args, out, minor, count, requestBytes } = fresh;
  used.restart(connection, principal, args, out, minor, count, requestBytes);
  expect(own(used)).toEqual(own(fresh));
});

function own(c: Compound): object {
  return Object.fromEntries(Object.entries(c).filter(([field]) => !OWN.has(field)));
}
