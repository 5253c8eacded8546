import { Stability } from '@dfs/nfs';
import { describe, expect, test } from 'vitest';
import { ALICE, cleanUpAfterEach, KINDS, newShare, refusal } from './support.ts';

cleanUpAfterEach();

const KIB = 1024;
const RUBBISH = 0xee;
/** Smaller than what has its address kept, and larger. */
const MEMORIES = [8 * KIB, 256 * KIB];
const END = 20_000;
const HOLE_END = 30_000;

describe.each(KINDS)('reading into larger memory on $name', (kind) => {
  async function file() {
    const share = await newShare(kind);
    const node = share.createFile(share.root(), ALICE, 'f', { mode: 0o644 });
    const content = Buffer.from(Array.from({ length: END }, (_, i) => i % 251));
    await share.write(node, 0, content, Stability.UNSTABLE);
    await share.setAttributes(node, ALICE, { size: HOLE_END });
    return { share, node };
  }

  test.each(MEMORIES)(
    'is what `read` reads, in its place in %i bytes, and nothing beside it',
    async (length) => {
      const { share, node } = await file();
      const expected = Buffer.alloc(HOLE_END);
      await share.read(node, 0, expected);
      let answered = 0;
      for (let step = 0; step < 200; step++) {
        const memory = Buffer.alloc(length, RUBBISH);
        const start = (step * 397) % (length - 1);
        const end = Math.min(length, start + 1 + ((step * 1231) % (6 * KIB)));
        const offset = (step * 7919) % (HOLE_END + KIB);
        const got = share.readIn(node, offset, memory, start, end);
        if (got === undefined) continue;
        answered++;
        expect(got).toBe(Math.max(0, Math.min(end - start, HOLE_END - offset)));
        expect(memory.subarray(start, start + got).equals(expected.subarray(offset, offset + got))).toBe(
          true,
        );
        expect(memory.subarray(0, start).every((byte) => byte === RUBBISH)).toBe(true);
        expect(memory.subarray(end).every((byte) => byte === RUBBISH)).toBe(true);
      }
      // In memory, `read` does it all.
      if (kind.name.startsWith('memory')) expect(answered).toBeLessThan(200);
    },
  );

  test('is refused as `read` refuses', async () => {
    const { share, node } = await file();
    const memory = Buffer.alloc(10);
    expect(await refusal(() => share.readIn(share.root(), 0, memory, 0, 10))).toBe('EISDIR');
    share.remove(share.root(), ALICE, 'f');
    expect(await refusal(() => share.readIn(node, 0, memory, 0, 10))).toBe(
      await refusal(() => share.read(node, 0, memory)),
    );
  });
});
