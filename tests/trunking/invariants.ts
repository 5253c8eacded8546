import type { ConnectionView, SessionView } from '../../packages/nfs/src/control.ts';
import type { Inside } from './backend.ts';
import type { World } from './world.ts';

/** What holds after each step, whatever is under way. */
export function checkAlways(world: World): void {
  world.readEvents();
  const { inside } = world.backend;
  if (inside === undefined) return;
  const { control } = inside.server;
  const [connections, sessions] = [control.connections(), control.sessions()];
  checkBindings(world, connections, sessions);
  checkDraining(world, connections);
  checkOwners(world, inside, sessions);
  checkCounts(world, inside, connections, sessions);
  const [twice] = inside.files.doubles;
  world.check(twice === undefined, `${twice} was executed twice`);
}

/** Nothing new is executed on a connection that drains. */
function checkDraining(world: World, connections: readonly ConnectionView[]): void {
  for (const { id, draining, requests } of connections) {
    if (!draining) continue;
    const before = world.drainedAt.get(id) ?? requests;
    world.drainedAt.set(id, before);
    world.check(requests === before, `connection ${id} drains, and took ${requests - before} more requests`);
  }
}

/** Each binding is there from both sides, by the views and by the events, and as its client has asked for it. */
function checkBindings(
  world: World,
  connections: readonly ConnectionView[],
  sessions: readonly SessionView[],
): void {
  const { bound } = world.tally;
  const fromConnections = new Map<string, string>();
  for (const { id, sessions: carried, remote } of connections) {
    for (const { session, direction } of carried) {
      fromConnections.set(`${id} ${session}`, direction);
      const held = world.sessionNamed(session);
      const link = world.linkAt(Number(remote.slice(remote.lastIndexOf(':') + 1)));
      const asked = held === undefined || (link?.maybe.get(held)?.has(direction) ?? false);
      world.check(asked, `connection ${id} is bound ${direction}, which its client has not asked for`);
    }
  }
  let count = 0;
  for (const session of sessions) {
    const summary = { fore: 0, back: 0, both: 0 };
    for (const { connection, direction } of session.connections) {
      const key = `${connection.id} ${session.id}`;
      count++;
      summary[direction]++;
      world.check(fromConnections.get(key) === direction, `${key} is bound on one side only`);
      world.check(bound.get(key) === direction, `${key} is bound ${direction}, ${bound.get(key)} by events`);
    }
    const { fore, back, both, total } = session.summary;
    const right = fore === summary.fore && back === summary.back && both === summary.both;
    world.check(right && total === session.connections.length, `summary of ${session.id} is wrong`);
    // A draining connection is as good as gone: another may take its place already.
    const lasting = session.connections.filter(({ connection }) => !connection.draining).length;
    const within = world.limit === 0 || lasting <= world.limit;
    world.check(within, `${lasting} connections bound, where ${world.limit} is the limit`);
  }
  world.check(count === fromConnections.size, 'a connection is bound to a session that is gone');
  world.check(count === bound.size, `${count} bindings, ${bound.size} by events`);
}

function checkOwners(world: World, { server }: Inside, sessions: readonly SessionView[]): void {
  const clients = server.control.clients();
  const owned = new Map(clients.map((client) => [client.id, 0]));
  for (const { id, client } of sessions) {
    const count = owned.get(client);
    if (count === undefined) world.fail(`session ${id} has no owner`);
    owned.set(client, count + 1);
  }
  for (const { id, sessions: claimed } of clients)
    world.check(owned.get(id) === claimed, `client ${id} has ${owned.get(id)} sessions, but says ${claimed}`);
}

function checkCounts(
  world: World,
  { server }: Inside,
  connections: readonly ConnectionView[],
  sessions: readonly SessionView[],
): void {
  const counters = server.control.counters();
  const [different] = world.tally.differences(counters);
  world.check(different === undefined, `counters differ: ${different}`);
  const stats = server.stats();
  world.check(stats.connections === connections.length, 'connections: status and list differ');
  world.check(stats.sessions === sessions.length, 'sessions: status and list differ');
  const { tally } = world;
  const ended = Object.values(tally.sessionsDestroyed).reduce((sum, n) => sum + n, 0);
  world.check(tally.opened - tally.closed === connections.length, 'connections: events and list differ');
  world.check(tally.sessionsCreated - ended === sessions.length, 'sessions: events and list differ');
  const cached = sessions.reduce((sum, session) => sum + session.replyCacheBytes, 0);
  world.check(counters.replyCacheBytes === cached, `${counters.replyCacheBytes} bytes cached, not ${cached}`);
  world.check(counters.requests === stats.requests, 'requests: status and counters differ');
}

/** What holds besides when nothing is under way. */
export function checkQuiet(world: World): void {
  checkAlways(world);
  const { inside } = world.backend;
  if (inside === undefined) return;
  const { control } = inside.server;
  const inFlight = control.counters().requestsInFlight;
  world.check(inFlight === 0, `${inFlight} requests in flight, where nobody waits for any`);
  const open = new Set(world.everyone.flatMap((actor) => actor.open.map(({ port }) => port)));
  for (const { id, remote } of control.connections()) {
    const port = Number(remote.slice(remote.lastIndexOf(':') + 1));
    world.check(open.has(port), `connection ${id} is dead, but the server has it`);
  }
  for (const { slots, id } of control.sessions())
    world.check(slots.inUse === 0, `session ${id} has ${slots.inUse} busy slots, and no request`);
  checkAnswered(world, inside);
}

/** What a client was told is bound, is bound as long as connection and session live. */
function checkAnswered(world: World, { server }: Inside): void {
  for (const held of world.actors.flatMap((actor) => actor.live)) {
    const view = server.control.session(held.name);
    if (view === undefined) {
      world.check(held.ending, 'a session is gone that nobody has ended');
      continue;
    }
    const bound = new Map(
      view.connections.map(({ connection: { remote }, direction }) => [remote, direction]),
    );
    for (const link of world.actors.flatMap((actor) => actor.open)) {
      const known = link.known.get(held);
      if (known === undefined) continue;
      const now = bound.get(`127.0.0.1:${link.port}`);
      // Beyond the limit a connection serves its requests without a binding, and gets one for them when there is room.
      if (now !== 'back' && world.unsettled(held)) continue;
      world.check(now === known, `a connection that was bound ${known} is bound ${now}`);
    }
  }
}

/** Nothing is left when all clients have gone. */
export function checkEmpty(world: World): void {
  checkAlways(world);
  const { inside } = world.backend;
  if (inside === undefined) return;
  const { clients, sessions, connections, opens, locks } = inside.server.stats();
  const left = { clients, sessions, connections, opens, locks, retained: inside.files.retained };
  for (const [what, count] of Object.entries(left))
    world.check(count === 0, `${count} ${what} left at the end`);
  const { replyCacheBytes } = inside.server.control.counters();
  world.check(replyCacheBytes === 0, `${replyCacheBytes} bytes of replies left at the end`);
}
