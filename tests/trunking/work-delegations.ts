import {
  type ClientOp,
  DelegationType,
  OpenWant,
  ops,
  SequenceStatus,
  ShareAccess,
  type Stateid,
  Status,
  statusName,
} from '../../packages/nfs/src/client/index.ts';
import type { Held } from './actor.ts';
import type { Delegated } from './ledger.ts';
import { perform, type Style } from './perform.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

type Opened = ReturnType<ReturnType<typeof ops.open>['ok']>;

function ownerOf(held: Held) {
  return { clientId: held.session.client.clientId, owner: Buffer.from(`sharer ${held.actor.index}`) };
}

/** Delegations that stand against such an open, as far as their holders know. */
function standing(world: World, held: Held, file: number, write: boolean): Delegated[] {
  return world.ledger.delegated.filter(
    (d) => d.file === file && d.actor !== held.actor && !d.ending && (write || d.write),
  );
}

/** Opens a file that all share, asking for a delegation, and closes it again; a delegation that came with it is kept. */
export async function openShared(world: World, held: Held, random: Random, style: Style): Promise<void> {
  const { actor } = held;
  const file = random.below(world.sharedHandles.length);
  const handle = world.sharedHandles[file]!;
  const write = random.chance(0.5);
  const { life } = actor;
  const before = standing(world, held, file, write);
  const list: ClientOp[] = [
    ops.putfh(handle),
    ops.open({
      access: (write ? ShareAccess.BOTH : ShareAccess.READ) | OpenWant.ANY_DELEG,
      owner: ownerOf(held),
      claim: { claim: 4 },
    }),
  ];
  const reply = await perform(held, list, random, style);
  if (reply === undefined || actor.life !== life) return;
  if (reply.status === Status.DELAY || reply.status === Status.GRACE) return;
  world.check(reply.status === Status.OK, `OPEN of a shared file answered ${statusName(reply.status)}`);
  const { stateid, delegation } = reply.values()[1] as Opened;
  if (delegation.type === DelegationType.READ || delegation.type === DelegationType.WRITE) {
    const given = {
      actor,
      file,
      stateid: delegation.stateid,
      write: delegation.type === DelegationType.WRITE,
      ending: false,
      unsure: false,
      recalled: false,
    };
    world.ledger.delegated.push(given);
    // Two replies may pass each other on the way: what was there before this request was sent is what counts.
    const against = before.filter((d) => !d.ending && (given.write || d.write));
    world.check(
      against.length === 0 || world.revoked(),
      `a delegation beside that of ${against[0]?.actor.name}`,
    );
  }
  const broken = before.filter((d) => !d.ending);
  world.check(
    broken.length === 0 || world.revoked(),
    `OPEN against the delegation of ${broken[0]?.actor.name}, which still has it`,
  );
  await closeShared(world, held, handle, stateid, random);
}

async function closeShared(
  world: World,
  held: Held,
  handle: Buffer,
  stateid: Stateid,
  random: Random,
): Promise<void> {
  const { life } = held.actor;
  const reply = await perform(held, [ops.putfh(handle), ops.close({ ...stateid, seqid: 0 })], random);
  if (reply === undefined || held.actor.life !== life) return;
  // Another open of the same owner may have been closed with it.
  const due = reply.status === Status.OK || reply.status === Status.BAD_STATEID;
  world.check(due, `CLOSE answered ${statusName(reply.status)}`);
}

/** Gives back what was recalled, and now and then what was not. */
export async function returnDelegation(
  world: World,
  held: Held,
  random: Random,
  style: Style,
): Promise<void> {
  const mine = world.ledger.delegated.filter((d) => d.actor === held.actor && (!d.ending || d.unsure));
  const delegation = mine.find((d) => d.recalled || d.unsure) ?? random.pick(mine);
  if (delegation === undefined) return;
  const { unsure } = delegation;
  delegation.ending = true;
  delegation.unsure = false;
  const { life } = held.actor;
  const handle = world.sharedHandles[delegation.file]!;
  const reply = await perform(held, [ops.putfh(handle), ops.delegreturn(delegation.stateid)], random, style);
  if (reply === undefined) {
    if (held.actor.life === life) delegation.unsure = true;
    return;
  }
  world.ledger.delegated = world.ledger.delegated.filter((d) => d !== delegation);
  if (held.actor.life !== life || reply.status === Status.OK) return;
  const taken = reply.status === Status.DELEG_REVOKED || reply.status === Status.BAD_STATEID;
  world.check(taken && (unsure || world.revoked()), `DELEGRETURN answered ${statusName(reply.status)}`);
  if (reply.status === Status.DELEG_REVOKED) await free(world, held, delegation.stateid, random);
}

/** What the server has taken away is kept there until its holder says that it knows (RFC 8881 §18.38). */
async function free(world: World, held: Held, stateid: Stateid, random: Random): Promise<void> {
  const { life } = held.actor;
  const reply = await perform(held, [ops.freeStateid(stateid)], random);
  if (reply === undefined || held.actor.life !== life) return;
  world.check(reply.status === Status.OK, `FREE_STATEID of what is revoked: ${statusName(reply.status)}`);
}

/** Told by SEQUENCE that something is revoked, a client asks what it is, and frees it. */
export async function freeRevoked(world: World, held: Held, random: Random): Promise<void> {
  if ((held.session.statusFlags & SequenceStatus.RECALLABLE_STATE_REVOKED) === 0) return;
  world.check(world.revoked(), 'SEQUENCE says that something is revoked, and nothing is');
  const { actor } = held;
  const { life } = actor;
  const mine = world.ledger.delegated.filter((d) => d.actor === actor && !d.ending);
  const reply = await perform(held, [ops.testStateid(mine.map(({ stateid }) => stateid))], random);
  if (reply === undefined || actor.life !== life) return;
  const states = reply.values()[0] as readonly Status[];
  for (const [index, delegation] of mine.entries()) {
    if (states[index] !== Status.DELEG_REVOKED || delegation.ending) continue;
    delegation.ending = true;
    world.ledger.delegated = world.ledger.delegated.filter((d) => d !== delegation);
    await free(world, held, delegation.stateid, random);
  }
}
