import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ANONYMOUS_STATEID, Attr, type Files, ops } from '../../src/client/index.ts';
import type { FileSystem } from '../../src/vfs/index.ts';
import { SendingFileSystem } from '../support/sending-fs.ts';
import { startServer, type TestServerOptions } from '../support/server.ts';
import { until } from '../support/suite.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const SIZE = 3 * MIB + 1;
/** Together more than both sockets of a connection may hold. */
const MANY = 48;
const LONG_MS = 20_000;
const CONTENT = randomBytes(SIZE);

async function world(options: TestServerOptions = {}) {
  const sending = new SendingFileSystem();
  const server = await startServer({ ...options, fileSystem: sending as FileSystem });
  const files = await server.files();
  await files.writeFile('f', CONTENT);
  return { server, sending, files, file: await files.lookup('f') };
}

/** READ as the last operation. */
async function readOf(files: Files, file: Buffer, offset: number, count: number) {
  return files.last([ops.putfh(file)], ops.read(ANONYMOUS_STATEID, offset, count));
}

async function expectRead(files: Files, file: Buffer, offset: number, count: number): Promise<void> {
  const { eof, data } = await readOf(files, file, offset, count);
  expect(data.length).toBe(Math.max(0, Math.min(count, SIZE - offset)));
  expect(data.equals(CONTENT.subarray(offset, offset + count))).toBe(true);
  expect(eof).toBe(offset + count >= SIZE);
}

/** The same with a peer that reads nothing of its only connection. */
async function stalled(mood: object) {
  const made = await world();
  Object.assign(made.sending, mood);
  const [connection] = made.files.session.connections;
  if (connection === undefined) throw new Error('no connection');
  connection.pause();
  return { ...made, connection };
}

const RANGES = [1, 2, 3, 4, 5, 4095, 64 * KIB, 64 * KIB + 1, MIB - 3, MIB].flatMap((count) =>
  [0, 1, 4093, MIB, SIZE - count, SIZE - 1].map((offset) => [offset, count] as const),
);

describe.each([
  { name: 'at once', atOnce: Number.POSITIVE_INFINITY, isSlow: false },
  { name: 'in parts', atOnce: 100_001, isSlow: false },
  { name: 'piece by piece', atOnce: 0, isSlow: false },
  { name: 'piece by piece from a slow disk', atOnce: 0, isSlow: true },
])('what is read is sent from where it lies, $name', (mood) => {
  it('whatever the offset and the length', async () => {
    const { server, sending, files, file } = await world();
    await using _ = server;
    Object.assign(sending, mood);
    for (const [offset, count] of RANGES) await expectRead(files, file, offset, count);
    expect(sending.given).toBe(RANGES.length);
    expect(sending.held).toBe(0);
  });

  it('with other replies behind it, in order', async () => {
    const { server, sending, files, file } = await world();
    await using _ = server;
    Object.assign(sending, mood);
    const asked = RANGES.map(async ([offset, count]) => {
      const reading = expectRead(files, file, offset, count);
      const looking = files.stat(file);
      await reading;
      expect((await looking).size).toBe(BigInt(SIZE));
    });
    await Promise.all(asked);
    expect(sending.held).toBe(0);
    expect(files.session.connections.map((connection) => connection.strayReplies)).toEqual([0]);
  });

  it('to a peer that does not read for a while', async () => {
    const { server, sending, files, file, connection } = await stalled(mood);
    await using _ = server;
    const asked = Array.from({ length: MANY }, (_unused, i) => expectRead(files, file, i * 7, MIB));
    // More than the host's buffers hold: the rest waits for the peer.
    await until(() => sending.held > 0, 'some wait', LONG_MS);
    connection.resume();
    await Promise.all(asked);
    await until(() => sending.held === 0, 'all are let go', LONG_MS);
  });

  it('and let go where the peer vanishes', async () => {
    const { server, sending, files, file, connection } = await stalled(mood);
    await using _ = server;
    const asked = Array.from({ length: MANY }, () => readOf(files, file, 0, MIB).catch(() => 'gone'));
    await until(() => sending.held > 0, 'some wait', LONG_MS);
    connection.reset();
    await until(() => sending.held === 0, 'all are let go', LONG_MS);
    await files.session.addConnection();
    await Promise.allSettled(asked);
    await expectRead(files, file, 5, MIB);
  });

  it('and a file that is cut meanwhile ends in zeros', async () => {
    const { server, sending, files, file, connection } = await stalled(mood);
    await using _ = server;
    const asked = Array.from({ length: MANY }, () => readOf(files, file, 0, MIB));
    await until(() => sending.held > 0, 'some wait', LONG_MS);
    const other = await server.files();
    await other.setattr('f', { size: 10n });
    connection.resume();
    for (const { data } of await Promise.all(asked)) {
      const end = data.length;
      // Answered after the cut.
      if (end === 10) continue;
      expect(end).toBe(MIB);
      let cut = 0;
      while (cut < end && data[cut] === CONTENT[cut]) cut++;
      expect(data.subarray(cut).every((byte) => byte === 0 || cut === end)).toBe(true);
    }
    expect(sending.held).toBe(0);
  });
});

