import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Files, ops } from '../../src/client/index.ts';
import { NotKeptError } from '../../src/control.ts';
import { DEFAULT_LIMITS } from '../../src/limits.ts';
import { FileType } from '../../src/vfs/index.ts';
import { ManualClock } from '../support/fakes.ts';
import { JournaledStore } from '../support/memory-journal.ts';
import { EXPORT, startServer, type TestServer, type TestServerOptions } from '../support/server.ts';
import { until } from '../support/suite.ts';

async function world(options: TestServerOptions = {}) {
  const stateStore = new JournaledStore();
  const server = await startServer({ stateStore, ...options });
  return { server, journal: stateStore.journal };
}

const accepted = ({ events }: TestServer) => events.filter(({ type }) => type === 'connection_opened').length;

/** Resolves when it is connected. */
function knock(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket)).on('error', reject);
  });
}

/** With a reply that is kept for when it comes again. */
function makeLasting(f: Files, name: string): Promise<unknown> {
  const mkdir = ops.create({ type: FileType.DIRECTORY }, name, { mode: 0o755 });
  return f.last(f.to(''), mkdir, { cacheThis: true });
}

describe('while replies could be lost', () => {
  it('a connection ends without its reply, the next ones wait unread, and go on when that is over', async () => {
    const { server, journal } = await world();
    await using _ = server;
    const f = await Files.mount(await server.session({ timeoutMs: 60_000 }), EXPORT);
    await f.mkdir('before');
    const { requests } = server.server.stats();
    journal.fails = true;
    let isDone = false;
    const made = makeLasting(f, 'meanwhile').then(() => {
      isDone = true;
    });
    // The client's connection ends, and it comes back with its request.
    await until(() => server.events.some(({ type }) => type === 'connection_closed'), 'an end', 30_000);
    const others = await Promise.all([knock(server.port), knock(server.port)]);
    const opened = accepted(server);
    const flushes = journal.flushes;
    await until(() => journal.flushes > flushes + 3, 'tries', 30_000);
    expect(isDone).toBe(false);
    expect(accepted(server)).toBe(opened);
    expect(server.server.stats().requests).toBe(requests + 1);
    expect(others.every((socket) => !socket.destroyed)).toBe(true);
    journal.fails = false;
    await made;
    expect((await f.names('')).sort()).toEqual(['before', 'meanwhile']);
    for (const socket of others) socket.destroy();
  });

  it('no lease ends that had not', async () => {
    const clock = new ManualClock();
    const { server, journal } = await world({ clock });
    await using _ = server;
    const f = await Files.mount(await server.session({ timeoutMs: 60_000 }), EXPORT);
    const file = await f.open('file', { access: 3, create: 'guarded' });
    await file.lock({ offset: 0, length: 1 });
    journal.fails = true;
    const made = makeLasting(f, 'meanwhile');
    await until(() => server.events.some(({ type }) => type === 'connection_closed'), 'an end', 30_000);
    for (let time = 0; time < 5; time++) {
      const flushes = journal.flushes;
      await until(() => journal.flushes > flushes + 2, 'tries', 30_000);
      clock.advance(9);
    }
    expect(server.server.control.clients().map(({ lease }) => lease.state)).toEqual(['active']);
    journal.fails = false;
    await made;
    await file.unlock({ offset: 0, length: 1 });
  });

  it('at most as many connections wait as may be: the oldest make room', async () => {
    const { server, journal } = await world({ limits: { ...DEFAULT_LIMITS, maxConnections: 4 } });
    await using _ = server;
    const f = await Files.mount(await server.session({ timeoutMs: 60_000 }), EXPORT);
    journal.fails = true;
    const made = makeLasting(f, 'meanwhile');
    await until(() => server.events.some(({ type }) => type === 'connection_closed'), 'an end', 30_000);
    const sockets: Socket[] = [];
    const isOver = new Set<Socket>();
    for (let i = 0; i < 9; i++) {
      const socket = await knock(server.port);
      sockets.push(socket.once('close', () => isOver.add(socket)).resume());
    }
    await until(() => isOver.size >= 5, 'the oldest to end', 30_000);
    expect(isOver.has(sockets.at(-1)!)).toBe(false);
    for (const socket of sockets) socket.destroy();
    journal.fails = false;
    await made;
  });

  it('nothing is ended that could come back', async () => {
    const { server, journal } = await world();
    await using _ = server;
    const { control } = server.server;
    const session = await server.session();
    await server.session();
    const [one, two] = control.clients();
    journal.fails = true;
    // Nothing to be written tells of it before.
    expect(() => control.evictClient(one!.id)).toThrow(NotKeptError);
    expect(control.client(one!.id)).toBeUndefined();
    expect(() => control.evictClient(two!.id)).toThrow('cannot be written');
    const [id] = control.sessions().map((view) => view.id);
    expect(() => control.destroySession(id!)).toThrow('cannot be written');
    expect([control.client(two!.id)?.id, control.session(id!)?.id]).toEqual([two!.id, id]);
    journal.fails = false;
    expect(control.destroySession(id!)).toBe(true);
    expect(control.evictClient(two!.id)).toBe(true);
    expect(session.client).toBeDefined();
  });
});
