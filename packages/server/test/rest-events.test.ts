import net from 'node:net';
import path from 'node:path';
import type { ApiEvent } from '@dfs/api';
import { ApiClient } from '@dfs/api/client';
import { fastify } from 'fastify';
import { describe, expect, it } from 'vitest';
import { EventLog, MAX_KEPT_EVENTS } from '../src/rest/event-log.ts';
import { serveEvents } from '../src/rest/event-routes.ts';
import { listenUnix } from '../src/rest/listener.ts';
import { scratchFolder } from './helpers/config.ts';
import { type Running, run, until } from './helpers/running.ts';

/** Listens until told to end. */
function listen(server: Running, options: { types?: ApiEvent['type'][]; lastEventId?: string } = {}) {
  const seen: ApiEvent[] = [];
  const end = new AbortController();
  const done = (async () => {
    for await (const event of server.api.events({ ...options, signal: end.signal })) seen.push(event);
  })();
  const stop = async () => {
    end.abort();
    await done;
  };
  return { seen, done, stop };
}

const settled = () => new Promise((next) => setTimeout(next, 200));

describe('events', () => {
  it('come as things happen, in their order', async () => {
    const server = await run();
    const { seen, stop } = listen(server);
    await settled();
    const session = await server.mount();
    const session_id = session.id.toString('hex');
    await session.renew({ connection: await session.addConnection() });
    const connection = (await server.api.connections()).connections[1]?.connection_id ?? 0;
    await server.api.drainConnection(connection);
    await server.api.updateNfsSettings({ lease_time: 20 });
    const share = await server.api.createShare({ path: '/a' });
    const [client] = (await server.api.clients()).clients;
    await server.api.evictClient(client?.client_id ?? '');
    await until(() => seen.find((event) => event.type === 'client' && event.action === 'removed'));
    await stop();
    const told = seen.map((event) => ('action' in event ? `${event.type} ${event.action}` : event.type));
    expect(told).toEqual([
      'connection opened',
      'client confirmed',
      'session created',
      'bind',
      'connection opened',
      'bind',
      'drain started',
      'unbind',
      'connection closed',
      'drain done',
      'settings',
      'share created',
      'unbind',
      'session destroyed',
      'client removed',
    ]);
    expect(seen.filter(({ type }) => type === 'bind')).toMatchObject([
      { session_id, direction: 'both' },
      { session_id, direction: 'fore', connection_id: connection },
    ]);
    expect(seen.find(({ type }) => type === 'unbind')).toMatchObject({
      session_id,
      connection_id: connection,
      reason: 'drained',
    });
    expect(seen.find(({ type }) => type === 'settings')).toMatchObject({
      version: 1,
      who: 'local socket',
      changes: [{ setting: 'lease_time', from: 90, to: 20 }, {}, {}],
    });
    expect(seen.find(({ type }) => type === 'share')).toMatchObject({ share_id: share.id, path: '/a' });
    const ids = seen.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('tell why bindings end (row 25)', async () => {
    const server = await run();
    const { seen, stop } = listen(server, { types: ['unbind'] });
    await settled();
    const first = await server.mount();
    const second = await server.mount();
    first.connections[0]?.close();
    await until(() => seen[0]);
    const { sessions } = await server.api.sessions();
    const own = sessions.find(({ session_id }) => session_id === second.id.toString('hex'));
    await server.api.destroySession(own?.client_id ?? '', own?.session_id ?? '');
    await until(() => seen[1]);
    await stop();
    expect(seen).toMatchObject([{ reason: 'disconnect' }, { reason: 'session_destroy' }]);
  });

  it('go on after the last one that was seen', async () => {
    const server = await run();
    const first = listen(server, { types: ['settings'] });
    await settled();
    for (const lease_time of [20, 30, 40]) await server.api.updateNfsSettings({ lease_time });
    await until(() => first.seen[2]);
    await first.stop();
    const lastEventId = first.seen[0]?.id ?? '';
    const second = listen(server, { types: ['settings'], lastEventId });
    await until(() => second.seen[1]);
    await server.api.updateNfsSettings({ lease_time: 50 });
    await until(() => second.seen[2]);
    await second.stop();
    expect(second.seen.slice(0, 2)).toEqual(first.seen.slice(1));
    expect(second.seen[2]).toMatchObject({ version: 4 });
  });

  it('say where some are lost', async () => {
    const server = await run();
    await server.api.updateNfsSettings({ lease_time: 20 });
    const { seen, stop } = listen(server, { lastEventId: 'another-7' });
    await until(() => seen[1]);
    await stop();
    expect(seen[0]).toMatchObject({ type: 'lost' });
    expect(seen[1]).toMatchObject({ type: 'settings' });
    const log = new EventLog();
    let firstId = '';
    log.listen(
      (event) => (firstId ||= event.id ?? ''),
      undefined,
      () => undefined,
    );
    for (let at = 0; at < 3 * MAX_KEPT_EVENTS; at++) log.publish({ type: 'grace', action: 'ended' });
    const late: ApiEvent[] = [];
    log.listen(
      (event) => late.push(event),
      firstId,
      () => undefined,
    );
    expect(late[0]).toMatchObject({ type: 'lost' });
    expect(late.length).toBeGreaterThan(MAX_KEPT_EVENTS);
    expect(late.length).toBeLessThanOrEqual(2 * MAX_KEPT_EVENTS + 1);
  });

  it('refuse kinds that are none', async () => {
    const { ask } = await run();
    expect((await ask('GET', '/api/v1/events?types=bind,bond')).status).toBe(400);
  });

  it('do not hold up a stop', async () => {
    const server = await run();
    const { done } = listen(server);
    await settled();
    // Ended, and not cut off when the time that others are given is over: that would be an error.
    await Promise.all([server.stop(), done]);
  });

  it('cut off a listener who does not read, and nobody else', async () => {
    const events = new EventLog();
    const app = fastify();
    serveEvents(app, { events });
    await app.ready();
    const listener = await listenUnix(app.routing, path.join(scratchFolder(), 'api.sock'));
    const deaf = net.connect({ path: listener.address });
    deaf.on('error', () => undefined).pause();
    deaf.write('GET /api/v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n');
    let heard = 0;
    const end = new AbortController();
    const hearing = (async () => {
      const api = new ApiClient({ socketPath: listener.address });
      for await (const event of api.events({ signal: end.signal })) if (event.type === 'settings') heard++;
    })();
    await until(() => (events.listeners === 2 ? true : undefined));
    const changes = [{ setting: 'x', from: null, to: 'y'.repeat(1_000) }];
    const total = 10_000;
    for (let version = 0; version < total; version++) {
      events.publish({ type: 'settings', version, who: 'x', changes });
      // One who reads is given the time to.
      if (version % 50 === 0) await new Promise((next) => setTimeout(next, 2));
    }
    await until(() => (heard === total ? true : undefined));
    expect(events.listeners).toBe(1);
    end.abort();
    await hearing;
    deaf.destroy();
    await listener.close(100);
  });
});
