import { ops, ShareAccess, Status, statusName } from '../../packages/nfs/src/client/index.ts';
import { FileType } from '../../packages/nfs/src/vfs/index.ts';
import { Actor } from './actor.ts';
import { type Backend, type Mode, startBackend, type Target } from './backend.ts';
import { checkAlways, checkEmpty, checkQuiet } from './invariants.ts';
import { checkOperatorView } from './operator-view.ts';
import { perform } from './perform.ts';
import { Random } from './random.ts';
import { STEPS } from './steps.ts';
import { findChain } from './work-names.ts';
import { World } from './world.ts';

export interface HistoryOptions {
  readonly mode: Mode;
  readonly seed: number;
  readonly steps: number;
  readonly minor: 1 | 2;
  /** Only these steps, of all that the seed makes. */
  readonly only?: ReadonlySet<number> | undefined;
  readonly target?: Target | undefined;
  /** A step that fails whatever happens: shows that failures are seen and shrunk. */
  readonly broken?: number;
}

export interface HistoryResult {
  readonly failure: Error | undefined;
  /** The last steps, as they were taken. */
  readonly trace: readonly string[];
  /** Steps that were reached. */
  readonly reached: number;
  readonly counts: World['counts'];
  /** What the engine has counted, by name: how much of it the history has met. */
  readonly met: ReadonlyMap<string, number>;
}

const MAX_ACTORS = 4;
const MAX_RUNNING = 12;
/** One in so many steps is followed by quiet. */
const QUIET_EVERY = 0.12;
const QUIET_TURNS = 4000;
const SHARED_FILES = 2;
const GATE_EVERY = 5;
/** Steps are numbered from 0. */
const SETUP = -2;
const END = -1;
const MS_OF_QUIET = 200;
const DAY_MS = 25 * 3600 * 1000;

export async function runHistory(options: HistoryOptions): Promise<HistoryResult> {
  const random = Random.ofStep(options.seed, SETUP);
  const backend = await startBackend(options.mode, random, options.target);
  const world = new World(backend, options.minor);
  let reached = 0;
  try {
    await setUp(world, random);
    for (; reached < options.steps && !world.failed; reached++) {
      if (options.only?.has(reached) === false) continue;
      await step(world, reached, Random.ofStep(options.seed, reached));
      world.check(reached !== options.broken, `step ${reached} is broken on purpose`);
    }
    if (!world.failed) await tearDown(world, Random.ofStep(options.seed, END));
  } catch (error) {
    world.remember(error);
  } finally {
    for (const actor of world.everyone) actor.hangUp();
    backend.inside?.files.open();
    await backend.stop();
  }
  return { failure: world.failure, trace: world.trace, reached, counts: world.counts, met: metBy(backend) };
}

function metBy({ inside }: Backend): Map<string, number> {
  const met = new Map<string, number>();
  if (inside === undefined) return met;
  const { bind, unbind, overLimit, drained, sessionsDestroyed, delegations, ...rest } =
    inside.server.control.counters();
  const groups = { bind, unbind, overLimit, drained, sessionsDestroyed, delegations };
  for (const [group, counts] of Object.entries(groups))
    for (const [name, count] of Object.entries<number>(counts)) met.set(`${group} ${name}`, count);
  for (const [name, count] of [...rest.callbacks, ...rest.sequenceErrors]) met.set(name, count);
  met.set('replays', rest.replays);
  return met;
}

async function setUp(world: World, random: Random): Promise<void> {
  const count = 1 + random.below(MAX_ACTORS);
  for (let index = 0; index < count; index++) {
    const actor = new Actor(world, index, random);
    world.actors.push(actor);
    world.ledger.join(actor);
    await Promise.all([actor.start(random), world.backend.time?.advance(1)]);
  }
  const held = world.actors[0]?.live[0];
  if (held === undefined) world.fail('the first client has no session');
  const path = world.backend.path.split('/').filter((part) => part !== '');
  const name = `trunking-${process.pid}-${random.below(2 ** 31)}`;
  const list = [
    ops.putrootfh(),
    ...path.map((part) => ops.lookup(part)),
    ops.create({ type: FileType.DIRECTORY }, name, { mode: 0o755 }),
    ops.getfh(),
  ];
  const reply = await perform(held, list, random);
  if (reply?.status !== Status.OK)
    world.fail(`cannot make ${name}: ${statusName(reply?.status ?? Status.BADSESSION)}`);
  world.directory = reply.values().at(-1) as Buffer;
  world.lockHandle = await makeFile(world, 'locks', random);
  for (let i = 0; i < SHARED_FILES; i++)
    world.sharedHandles.push(await makeFile(world, `shared${i}`, random));
}

