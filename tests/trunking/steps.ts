import { BindFromClient, ops, RpcError, Status, statusName } from '../../packages/nfs/src/client/index.ts';
import { Actor, type Held } from './actor.ts';
import { perform, type Style } from './perform.ts';
import type { Random } from './random.ts';
import { operatorSteps } from './steps-operator.ts';
import { freeRevoked, openShared, returnDelegation } from './work-delegations.ts';
import { lockOrUnlock, openLocks, openOwn, readRegister, writeRegister } from './work-files.ts';
import { makeDirectory, moveOn } from './work-names.ts';
import type { World } from './world.ts';

/** One thing that happens in a history. What takes time is launched and goes on beside the next steps. */
export interface Step {
  readonly name: string;
  readonly weight: number;
  run(world: World, actor: Actor, random: Random): void;
}

const MAX_LINKS = 6;
const STYLES: readonly { readonly style: Style; readonly weight: number }[] = [
  { style: 'plain', weight: 4 },
  { style: 'again', weight: 2 },
  { style: 'twice', weight: 2 },
  { style: 'lost', weight: 2 },
];

type Work = (world: World, held: Held, random: Random, style: Style) => Promise<void>;

/** A request on any session of the client. */
function work(name: string, weight: number, run: Work): Step {
  return {
    name,
    weight,
    run(world, actor, random) {
      const held = random.pick(actor.live);
      if (held === undefined) return;
      const { style } = random.weighted(STYLES);
      world.note(`  ${name}, ${style}, session ${held.name.slice(16, 24)}`);
      world.launch(name, run(world, held, random, style));
    },
  };
}

async function renew(_world: World, held: Held, random: Random, style: Style): Promise<void> {
  await perform(held, [], random, style);
}

/** What the slot has not seen must not pass for what it has, nor the other way round. */
async function misuse(world: World, held: Held, random: Random): Promise<void> {
  const link = random.pick(held.actor.open.filter((each) => each.known.has(held) && !each.backOnly(held)));
  if (link === undefined) return;
  link.may(held, ['fore']);
  const false_ = random.chance(0.5);
  const request = await held.session.prepare([ops.putrootfh()], { cacheThis: true });
  let answered = false;
  try {
    const first = await request.send(link.rpc);
    if (first.sequence?.status !== Status.OK) return;
    answered = true;
    const place = { slot: request.slot, connection: link.rpc, cacheThis: true };
    const other = false_ ? [ops.putrootfh(), ops.getfh()] : [ops.putrootfh()];
    const sequence = request.sequence + (false_ ? 0 : 2);
    const reply = await held.session.compound(other, { ...place, sequence });
    const due = false_ ? Status.SEQ_FALSE_RETRY : Status.SEQ_MISORDERED;
    const excused = reply.status === Status.BADSESSION && held.ending;
    world.check(
      excused || reply.status === due,
      `${false_ ? 'a false retry' : 'a gap'} answered ${statusName(reply.status)}`,
    );
  } catch (error) {
    if (!(error instanceof RpcError && error.code === 'RPC_CLOSED')) throw error;
  } finally {
    // Others may have it only now: their request could come before the misuse. Without a reply it stays taken, for nobody knows
    // whether its sequence id has been used.
    if (answered) request.release();
  }
}

async function destroySession(world: World, held: Held, random: Random): Promise<void> {
  const link = random.pick(held.actor.open);
  if (link === undefined) return;
  held.ending = true;
  try {
    const { client } = held.session;
    const reply = await client.compound([ops.destroySession(held.session.id)], { connection: link.rpc });
    if (reply.status === Status.OK || reply.status === Status.BADSESSION) {
      held.end();
      return;
    }
    const due = reply.status === Status.DELAY || reply.status === Status.CONN_NOT_BOUND_TO_SESSION;
    world.check(due, `DESTROY_SESSION answered ${statusName(reply.status)}`);
  } catch (error) {
    if (!(error instanceof RpcError && error.code === 'RPC_CLOSED')) throw error;
  }
}

