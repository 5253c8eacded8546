/**
 * `npm run test:fuzz`: a million inputs against every decoder. `--seed N` and `--count N`; `--epoch N` runs one epoch of a seed again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { bounded } from '../support/bounded.ts';
import { heldBytes } from '../support/heap.ts';
import { EPOCH, runEpoch } from './fuzzer.ts';
import { fuzzTcp } from './target-tcp.ts';

const DEFAULT_COUNT = 1_000_000;
/** Of all inputs, one in so many goes over real sockets. */
const TCP_SHARE = 100;
const MAX_GROWTH_BYTES = 16 * 1024 * 1024;
const PATIENCE = 15;
const PATIENCE_MS = 1000;
const MIB = 1024 * 1024;
const MAX_SEED = 2 ** 31;
/** The longest that an epoch may take: ten times what it takes on a slow machine. */
const EPOCH_LIMIT_MS = 120_000;

function options(): { seed: number; count: number; epoch: number | undefined } {
  const { values } = parseArgs({
    options: { seed: { type: 'string' }, count: { type: 'string' }, epoch: { type: 'string' } },
  });
  const whole = (name: string, text: string | undefined, otherwise: number) => {
    const number = text === undefined ? otherwise : Number(text);
    if (!Number.isSafeInteger(number) || number < 0)
      throw new RangeError(`--${name} wants a whole number, not ${text}`);
    return number;
  };
  return {
    seed: whole('seed', values.seed, Math.floor(Math.random() * MAX_SEED)),
    count: whole('count', values.count, DEFAULT_COUNT),
    epoch: values.epoch === undefined ? undefined : whole('epoch', values.epoch, 0),
  };
}

function fail(what: string, error: unknown): never {
  console.error(`${what}\n`, error);
  process.exit(1);
}

async function main(): Promise<void> {
  const { seed, count, epoch: only } = options();
  console.log(`fuzz: seed ${seed}, ${count} inputs`);
  process.on('unhandledRejection', (error) => fail(`seed ${seed}: unhandled rejection`, error));
  process.on('uncaughtException', (error) => fail(`seed ${seed}: uncaught exception`, error));
  const started = performance.now();
  const overTcp = only === undefined ? Math.floor(count / TCP_SHARE) : 0;
  const totals: Record<string, number> = {};
  let baseline: number | undefined;
  let done = 0;
  for (let epoch = only ?? 0; done < count - overTcp; epoch++) {
    const size = Math.min(EPOCH, count - overTcp - done);
    const counts = await bounded(`epoch ${epoch}`, EPOCH_LIMIT_MS, () => runEpoch(seed, epoch, size)).catch(
      (error: unknown) =>
        fail(`seed ${seed}: run again with --seed ${seed} --epoch ${epoch} --count ${size}`, error),
    );
    for (const [name, number] of Object.entries(counts)) totals[name] = (totals[name] ?? 0) + number;
    done += size;
    let now = await heldBytes();
    // The first epoch fills caches that are kept for good.
    baseline ??= now;
    // What waits for a peer (a recall that has just lost its holder, a connection that ends) goes within seconds; a leak stays.
    for (let tries = 0; now - baseline > MAX_GROWTH_BYTES && tries < PATIENCE; tries++) {
      await sleep(PATIENCE_MS);
      now = await heldBytes();
    }
    if (now - baseline > MAX_GROWTH_BYTES)
      fail(`seed ${seed}: memory grew to ${Math.round(now / MIB)} MiB`, { epoch });
    const seconds = (performance.now() - started) / 1000;
    console.log(`${done} inputs, ${seconds.toFixed(1)} s, heap ${(now / MIB).toFixed(1)} MiB`);
    if (only !== undefined) break;
  }
  if (overTcp > 0) {
    await fuzzTcp(seed, overTcp).catch((error: unknown) => fail(`seed ${seed}: over TCP`, error));
    totals['tcp'] = overTcp;
  }
  const growth = baseline === undefined ? 0 : (await heldBytes()) - baseline;
  console.log(`fuzz: done, seed ${seed}`, totals, `heap grew by ${(growth / MIB).toFixed(1)} MiB`);
}

await main();
process.exit(0);
