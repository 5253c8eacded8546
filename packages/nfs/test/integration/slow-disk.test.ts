import { expect, it } from 'vitest';
import { Files, ops } from '../../src/client/index.ts';
import type { FileSystem } from '../../src/vfs/index.ts';
import { ManualClock } from '../support/fakes.ts';
import { startServer } from '../support/server.ts';
import { SlowFileSystem } from '../support/slow-fs.ts';
import { refused } from '../support/suite.ts';

const LEASE = 10;
const KIB = 1024;
const WRITE_BYTES = 64 * KIB;

async function until(isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error('it never came to that');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

it('a lease does not end while a reply waits for the disk, nor at once after it', async () => {
  const clock = new ManualClock();
  const slow = new SlowFileSystem();
  await using server = await startServer({ clock, leaseTime: LEASE, fileSystem: slow as FileSystem });
  const a = await server.files();
  const held = await a.open('held', { access: 3, create: 'guarded' });
  await held.lock();
  const b = await server.files();
  const other = await b.open('held', { access: 3 });
  slow.stall();
  const made = a.mkdir('d');
  await until(() => slow.waiting > 0);
  for (let i = 0; i < 5; i++) {
    clock.advance(LEASE - 1);
    await b.session.renew();
    await refused(other.lock(), 'NFS4ERR_DENIED');
  }
  slow.goOn();
  await made;
  clock.advance(LEASE - 1);
  await refused(other.lock(), 'NFS4ERR_DENIED');
  expect((await held.read(0, 1)).eof).toBe(true);
  clock.advance(LEASE + 1);
  await b.session.renew();
  await other.lock();
});

it('while the disk does not answer, only so many bytes of requests are taken in; others are served, and all in the end', async () => {
  const slow = new SlowFileSystem();
  const limits = { maxBytesInFlight: 4 * WRITE_BYTES };
  await using server = await startServer({ fileSystem: slow as FileSystem, limits });
  const session = await server.session();
  const f = await Files.mount(session, '/export');
  const file = await f.open('f', { access: 3, create: 'guarded' });
  const reader = await server.files();
  const count = 32;
  const connections = [await session.connection(), await session.addConnection()];
  await session.renew({ connection: connections[1]! });
  const requests = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      session.prepare([
        ops.putfh(file.handle),
        ops.write(file.stateid, i * WRITE_BYTES, Buffer.alloc(WRITE_BYTES, i), 2),
      ]),
    ),
  );
  slow.stall();
  const sent = requests.map((request, i) => request.send(connections[i % 2]!));
  await until(() => slow.waiting >= 4);
  // Another connection has nothing under way, and so is read from.
  for (let i = 0; i < 50; i++) expect(await reader.names('')).toEqual(['f']);
  expect((await reader.getattr('f')).size).toBeDefined();
  const { requestsInFlight } = server.server.control.counters();
  expect(requestsInFlight).toBeLessThan(count / 2);
  slow.goOn();
  for (const reply of await Promise.all(sent)) expect(reply.status).toBe(0);
  for (const request of requests) request.release();
  expect((await reader.getattr('f')).size).toBe(BigInt(count * WRITE_BYTES));
});
