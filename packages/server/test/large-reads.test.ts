import { randomBytes } from 'node:crypto';
import { ANONYMOUS_STATEID, Files, ops } from '@dfs/nfs/client';
import { expect, it } from 'vitest';
import { scratchFolder } from './helpers/config.ts';
import { run } from './helpers/running.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const SIZE = 4 * MIB + 3;
const HOLE_END = 6 * MIB + 1;
const LENGTHS = [1, 4093, 32 * KIB, 64 * KIB, 100_001, MIB - 1, MIB];
const OFFSETS = [0, 1, 4095, 65_536, MIB + 7, SIZE - 100_001, SIZE - 1, SIZE + MIB, HOLE_END - 5];

it('large reads on disk are what was written, over several connections, beside small requests and changes', async () => {
  const server = await run({ data: scratchFolder(), share: ['/x,squash=none'] });
  const session = await server.mount();
  await session.addConnection();
  const files = await Files.mount(session, '/x');
  const written = randomBytes(SIZE);
  const content = Buffer.concat([written, Buffer.alloc(HOLE_END - SIZE)]);
  await files.writeFile('f', written);
  await files.setattr('f', { size: BigInt(HOLE_END) });
  const file = await files.lookup('f');
  const read = async (offset: number, count: number, isLast: boolean): Promise<void> => {
    const reading = ops.read(ANONYMOUS_STATEID, offset, count);
    const { data, eof } = isLast
      ? await files.last([ops.putfh(file)], reading)
      : (await session.run([ops.putfh(file), reading, ops.getfh()]))[1];
    const expected = content.subarray(offset, offset + count);
    expect(data.length).toBe(expected.length);
    expect(data.equals(expected)).toBe(true);
    expect(eof).toBe(offset + count >= HOLE_END);
  };
  const all = OFFSETS.flatMap((offset) => LENGTHS.map((count) => [offset, count] as const));
  for (const [offset, count] of all) await read(offset, count, true);
  await Promise.all(
    all.flatMap(([offset, count], i) => [
      read(offset, count, true),
      read(offset, count, false),
      files.stat('f'),
      files.writeFile(`other-${i}`, written.subarray(0, count)),
    ]),
  );
});

it('a read sees what was written before it was asked', async () => {
  const server = await run({ data: scratchFolder(), share: ['/x,squash=none'] });
  const files = await Files.mount(await server.mount(), '/x');
  const open = await files.open('f', { access: 3, create: 'guarded' });
  for (let round = 0; round < 20; round++) {
    const content = Buffer.alloc(MIB, round + 1);
    await open.write(0, content);
    const { data } = await files.last([ops.putfh(open.handle)], ops.read(open.stateid, 0, MIB));
    expect(data.equals(content)).toBe(true);
  }
});
