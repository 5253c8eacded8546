import { setImmediate as nextTurn } from 'node:timers/promises';
import { Attr, type ClientOp, ops } from '../../packages/nfs/src/client/index.ts';
import type { Batch } from '../engine/wire.ts';
import { drive, WIRE_SLOTS, World } from '../engine/world.ts';
import { cpuOf, ROUNDS } from './cpu.ts';
import type { Growth } from './run.ts';

const ROOT_CRED = { uid: 0, gid: 0, groups: [] };
const STABLE_EVERY = 5000;
const FIRST = 1000;
const STEP = 10;
const SAMPLE = 4000;
const ATTRIBUTES = [
  Attr.TYPE,
  Attr.CHANGE,
  Attr.SIZE,
  Attr.FILEID,
  Attr.MODE,
  Attr.NUMLINKS,
  Attr.TIME_MODIFY,
];
const FIRST_COOKIE = 3;
const SAMPLE_PAGES = 400;
const PAGE_BYTES = 8192;
/** Prime to every count: all names come by before one comes again. */
const SPREAD = 7919;

const pageFrom = (cookie: number): ClientOp =>
  ops.readdir({ cookie, maxCount: PAGE_BYTES, attributes: ATTRIBUTES });
const nameOf = (i: number): string => `file-${i.toString(36)}`;

/** Files from `from` to `to` in the top directory, by the storage's own interface. */
async function make(world: World, from: number, to: number): Promise<void> {
  const { fileSystem } = world;
  const root = fileSystem.root();
  for (let i = from; i < to; i++) {
    fileSystem.createFile(root, ROOT_CRED, nameOf(i), { mode: 0o644 });
    if (i % STABLE_EVERY === 0) await fileSystem.stable();
  }
  await fileSystem.stable();
  await nextTurn();
}

/** One directory of 1,000 files, of 10,000, and so on: objects of all of it are looked at in turn, so that caches help as little as they can. */
export async function files(most: number): Promise<Growth> {
  const growth: Growth = {};
  const world = await World.start('disk');
  try {
    let made = 0;
    for (let count = FIRST; count <= most; count *= STEP) {
      const before = process.cpuUsage();
      await make(world, made, count);
      const { user, system } = process.cpuUsage(before);
      const create = Math.round(((user + system) / (count - made)) * 100) / 100;
      made = count;
      growth[count] = { create, ...(await look(world, count)) };
    }
  } finally {
    await world.stop();
  }
  return growth;
}

async function look(world: World, count: number): Promise<Record<string, number>> {
  const { session, root } = world;
  const wire = world.wire();
  let turn = 0;
  const next = (): number => (++turn * SPREAD) % count;
  const place = ops.putfh(root);
  const rounds = <T>(make: () => T): T[] => Array.from({ length: ROUNDS }, make);
  // Others in each round: what a round has looked at is in the caches.
  const lookups = rounds(() =>
    Array.from({ length: SAMPLE / WIRE_SLOTS.length }, () =>
      wire.batch(session, WIRE_SLOTS, () => [
        ...[place, ops.lookup(nameOf(next())), ops.getfh(), ops.getattr(ATTRIBUTES)],
      ]),
    ),
  );
  const pages = rounds(() =>
    Array.from({ length: SAMPLE_PAGES }, () =>
      wire.batch(session, WIRE_SLOTS.slice(0, 1), () => [place, pageFrom(FIRST_COOKIE + next())]),
    ),
  );
  const run = async (batches: readonly Batch[]): Promise<void> => {
    for (const batch of batches) await drive(wire, batch, 1);
  };
  const lookup = await cpuOf(SAMPLE, (round) => run(lookups[round]!));
  const page = await cpuOf(SAMPLE_PAGES, (round) => run(pages[round]!));
  wire.destroy();
  return { lookup, 'READDIR from anywhere': page };
}
