import { setImmediate as nextTurn } from 'node:timers/promises';
import { ops } from '../../src/client/index.ts';
import { Mutator } from './mutate.ts';
import { fuzzCall } from './target-calls.ts';
import { CompoundTarget } from './target-compounds.ts';
import { fuzzRecords } from './target-records.ts';
import { ReplyTarget } from './target-replies.ts';
import { World, WorldSession } from './world.ts';

/** Inputs of one world; the next epoch starts with a new engine. */
export const EPOCH = 25_000;
/** Turns of the event loop are given away this often, so that timers and closing connections are seen to. */
const BREATH = 200;

export type TargetName = 'records' | 'calls' | 'compounds' | 'attributes' | 'replies';

/** How the inputs are shared out. */
const SHARES: readonly (readonly [TargetName, number])[] = [
  ['compounds', 0.5],
  ['attributes', 0.15],
  ['calls', 0.12],
  ['records', 0.15],
  ['replies', 0.08],
];

function draw(mutator: Mutator): TargetName {
  let left = mutator.below(1_000_000) / 1_000_000;
  for (const [name, share] of SHARES) {
    if (left < share) return name;
    left -= share;
  }
  return 'compounds';
}

export type Counts = Record<TargetName, number>;

/**
 * Runs one epoch of `count` inputs, all determined by `seed` and the epoch's number. Rejects with a {@link Finding}. Ends with the proof that the
 * engine still serves a client that behaves.
 */
export async function runEpoch(seed: number, epoch: number, count: number): Promise<Counts> {
  const mutator = new Mutator((Math.imul(seed, 0x9e3779b1) + epoch) >>> 0);
  const world = await World.make(epoch % 2 === 0 ? 2 : 1);
  const compounds = await CompoundTarget.make(world);
  const replies = await ReplyTarget.make(world);
  const counts: Counts = { records: 0, calls: 0, compounds: 0, attributes: 0, replies: 0 };
  for (let i = 0; i < count; i++) {
    const target = draw(mutator);
    counts[target]++;
    switch (target) {
      case 'records':
        fuzzRecords(mutator);
        break;
      case 'calls':
        await fuzzCall(world, mutator);
        break;
      case 'compounds':
        await compounds.fuzzOps(mutator);
        break;
      case 'attributes':
        await compounds.fuzzAttributes(mutator);
        break;
      case 'replies':
        replies.fuzz(mutator);
        break;
    }
    if (i % BREATH === 0) {
      world.callbacks.received.length = 0;
      await nextTurn();
    }
    // Files go and stateids grow old: without new ones, more and more requests end at the first operation.
    if (i % (BREATH * 10) === 0) await compounds.renew();
  }
  await proveService(world);
  world.close();
  return counts;
}

async function proveService(world: World): Promise<void> {
  const session = await WorldSession.make(world, `proof${performance.now()}`, true);
  const walk = [ops.putrootfh(), ops.lookup('export')];
  const name = 'proof-of-service';
  const made = await session.compound([...walk, ops.create({ type: 2 }, name, { mode: 0o755 }), ops.getfh()]);
  const removed = await session.compound([...walk, ops.remove(name)]);
  if (made.status !== 0 || removed.status !== 0)
    throw new Error(`a proper client got ${made.status}, ${removed.status}`);
  world.check(Buffer.alloc(0));
}
