import {
  type ClientOp,
  LockType,
  ops,
  ShareAccess,
  type Stateid,
  Status,
  statusName,
} from '../../packages/nfs/src/client/index.ts';
import type { Held } from './actor.ts';
import { type Open, REGISTER_BYTES } from './ledger.ts';
import { perform, type Style } from './perform.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

type Opened = ReturnType<ReturnType<typeof ops.open>['ok']>;
const NO_DELEGATION = 0x400;

/** Statuses that only say: not now. */
const LATER: ReadonlySet<Status> = new Set([Status.DELAY, Status.GRACE]);

function ownerOf(held: Held) {
  return { clientId: held.session.client.clientId, owner: Buffer.from(`owner ${held.actor.index}`) };
}

/** The client's own file, opened once more where it is open already: the stateid counts each time. */
export async function openOwn(world: World, held: Held, random: Random, style: Style): Promise<void> {
  const { actor } = held;
  const { opens, opening } = world.ledger;
  if (opening.has(actor)) return;
  opening.add(actor);
  const before = opens.get(actor);
  if (before !== undefined) before.busy = true;
  const { life } = actor;
  const name = `own-${actor.index}`;
  const list: ClientOp[] = [
    ops.putfh(world.directory),
    ops.open({
      access: ShareAccess.BOTH | NO_DELEGATION,
      owner: ownerOf(held),
      claim: { claim: 0, name },
      create: { mode: 0, attributes: { mode: 0o644 } },
    }),
    ops.getfh(),
  ];
  const reply = await perform(held, list, random, style).finally(() => opening.delete(actor));
  if (before !== undefined) before.busy = false;
  // Done or not: what its stateid is cannot be known any more.
  if (actor.life === life && reply === undefined) opens.delete(actor);
  if (actor.life !== life || reply === undefined || LATER.has(reply.status)) return;
  world.check(reply.status === Status.OK, `OPEN of ${name} (${style}) answered ${statusName(reply.status)}`);
  const { stateid } = reply.values()[1] as Opened;
  const handle = reply.values()[2] as Buffer;
  const now = opens.get(actor);
  if (now !== before) return;
  if (before !== undefined) counted(world, 'OPEN', before.stateid, stateid);
  opens.set(actor, { actor, life, handle, stateid, busy: false, lock: before?.lock });
}

/** A state that was changed once counts one more. */
function counted(world: World, what: string, before: Stateid, after: Stateid): void {
  const same = before.c === after.c && after.seqid === before.seqid + 1;
  world.check(same, `${what} took its stateid from ${before.seqid} to ${after.seqid}`);
}

/** Writes the next value to a register that nobody else is writing. */
export async function writeRegister(world: World, held: Held, random: Random, style: Style): Promise<void> {
  const { actor } = held;
  const open = world.ledger.opens.get(actor);
  const register = random.pick(world.ledger.registers.get(actor)!.filter(({ busy }) => !busy));
  if (open === undefined || open.busy || register === undefined || register.values.length > 1) return;
  register.busy = true;
  try {
    const before = register.values[0]!;
    const value = before + 1n;
    const data = Buffer.alloc(REGISTER_BYTES);
    data.writeBigUInt64BE(value);
    register.values = [before, value];
    const list = [ops.putfh(open.handle), ops.write({ ...open.stateid, seqid: 0 }, register.offset, data)];
    const reply = await perform(held, list, random, style);
    if (reply === undefined) return;
    const written = reply.status === Status.OK;
    register.values = [written ? value : before];
    const excused = actor.life !== open.life || LATER.has(reply.status);
    world.check(written || excused, `WRITE (${style}) answered ${statusName(reply.status)}`);
  } finally {
    register.busy = false;
  }
}

/** What is read is what was written last. */
export async function readRegister(world: World, held: Held, random: Random, style: Style): Promise<void> {
  const { actor } = held;
  const open = world.ledger.opens.get(actor);
  const register = random.pick(world.ledger.registers.get(actor)!.filter(({ busy }) => !busy));
  if (open === undefined || open.busy || register === undefined) return;
  register.busy = true;
  try {
    const list = [
      ops.putfh(open.handle),
      ops.read({ ...open.stateid, seqid: 0 }, register.offset, REGISTER_BYTES),
    ];
    const reply = await perform(held, list, random, style);
    if (reply === undefined || actor.life !== open.life || LATER.has(reply.status)) return;
    world.check(reply.status === Status.OK, `READ (${style}) answered ${statusName(reply.status)}`);
    const { data } = reply.values()[1] as { data: Buffer };
    const whole = Buffer.alloc(REGISTER_BYTES);
    data.copy(whole);
    const value = whole.readBigUInt64BE();
    world.check(
      register.values.includes(value),
      `a register of ${actor.name} reads ${value}, but was left at ${register.values.join(' or ')}`,
    );
  } finally {
    register.busy = false;
  }
}

