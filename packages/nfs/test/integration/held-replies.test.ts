import { expect, it } from 'vitest';
import { Files, ops } from '../../src/client/index.ts';
import { Attr, Status } from '../../src/nfs4/constants/index.ts';
import { type FileSystem, FileType, FsError } from '../../src/vfs/index.ts';
import { MemoryStateStore } from '../support/fakes.ts';
import { MemoryFileSystem } from '../support/memory-fs.ts';
import { startServer } from '../support/server.ts';

/** All that changes while a sync is under way waits for one promise, as with a journal that is synced. */
class SyncedFileSystem extends MemoryFileSystem {
  #sync: PromiseWithResolvers<void> | undefined;
  waiting = 0;

  stall(): void {
    this.#sync = Promise.withResolvers();
  }

  synced(error?: Error): void {
    const sync = this.#sync;
    this.#sync = undefined;
    this.waiting = 0;
    if (error === undefined) sync?.resolve();
    else sync?.reject(error);
  }

  stable(): Promise<void> | undefined {
    if (this.#sync !== undefined) this.waiting++;
    return this.#sync?.promise;
  }
}

const COUNT = 12;

/** Makes directories on two connections, none of which is stable yet, and answers while others have been served meanwhile. */
async function makeHeld(server: Awaited<ReturnType<typeof startServer>>, synced: SyncedFileSystem) {
  const session = await server.session();
  const files = await Files.mount(session, '/export');
  const root = files.root;
  const connections = [await session.connection(), await session.addConnection()] as const;
  await session.renew({ connection: connections[1] });
  const requests = await Promise.all(
    Array.from({ length: COUNT }, (_, i) =>
      session.prepare(
        [ops.putfh(root), ops.create({ type: FileType.DIRECTORY }, `d${i}`), ops.getattr([Attr.FILEID])],
        { cacheThis: true },
      ),
    ),
  );
  synced.stall();
  const sent = requests.map((request, i) => request.send(connections[i % 2]!));
  let answered = 0;
  const count = (): void => {
    answered++;
  };
  for (const reply of sent) reply.then(count, count);
  const reader = await server.files();
  // Requests that wait for nothing run in between, on objects of their own.
  while (synced.waiting < COUNT) expect((await reader.getattr('')).fileid).toBeDefined();
  const [first] = requests;
  const again = first!.send(connections[1]);
  again.then(count, count);
  for (let i = 0; i < 20; i++) await reader.names('');
  expect(answered).toBe(0);
  return { requests, sent, again, reader, connections };
}

it('replies that wait for the same sync leave after it, each its own, and a resent request gets the one of its first run', async () => {
  const synced = new SyncedFileSystem();
  await using server = await startServer({ fileSystem: synced as FileSystem });
  const { requests, sent, again, reader, connections } = await makeHeld(server, synced);
  synced.synced();
  const replies = await Promise.all(sent);
  for (const [i, reply] of replies.entries()) {
    expect(reply.status).toBe(Status.OK);
    const { fileid } = await reader.getattr(`d${i}`);
    expect(reply.values()[2].fileid).toBe(fileid);
  }
  expect((await again).raw).toEqual(replies[0]!.raw);
  expect((await requests[3]!.send(connections[0])).raw).toEqual(replies[3]!.raw);
  for (const request of requests) request.release();
  expect(server.faults).toEqual([]);
});

it('where the sync fails, each of those replies ends with an error at its change, and so does what is resent', async () => {
  const synced = new SyncedFileSystem();
  await using server = await startServer({ fileSystem: synced as FileSystem });
  const { requests, sent, again, connections } = await makeHeld(server, synced);
  synced.synced(new FsError('EIO', 'the disk is gone'));
  const replies = await Promise.all(sent);
  for (const reply of replies) {
    expect(reply.status).toBe(Status.IO);
    expect(reply.results.map(({ status }) => status)).toEqual([Status.OK, Status.IO]);
  }
  expect((await again).raw).toEqual(replies[0]!.raw);
  expect((await requests[3]!.send(connections[0])).raw).toEqual(replies[3]!.raw);
  for (const request of requests) request.release();
  expect(server.faults).toEqual([]);
});

it('a connection that ends while its replies are held takes none of the others with it', async () => {
  const synced = new SyncedFileSystem();
  await using server = await startServer({ fileSystem: synced as FileSystem });
  const { requests, sent, again, reader, connections } = await makeHeld(server, synced);
  const settled = Promise.allSettled([...sent, again]);
  await connections[0].close();
  // The server has noticed when what comes behind on another connection is answered, or soon after: either is right.
  await reader.names('');
  synced.synced();
  const outcomes = await settled;
  for (const [i, outcome] of outcomes.entries()) {
    if (i % 2 === 1 || i === COUNT) expect(outcome).toMatchObject({ value: { status: Status.OK } });
    else expect(outcome.status).toBe('rejected');
  }
  const resent = await requests[2]!.send(connections[1]);
  expect(resent.status).toBe(Status.OK);
  expect((await reader.getattr('d2')).fileid).toBe(resent.values()[2].fileid);
  for (const request of requests) request.release();
  expect(server.faults).toEqual([]);
});

it('a resent request gets its reply, whole, while a record of another client waits to become stable', async () => {
  const stateStore = new MemoryStateStore();
  await using server = await startServer({ stateStore });
  const session = await server.session();
  const files = await Files.mount(session, '/export');
  const other = await server.session();
  using request = await session.prepare([ops.putfh(files.root), ops.getfh()], { cacheThis: true });
  const connection = await session.connection();
  const first = await request.send(connection);
  expect(first.status).toBe(Status.OK);
  const evicted = server.server.control.session(other.id.toString('hex'))!.client;
  const stable = Promise.withResolvers<void>();
  stateStore.stable = () => stable.promise;
  expect(server.server.control.evictClient(evicted)).toBe(true);
  expect((await request.send(connection)).raw).toEqual(first.raw);
  stable.resolve();
});
