import { ops, Status, statusName } from '../../packages/nfs/src/client/index.ts';
import { FileType } from '../../packages/nfs/src/vfs/index.ts';
import type { Held } from './actor.ts';
import { SLOW } from './audit.ts';
import type { Chain } from './ledger.ts';
import { perform, type Style } from './perform.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

const SLOWNESS = 0.25;
const MODE = { mode: 0o755 };

/** A name that is made once; one in four is kept waiting in the file system. */
function freshName(world: World, random: Random, prefix: string): string {
  const slow = world.backend.inside !== undefined && random.chance(SLOWNESS);
  return world.name(slow ? SLOW + prefix : prefix);
}

/** Makes a directory of a name that nobody had before: it can succeed, and it can only succeed once. */
export async function makeDirectory(world: World, held: Held, random: Random, style: Style): Promise<void> {
  const name = freshName(world, random, 'd');
  const reply = await perform(
    held,
    [ops.putfh(world.directory), ops.create({ type: FileType.DIRECTORY }, name, MODE)],
    random,
    style,
  );
  if (reply === undefined || reply.status === Status.DELAY) return;
  world.check(
    reply.status === Status.OK,
    `CREATE of ${name} (${style}) answered ${statusName(reply.status)}`,
  );
  world.ledger.made.add(name);
}

/** Starts or moves on a chain of renames. */
export async function moveOn(world: World, held: Held, random: Random, style: Style): Promise<void> {
  const chain = chainOf(world, held);
  if (chain.busy || chain.at.length > 1) return;
  chain.busy = true;
  try {
    if (chain.at.length === 0) await startChain(world, held, chain, random);
    else await rename(world, held, chain, random, style);
  } finally {
    chain.busy = false;
  }
}

function chainOf(world: World, held: Held): Chain {
  const { actor } = held;
  let chain = world.ledger.chains.get(actor);
  if (chain === undefined) {
    chain = { actor, count: 0, at: [], busy: false };
    world.ledger.chains.set(actor, chain);
  }
  return chain;
}

async function startChain(world: World, held: Held, chain: Chain, random: Random): Promise<void> {
  const name = world.name('c');
  const reply = await perform(
    held,
    [ops.putfh(world.directory), ops.create({ type: FileType.DIRECTORY }, name, MODE)],
    random,
  );
  if (reply?.status === Status.OK) chain.at = [name];
}

async function rename(world: World, held: Held, chain: Chain, random: Random, style: Style): Promise<void> {
  const from = chain.at[0]!;
  const to = freshName(world, random, 'c');
  const { directory } = world;
  const list = [ops.putfh(directory), ops.savefh(), ops.putfh(directory), ops.rename(from, to)];
  chain.at = [from, to];
  const reply = await perform(held, list, random, style);
  if (reply === undefined) return;
  chain.at = [from];
  if (reply.status === Status.DELAY) return;
  world.check(reply.status === Status.OK, `RENAME to ${to} (${style}) answered ${statusName(reply.status)}`);
  chain.at = [to];
  chain.count++;
}

/** Finds out where a chain is whose last request got no reply. For quiet moments. */
export async function findChain(world: World, held: Held, chain: Chain, random: Random): Promise<void> {
  if (chain.busy || chain.at.length === 0) return;
  const found: string[] = [];
  for (const name of chain.at) {
    const reply = await perform(held, [ops.putfh(world.directory), ops.lookup(name)], random);
    if (reply === undefined) return;
    if (reply.status === Status.OK) found.push(name);
  }
  world.check(
    found.length === 1,
    `a chain of renames is at ${found.join(' and ') || 'none'} of ${chain.at.join(', ')}`,
  );
  chain.at = found;
}