const connect: Step = {
  name: 'connect',
  weight: 8,
  run(world, actor, random) {
    const held = random.pick(actor.live);
    if (held === undefined || actor.open.length >= MAX_LINKS) return;
    const explicit = random.chance(0.5);
    const asked = random.pick(Object.values(BindFromClient))!;
    world.launch(
      'connect',
      actor.connect().then(
        (link) => (explicit ? actor.bind(link, held, asked) : renew(world, held, random, 'plain')),
        () => undefined,
      ),
    );
  },
};

const bind: Step = {
  name: 'bind',
  weight: 8,
  run(world, actor, random) {
    // Now and then a session joins a connection of another client's.
    const whose = random.chance(0.1) ? random.pick(world.actors)! : actor;
    const [link, held] = [random.pick(whose.open), random.pick(actor.live)];
    const asked = random.pick(Object.values(BindFromClient))!;
    if (link !== undefined && held !== undefined) world.launch('bind', actor.bind(link, held, asked));
  },
};

const drop: Step = {
  name: 'drop',
  weight: 7,
  run(_world, actor, random) {
    const link = random.pick(actor.open);
    if (link === undefined) return;
    const how = random.below(3);
    if (how === 0) link.rpc.reset();
    else if (how === 1) link.rpc.halfClose();
    else link.rpc.socket.destroy();
  },
};

const dropAll: Step = {
  name: 'lose all connections',
  weight: 1,
  run(_world, actor) {
    for (const link of actor.open) link.rpc.socket.destroy();
  },
};

const crash: Step = {
  name: 'crash',
  weight: 1,
  run(world, actor, random) {
    if (actor.starting) return;
    actor.crash(random);
    world.launch('start again', actor.start(random));
  },
};

const MAX_SILENT = 2;

/** The client hangs: its connections stay, its state stays, and nobody comes back for it. Another client takes its place here. */
const fallSilent: Step = {
  name: 'fall silent',
  weight: 1.5,
  run(world, actor, random) {
    const at = world.actors.indexOf(actor);
    if (world.backend.inside === undefined || actor.starting || world.silent.length >= MAX_SILENT) return;
    const next = new Actor(world, world.actors.length + world.silent.length, random);
    actor.fallSilent();
    world.silent.push(actor);
    world.actors[at] = next;
    world.ledger.join(next);
    world.launch('start', next.start(random));
  },
};

const session: Step = {
  name: 'another session',
  weight: 3,
  run(world, actor, random) {
    const link = random.pick(actor.open);
    if (link === undefined || actor.starting) return;
    actor.starting = true;
    const made = actor.addSession(link, random.chance(0.8)).catch((error: unknown) => {
      if (!(error instanceof RpcError && error.code === 'RPC_CLOSED')) throw error;
    });
    world.launch(
      'another session',
      made.finally(() => {
        actor.starting = false;
      }),
    );
  },
};

const destroy: Step = {
  name: 'destroy a session',
  weight: 2,
  run(world, actor, random) {
    const held = random.pick(actor.live);
    if (held === undefined || held.ending) return;
    world.launch('destroy a session', destroySession(world, held, random));
  },
};

const openGate: Step = {
  name: 'slow requests go on',
  weight: 8,
  run(world) {
    world.backend.inside?.files.open();
  },
};

export const STEPS: readonly Step[] = [
  connect,
  bind,
  drop,
  dropAll,
  crash,
  fallSilent,
  session,
  destroy,
  openGate,
  work('renew', 4, renew),
  work('make a directory', 10, makeDirectory),
  work('rename', 8, moveOn),
  work('open', 5, openOwn),
  work('write', 8, writeRegister),
  work('read', 5, readRegister),
  work('open for locks', 6, openLocks),
  work('lock or unlock', 14, lockOrUnlock),
  work('open a shared file', 16, openShared),
  work('return a delegation', 8, returnDelegation),
  work('free what was revoked', 4, freeRevoked),
  work('misuse a slot', 2, misuse),
  ...operatorSteps,
];
