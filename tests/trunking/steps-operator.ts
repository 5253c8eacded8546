import type { DrainTarget } from '../../packages/nfs/src/control.ts';
import type { Actor } from './actor.ts';
import { LEASE } from './backend.ts';
import { perform } from './perform.ts';
import type { Random } from './random.ts';
import type { Step } from './steps.ts';
import type { World } from './world.ts';

const LIMITS = [0, 1, 2, 3, 4, 8, 16];
/** Milliseconds, of the backend's time. */
const DRAIN_TIMES = [0, 5, 50, 500];
const TROUBLES = [0, 0, 0.2, 0.6];
const MAX_ADVANCE_MS = 3000;
const MS = 1000;
const MAX_RENEWALS = 2000;

type Control = NonNullable<World['backend']['inside']>['server']['control'];

/** A step that needs a server in this process. */
function operator(
  name: string,
  weight: number,
  run: (world: World, actor: Actor, random: Random, control: Control) => void,
): Step {
  return {
    name,
    weight,
    run(world, actor, random) {
      const { inside } = world.backend;
      if (inside !== undefined) run(world, actor, random, inside.server.control);
    },
  };
}

const drained = async (world: World, control: Control, target: DrainTarget, ms: number): Promise<void> => {
  const before = new Set(control.connections().map(({ id }) => id));
  const aimed = drainedBy(control, target);
  const result = await control.drain(target, ms);
  if (result === undefined) return;
  // Those that serve the session beyond its limit are drained with it.
  world.check(
    result.connections >= aimed.length,
    `${result.connections} of ${aimed.length} connections drained`,
  );
  world.check(result.forced <= result.connections, 'more forced than drained');
  for (const id of aimed)
    world.check(
      before.has(id) && control.connection(id) === undefined,
      `connection ${id} drained, yet there`,
    );
};

function drainedBy(control: Control, target: DrainTarget): number[] {
  switch (target.level) {
    case 'connection':
      return control.connection(target.id) === undefined ? [] : [target.id];
    case 'session':
    case 'client':
      return [
        ...new Set(
          control
            .sessions()
            .filter(({ id, client }) => id === target.id || client === target.id)
            .flatMap(({ connections }) => connections.map(({ connection }) => connection.id)),
        ),
      ];
    case 'address':
    case 'server':
      return control.connections().map(({ id }) => id);
    default:
      return target satisfies never;
  }
}

const drainOne = operator('drain', 5, (world, actor, random, control) => {
  const session = random.pick(actor.live);
  const view = session && control.session(session.name);
  const connection = random.pick(view?.connections ?? []);
  const targets: DrainTarget[] = [];
  if (connection !== undefined) targets.push({ level: 'connection', id: connection.connection.id });
  if (view !== undefined)
    targets.push({ level: 'session', id: view.id }, { level: 'client', id: view.client });
  const target = random.pick(targets);
  if (target === undefined) return;
  world.note(`  drain ${target.level}`);
  world.launch('drain', drained(world, control, target, random.pick(DRAIN_TIMES)!));
});

const drainAll = operator('drain the server', 0.5, (world, _actor, random, control) => {
  if (world.refusing) return;
  world.refusing = true;
  const target: DrainTarget = random.chance(0.5)
    ? { level: 'server' }
    : { level: 'address', address: '127.0.0.1' };
  const work = drained(world, control, target, random.pick(DRAIN_TIMES)!).finally(() => {
    control.undrain(target.level === 'address' ? target.address : 'server');
    world.refusing = false;
  });
  world.launch('drain the server', work);
});

const limit = operator('change the limit', 4, (world, _actor, random, control) => {
  world.readEvents();
  world.limit = random.pick(LIMITS)!;
  world.note(`  limit ${world.limit}`);
  for (const { id, summary } of control.sessions()) {
    const held = world.sessionNamed(id);
    if (held !== undefined && world.limit > 0 && summary.total > world.limit) world.squeezed.add(held);
  }
  control.configure({ maxConnectionsPerSession: world.limit });
});

const endSession = operator('operator ends a session', 1, (world, actor, random, control) => {
  const held = random.pick(actor.live);
  if (held === undefined) return;
  // Its client may be ending it just now.
  const excused = held.ending;
  held.ending = true;
  world.check(control.destroySession(held.name) || excused || held.over, 'there is no session to end');
  held.end();
});

const evict = operator('operator evicts a client', 0.6, (world, actor, random, control) => {
  const held = random.pick(actor.live);
  const id = held && control.session(held.name)?.client;
  if (id === undefined || actor.starting) return;
  actor.evicted = true;
  actor.forget();
  world.ledger.renewed(actor);
  control.evictClient(id);
});

const trouble = operator('callbacks get lost from now on', 2, (world, _actor, random) => {
  world.watch.trouble = random.pick(TROUBLES)!;
  world.watch.random = random;
});

const delegations = operator('delegations on or off', 0.5, (_world, _actor, random, control) => {
  control.configure({ delegationsEnabled: random.chance(0.8) });
});

const timePasses = operator('time passes', 5, (world, _actor, random) => {
  const { time } = world.backend;
  if (time !== undefined) world.launch('time passes', time.advance(random.below(MAX_ADVANCE_MS)));
});

const LONG_STEP_MS = 20_000;

/** Longer than a lease: who says nothing loses its own, all others renew theirs. */
const leasesEnd = operator('leases end', 0.6, (world, _actor, random) => {
  const { time } = world.backend;
  if (time === undefined || world.longTime) return;
  world.longTime = true;
  const pass = async () => {
    for (let gone = 0; gone <= LEASE * MS + LONG_STEP_MS && !world.failed; gone += LONG_STEP_MS) {
      await time.advance(LONG_STEP_MS);
      for (const actor of world.actors) await renewed(world, actor, random);
    }
  };
  world.launch('leases end', pass());
});

async function renewed(world: World, actor: Actor, random: Random): Promise<void> {
  for (let tries = 0; tries < MAX_RENEWALS && !world.failed; tries++) {
    if (!actor.ready && !actor.starting) await actor.start(random);
    const held = random.pick(actor.live);
    if (held !== undefined && (await perform(held, [], random)) !== undefined) return;
    await world.backend.time?.advance(1);
  }
}

export const operatorSteps: readonly Step[] = [
  drainOne,
  drainAll,
  limit,
  endSession,
  evict,
  trouble,
  delegations,
  timePasses,
  leasesEnd,
];
