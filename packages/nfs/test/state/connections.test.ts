import { expect, it } from 'vitest';
import { Bench, LEASE_MS } from './support.ts';

const HOST = { address: '127.0.0.1', port: 1 };

function scene(limit: number) {
  const bench = new Bench();
  const { connections } = bench.state;
  const session = bench.session(bench.confirmed('client'));
  connections.setLimit(limit, [session]);
  const open = () => connections.open(HOST, HOST);
  return { bench, connections, session, open };
}

it('row 10: what was closed is not bound again, by a BIND, a SEQUENCE or a CREATE_SESSION that is still on its way', () => {
  const { bench, connections, session, open } = scene(1);
  const [gone, there] = [open(), open()];
  connections.bind(gone, session, 'fore');
  connections.close(gone, 'reset');
  connections.bind(gone, session, 'both');
  connections.join(gone, session);
  connections.joinAsGuest(gone, session);
  expect([session.bindings.size, session.guests.size, gone.bindings.size]).toEqual([0, 0, 0]);
  connections.bind(there, session, 'fore');
  connections.joinAsGuest(gone, session);
  expect(session.guests.size).toBe(0);
  expect(bench.events.filter(({ type }) => type === 'bound')).toHaveLength(2);
});

it('idle guests are those beyond the limit that have carried nothing for so long', () => {
  const { bench, connections, session, open } = scene(1);
  const [bound, guest, busy, gone] = [open(), open(), open(), open()];
  for (const connection of [bound, guest, busy, gone]) connections.join(connection, session);
  const idle = () => [...connections.idleGuests(LEASE_MS)];
  expect(idle()).toEqual([]);
  bench.clock.advance(LEASE_MS);
  busy.lastActivity = bench.clock.now();
  connections.close(gone, 'reset');
  expect(idle()).toEqual([guest]);
  guest.draining = true;
  expect(idle()).toEqual([]);
  bench.clock.advance(LEASE_MS);
  connections.setLimit(0, []);
  connections.join(busy, session);
  expect(idle()).toEqual([]);
});
