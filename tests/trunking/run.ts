/**
 * `npm run test:trunking`: many clients, sessions and connections, driven by seeds through everything that can happen to them; after each step
 * the invariants of exactly-once and of the operator's view are checked. See `--help`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Mode } from './backend.ts';
import { type HistoryOptions, type HistoryResult, runHistory } from './history.ts';
import { HELP, type Options, readOptions, UsageError } from './options.ts';
import { shrink } from './shrink.ts';

const STEPS: Readonly<Record<Mode, number>> = { engine: 200, wire: 60 };
const MIB = 1024 * 1024;
/** What a run of any length may add to the heap once the first histories have filled the caches. */
const MAX_GROWTH_BYTES = 24 * MIB;
const WARM_HISTORIES = 20;
const HEAP_EVERY = 100;
const GC_PAUSE_MS = 20;
/** The longest that a history may take: a hundred times what it takes. */
const HISTORY_LIMIT_MS = 60_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

async function heap(): Promise<number> {
  for (let turn = 0; turn < 3; turn++) {
    await sleep(GC_PAUSE_MS);
    collect();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

interface Totals {
  histories: number;
  requests: number;
  replays: number;
  steps: number;
  callbacks: number;
  checks: number;
}

/** Rejects where the history hangs as a whole. The timer is set before the history takes over time. */
async function bounded(options: HistoryOptions): Promise<HistoryResult> {
  const abort = new AbortController();
  const late = sleep(HISTORY_LIMIT_MS, undefined, { signal: abort.signal }).then(
    () => Promise.reject(new Error(`hangs: seed ${options.seed}, ${options.mode}`)),
    () => new Promise<never>(() => undefined),
  );
  try {
    return await Promise.race([runHistory(options), late]);
  } finally {
    abort.abort();
  }
}

function historyOf(options: Options, mode: Mode, seed: number): HistoryOptions {
  const minor = options.minor ?? (seed % 2 === 0 ? 2 : 1);
  const steps = options.steps ?? STEPS[mode];
  return { mode, seed, steps, minor, only: options.only, target: options.target };
}

async function report(history: HistoryOptions, result: HistoryResult, options: Options): Promise<void> {
  const { mode, seed, steps, minor } = history;
  console.error(`\ntrunking: seed ${seed} FAILED at step ${result.reached} (${mode}, NFSv4.${minor}):`);
  console.error(result.failure?.name === 'Violation' ? result.failure.message : result.failure);
  console.error(result.trace.join('\n'));
  const again = `npm run test:trunking -- --mode ${mode} --seed ${seed} --steps ${steps} --minor ${minor}`;
  console.error(`again: ${again}`);
  if (mode !== 'engine' || !options.shrink) return;
  const left = await shrink(history, result);
  console.error(`${left.length} of its steps are enough: ${again} --only ${left.join(',')}`);
}

/** True where all histories of this mode held. */
async function runMode(options: Options, mode: Mode): Promise<boolean> {
  const totals: Totals = { histories: 0, requests: 0, replays: 0, steps: 0, callbacks: 0, checks: 0 };
  const met = new Map<string, number>();
  const started = performance.now();
  let [failures, baseline] = [0, 0];
  for (let seed = options.first; seed < options.first + options.seeds; seed++) {
    const history = historyOf(options, mode, seed);
    const result = await bounded(history);
    totals.histories++;
    for (const [name, count] of Object.entries(result.counts)) totals[name as keyof Totals] += count;
    for (const [name, count] of result.met) met.set(name, (met.get(name) ?? 0) + count);
    if (result.failure !== undefined) {
      failures++;
      await report(history, result, options);
    } else if (options.seeds === 1) {
      console.log(result.trace.join('\n'));
    }
    if (totals.histories === WARM_HISTORIES) baseline = await heap();
    else if (totals.histories % HEAP_EVERY === 0 && (await heap()) - baseline > MAX_GROWTH_BYTES) {
      console.error(`trunking: the heap grew by ${Math.round(((await heap()) - baseline) / MIB)} MiB`);
      failures++;
    }
  }
  const seconds = (performance.now() - started) / 1000;
  const grown = baseline === 0 ? '' : `, heap grew by ${(((await heap()) - baseline) / MIB).toFixed(1)} MiB`;
  const rate = Math.round(totals.steps / seconds);
  console.log(
    `trunking: ${mode}: ${seconds.toFixed(1)} s, ${rate} steps/s${grown}, ${failures} failed`,
    totals,
  );
  console.log(`  ${[...met].map(([name, count]) => `${name} ${count}`).join(', ')}`);
  return failures === 0;
}

async function main(): Promise<number> {
  let options: Options | undefined;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${HELP}`);
    return 2;
  }
  if (options === undefined) {
    console.log(HELP);
    return 0;
  }
  let held = true;
  for (const mode of options.modes) held = (await runMode(options, mode)) && held;
  return held ? 0 : 1;
}

process.exit(await main());