async function makeFile(world: World, name: string, random: Random): Promise<Buffer> {
  const held = world.actors[0]!.live[0]!;
  const owner = { clientId: held.session.client.clientId, owner: Buffer.from('maker') };
  const made = await perform(
    held,
    [
      ops.putfh(world.directory),
      ops.open({
        access: ShareAccess.BOTH | NO_DELEGATION,
        owner,
        claim: { claim: 0, name },
        create: { mode: 0, attributes: { mode: 0o644 } },
      }),
      ops.getfh(),
    ],
    random,
  );
  if (made?.status !== Status.OK)
    world.fail(`cannot make ${name}: ${statusName(made?.status ?? Status.BADSESSION)}`);
  const [, opened, handle] = made.values() as [unknown, { stateid: Parameters<typeof ops.close>[0] }, Buffer];
  await perform(held, [ops.putfh(handle), ops.close(opened.stateid)], random);
  return handle;
}

const NO_DELEGATION = 0x400;

async function step(world: World, number: number, random: Random): Promise<void> {
  const actor = random.pick(world.actors)!;
  const what = random.weighted(STEPS);
  world.counts.steps++;
  world.note(`${number}: ${actor.name}, ${what.name}`);
  if (!actor.ready && !actor.starting) world.launch('start', actor.start(random));
  what.run(world, actor, random);
  await world.pause();
  checkAlways(world);
  if (world.running > MAX_RUNNING || random.chance(QUIET_EVERY)) await quiet(world, random);
}

/** Lets everything that is under way end, and looks closely. */
async function quiet(world: World, random: Random): Promise<void> {
  const { backend } = world;
  const {
    backend: { inside },
  } = world;
  // A request whose session has ended, or whose client has fallen silent, may still wait: nobody asks for its reply, but it will be executed.
  const waits = () => (inside?.files.held ?? 0) > 0 || (inside?.server.control.gauges().slotsInUse ?? 0) > 0;
  const busy = () => world.running > 0 || waits();
  for (let turn = 0; busy() && !world.failed; turn++) {
    if (turn % GATE_EVERY === 0) backend.inside?.files.open();
    if (turn > QUIET_TURNS)
      world.fail(`no end of: ${[...new Set(world.runningNames)].join(', ') || 'what runs in some slot'}`);
    await backend.pause();
    checkAlways(world);
  }
  await settled(world);
  if (world.failed) return;
  world.readEvents();
  for (let turn = 0; turn < MS_OF_QUIET && (waits() || !world.holds(() => checkQuiet(world))); turn++) {
    // What was sent before may have arrived only now.
    inside?.files.open();
    await backend.pause();
    world.readEvents();
  }
  checkQuiet(world);
  await checkOperatorView(world);
  for (const actor of world.actors) {
    const chain = world.ledger.chains.get(actor);
    const held = actor.live.find((each) => !each.ending);
    if (chain !== undefined && held !== undefined && chain.at.length > 1)
      await Promise.all([findChain(world, held, chain, random), backend.time?.advance(1)]);
  }
  world.callbacks.received.length = 0;
}

/** Waits until the server has noticed which connections are gone. */
async function settled(world: World): Promise<void> {
  const { backend } = world;
  const open = () => world.everyone.reduce((sum, actor) => sum + actor.open.length, 0);
  for (let turn = 0; turn < MS_OF_QUIET; turn++) {
    if (backend.inside === undefined || backend.inside.server.stats().connections === open()) return;
    backend.inside.files.open();
    await backend.pause();
  }
}

async function tearDown(world: World, random: Random): Promise<void> {
  await quiet(world, random);
  const { inside, time } = world.backend;
  for (const actor of world.actors) await leave(world, actor, random);
  // Those who are silent hang up, or hold on to their connections until their sessions go from under them.
  for (const actor of world.silent) if (random.chance(0.1)) actor.hangUp();
  await settled(world);
  if (time !== undefined) await time.advance(MS_OF_QUIET);
  // A client that left nothing but silence is dropped after a day: without one, the operator does it.
  if (time !== undefined && random.chance(0.7)) await time.skip(DAY_MS);
  for (const { id } of inside?.server.control.clients() ?? []) inside?.server.control.evictClient(id);
  for (const actor of world.silent) actor.hangUp();
  await settled(world);
  await world.pause();
  if (world.failed) return;
  checkEmpty(world);
  await checkOperatorView(world);
}

/** Ends the sessions that are left, and the client where it holds no state; then goes. */
async function leave(world: World, actor: Actor, random: Random): Promise<void> {
  const tidy = random.chance(0.7);
  for (const held of tidy ? actor.live : []) {
    const work = (async () => {
      const link = await actor.carrier(held, random, new Set());
      await held.session.compound([], { connection: link.rpc });
      await held.session.client.compound([ops.destroySession(held.session.id)], { connection: link.rpc });
      held.end();
    })();
    await Promise.all([work.catch(() => undefined), world.backend.time?.advance(1)]);
  }
  actor.hangUp();
}

export type { Backend };