describe('nothing is sent from where it lies', () => {
  it('where an operation follows that could change it, or the reply is kept', async () => {
    const { server, sending, files, file } = await world();
    await using _ = server;
    const read = ops.read(ANONYMOUS_STATEID, 0, MIB);
    const open = await files.open('f', { access: 3 });
    const [, before] = await files.session.run([
      ops.putfh(file),
      read,
      ops.write(open.stateid, 0, Buffer.alloc(MIB, 7), 0),
    ]);
    expect(before.data.equals(CONTENT.subarray(0, MIB))).toBe(true);
    await files.session.run([ops.putfh(file), read, ops.getattr([Attr.SIZE])]);
    await files.session.run([ops.putfh(file), ops.read(ANONYMOUS_STATEID, 0, KIB)], { cacheThis: true });
    expect(sending.given).toBe(0);
  });

  it('where whoever prepares sockets says so', async () => {
    const { server, sending, files, file } = await world({ prepareSocket: () => false });
    await using _ = server;
    await expectRead(files, file, 1, MIB);
    expect(sending.given).toBe(0);
  });
});

it('several reads in one request: the last is sent from where it lies', async () => {
  const { server, sending, files, file } = await world();
  await using _ = server;
  const [, first, second] = await files.session.run([
    ops.putfh(file),
    ops.read(ANONYMOUS_STATEID, 3, 1001),
    ops.read(ANONYMOUS_STATEID, 5, 70_003),
  ]);
  expect(first.data.equals(CONTENT.subarray(3, 1004))).toBe(true);
  expect(second.data.equals(CONTENT.subarray(5, 70_008))).toBe(true);
  expect(sending.given).toBe(1);
});

it.each([
  ['send', { sendFails: new Error('no more') }],
  ['read', { atOnce: 0, readFails: new Error('no more') }],
  ['slow read', { atOnce: 0, isSlow: true, readFails: new Error('no more') }],
] as const)(
  'a %s that fails ends the connection, and the request is asked again on another',
  async (_name, mood) => {
    const { server, sending, files, file } = await world();
    await using _ = server;
    Object.assign(sending, mood);
    const [connection] = files.session.connections;
    if (connection === undefined) throw new Error('no connection');
    const reading = readOf(files, file, 0, MIB).catch((error: unknown) => error);
    await connection.closed;
    expect(await reading).toBeInstanceOf(Error);
    expect(sending.held).toBe(0);
    Object.assign(sending, { sendFails: undefined, readFails: undefined });
    const again = await server.files();
    await expectRead(again, file, 0, MIB);
  },
);

it('the bytes of stretches are counted, and what is stopped is drained of them', async () => {
  const { server, sending, files, file } = await world();
  await using _ = server;
  const [connection] = files.session.connections;
  if (connection === undefined) throw new Error('no connection');
  const before = { out: server.server.stats().bytesOut, read: connection.bytesIn };
  await expectRead(files, file, 0, MIB - 1);
  expect(server.server.stats().bytesOut - before.out).toBe(connection.bytesIn - before.read);
  expect(sending.given).toBe(1);
  connection.pause();
  let answered = 0;
  const asked = Array.from({ length: MANY }, async () => {
    // Those that were not read yet are not answered.
    const reply = await readOf(files, file, 9, MIB).catch(() => undefined);
    if (reply === undefined) return;
    expect(reply.data.equals(CONTENT.subarray(9, 9 + MIB))).toBe(true);
    answered++;
  });
  await until(() => sending.held > 0, 'some wait', LONG_MS);
  const closing = server.server.close(20_000);
  connection.resume();
  await Promise.all(asked);
  await closing;
  expect(answered).toBe(sending.given - 1);
  expect(sending.held).toBe(0);
});
