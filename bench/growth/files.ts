import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ClientOp, ops } from '../../packages/nfs/src/client/index.ts';
import { FEW_ATTRIBUTES } from '../attributes.ts';
import type { Batch, Wire } from '../engine/wire.ts';
import { drive, WIRE_SLOTS, World } from '../engine/world.ts';
import { cpuOf, cpuSpent, ROUNDS } from './cpu.ts';
import type { Growth } from './report.ts';

const ROOT_CRED = { uid: 0, gid: 0, groups: [] };
const STABLE_EVERY = 5000;
const FIRST = 10;
const STEP = 10;
const SAMPLE = 4000;
/** Fewer than that are made too quickly to be measured. */
const LEAST_MEASURED = 1000;
const FIRST_COOKIE = 3;
const SAMPLE_PAGES = 400;
const PAGE_BYTES = 8192;
/** Prime to every count: all names come by before one comes again. */
const SPREAD = 7919;
/** Names and pages that are looked at again and again: they stay in memory. */
const FEW = 10;
/** So small that of a thousand files, too, most have to come from the store: the same path for every count. */
const LIMITS = { cachedInodes: 100, cachedEntries: 100, listedEntries: 200 };

const pageFrom = (cookie: number): ClientOp =>
  ops.readdir({ cookie, maxCount: PAGE_BYTES, attributes: FEW_ATTRIBUTES });
const nameOf = (i: number): string => `file-${i.toString(36)}`;

/** Makes or removes files from `from` to `to` in the top directory, by the storage's own interface. CPU microseconds for each. */
async function each(world: World, from: number, to: number, what: (name: string) => void): Promise<number> {
  const spent = cpuSpent();
  for (let i = from; i < to; i++) {
    what(nameOf(i));
    if (i % STABLE_EVERY === 0) await world.fileSystem.stable();
  }
  await world.fileSystem.stable();
  await nextTurn();
  return spent() / (to - from);
}

/** One directory of 10 files, of 100, and so on. */
export async function files(most: number): Promise<Growth> {
  const growth: Growth = {};
  const world = await World.start('disk', undefined, LIMITS);
  const { fileSystem } = world;
  const root = fileSystem.root();
  const create = (name: string) => fileSystem.createFile(root, ROOT_CRED, name, { mode: 0o644 });
  const remove = (name: string) => fileSystem.remove(root, ROOT_CRED, name);
  try {
    // The compiler's warming up is nobody's cost.
    await each(world, 0, SAMPLE, create);
    await look(world, SAMPLE);
    await each(world, 0, SAMPLE, remove);
    let made = 0;
    for (let count = FIRST; count <= most; count *= STEP) {
      const creating = await each(world, made, count, create);
      made = count;
      const looking = await look(world, count);
      // Others, so that the count stays.
      await each(world, count, count + SAMPLE, create);
      const removing = await each(world, count, count + SAMPLE, remove);
      growth[count] = {
        ...(count >= LEAST_MEASURED && { create: creating }),
        remove: removing,
        ...looking,
      };
      console.log(JSON.stringify({ [count]: growth[count] }));
    }
  } finally {
    await world.stop();
  }
  return growth;
}

/** Different objects in each round: what a round has looked at may be in memory. */
function rounds<T>(make: () => T): T[] {
  return Array.from({ length: ROUNDS }, make);
}

async function look(world: World, count: number): Promise<Record<string, number>> {
  const wire = world.wire();
  let turn = 0;
  const anywhere = (): number => (++turn * SPREAD) % count;
  const few = (): number => anywhere() % FEW;
  const result = {
    'lookup, in memory': await lookups(world, wire, few),
    lookup: await lookups(world, wire, anywhere),
    'READDIR, in memory': await pages(world, wire, () => 0),
    READDIR: await pages(world, wire, anywhere),
  };
  wire.destroy();
  return result;
}

async function lookups(world: World, wire: Wire, next: () => number): Promise<number> {
  const place = ops.putfh(world.root);
  const batches = rounds(() =>
    Array.from({ length: SAMPLE / WIRE_SLOTS.length }, () =>
      wire.batch(world.session, WIRE_SLOTS, () => [
        ...[place, ops.lookup(nameOf(next())), ops.getfh(), ops.getattr(FEW_ATTRIBUTES)],
      ]),
    ),
  );
  return await cpuOf(SAMPLE, (round) => run(wire, batches[round]!));
}

async function pages(world: World, wire: Wire, next: () => number): Promise<number> {
  const place = ops.putfh(world.root);
  const batches = rounds(() =>
    Array.from({ length: SAMPLE_PAGES }, () =>
      wire.batch(world.session, WIRE_SLOTS.slice(0, 1), () => [place, pageFrom(FIRST_COOKIE + next())]),
    ),
  );
  return await cpuOf(SAMPLE_PAGES, (round) => run(wire, batches[round]!));
}

async function run(wire: Wire, batches: readonly Batch[]): Promise<void> {
  for (const batch of batches) await drive(wire, batch, 1);
}