/** Opens the file of all locks; to be done once in a life. */
export async function openLocks(world: World, held: Held, random: Random): Promise<void> {
  const { actor } = held;
  const { lockFiles } = world.ledger;
  if (lockFiles.has(actor)) return;
  const { life } = actor;
  const list: ClientOp[] = [
    ops.putfh(world.lockHandle),
    ops.open({ access: ShareAccess.BOTH | NO_DELEGATION, owner: ownerOf(held), claim: { claim: 4 } }),
  ];
  const reply = await perform(held, list, random);
  if (actor.life !== life || reply === undefined || LATER.has(reply.status) || lockFiles.has(actor)) return;
  world.check(reply.status === Status.OK, `OPEN of the lock file answered ${statusName(reply.status)}`);
  const { stateid } = reply.values()[1] as Opened;
  const handle = world.lockHandle;
  lockFiles.set(actor, { actor, life, handle, stateid, busy: false, lock: undefined });
}

function lockOp(held: Held, open: Open, offset: number, wait: boolean): ClientOp<Stateid> {
  const type = wait ? LockType.WRITEW : LockType.WRITE;
  const locker =
    open.lock === undefined
      ? { openStateid: { ...open.stateid, seqid: 0 }, owner: ownerOf(held) }
      : { lockStateid: open.lock };
  return ops.lock({ type, offset, length: 1, locker });
}

/** Takes or gives back one byte's lock: no two clients have it at once, and each change counts once. */
export async function lockOrUnlock(world: World, held: Held, random: Random, style: Style): Promise<void> {
  const { actor } = held;
  const open = world.ledger.lockFiles.get(actor);
  if (open === undefined || open.busy) return;
  open.busy = true;
  try {
    const range = random.pick(world.ledger.ranges)!;
    if (range.sure === actor) await unlock(world, held, open, range, random, style);
    else await lock(world, held, open, range, random, style);
  } finally {
    open.busy = false;
  }
}

type Range = World['ledger']['ranges'][number];

async function lock(
  world: World,
  held: Held,
  open: Open,
  range: Range,
  random: Random,
  style: Style,
): Promise<void> {
  const { actor } = held;
  range.maybe.add(actor);
  const disputed = range.sure !== undefined || range.maybe.size > 1;
  const list = [ops.putfh(open.handle), lockOp(held, open, range.offset, random.chance(0.5))];
  const reply = await perform(held, list, random, style);
  if (actor.life !== open.life) return;
  if (reply === undefined) {
    // The state goes with the client or stays with it; what is known of it is too little to go on with.
    world.ledger.lockFiles.delete(actor);
    return;
  }
  if (reply.status !== Status.OK) {
    range.maybe.delete(actor);
    const due =
      reply.status === Status.DENIED && (disputed || range.sure !== undefined || range.maybe.size > 0);
    world.check(due || LATER.has(reply.status), `LOCK (${style}) answered ${statusName(reply.status)}`);
    return;
  }
  const stateid = reply.values()[1] as Stateid;
  if (open.lock !== undefined) counted(world, 'LOCK', open.lock, stateid);
  open.lock = stateid;
  range.maybe.delete(actor);
  world.check(range.sure === undefined, `two clients hold one lock: ${range.sure?.name} and ${actor.name}`);
  range.sure = actor;
}

async function unlock(
  world: World,
  held: Held,
  open: Open,
  range: Range,
  random: Random,
  style: Style,
): Promise<void> {
  const { actor } = held;
  if (open.lock === undefined) return;
  range.sure = undefined;
  range.maybe.add(actor);
  const list = [ops.putfh(open.handle), ops.locku(open.lock, LockType.WRITE, range.offset, 1)];
  const reply = await perform(held, list, random, style);
  if (actor.life !== open.life) return;
  if (reply === undefined) {
    world.ledger.lockFiles.delete(actor);
    return;
  }
  world.check(reply.status === Status.OK, `LOCKU (${style}) answered ${statusName(reply.status)}`);
  const stateid = reply.values()[1] as Stateid;
  counted(world, 'LOCKU', open.lock, stateid);
  open.lock = stateid;
  range.maybe.delete(actor);
}
