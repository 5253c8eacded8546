/**
 * `npm run test:trunking`: many clients, sessions and connections, driven by seeds through everything that can happen to them; after each step
 * the invariants of exactly-once and of the operator's view are checked. See `--help`.
 */
import { bounded } from '../../packages/nfs/test/support/bounded.ts';
import { heldBytes } from '../../packages/nfs/test/support/heap.ts';
import { ownOptions } from '../support/command-line.ts';
import type { Mode } from './backend.ts';
import { type HistoryOptions, type HistoryResult, runHistory } from './history.ts';
import { HELP, type Options, readOptions } from './options.ts';
import { shrink } from './shrink.ts';

const STEPS: Readonly<Record<Mode, number>> = { engine: 200, wire: 60 };
/** Over TCP a history mostly waits; in virtual time each has the process's timers for itself. */
const AT_ONCE: Readonly<Record<Mode, number>> = { engine: 1, wire: 16 };
const MIB = 1024 * 1024;
/** What a run of any length may add to the heap once the first histories have filled the caches. */
const MAX_GROWTH_BYTES = 24 * MIB;
const WARM_HISTORIES = 20;
const HEAP_EVERY = 100;
const PROGRESS_EVERY = 1000;
/** The longest that a history may take: a hundred times what it takes. */
const HISTORY_LIMIT_MS = 60_000;

interface Totals {
  histories: number;
  requests: number;
  replays: number;
  steps: number;
  callbacks: number;
  checks: number;
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

/** What a mode's histories come to. */
class Run {
  readonly #options: Options;
  readonly #mode: Mode;
  readonly #totals: Totals = { histories: 0, requests: 0, replays: 0, steps: 0, callbacks: 0, checks: 0 };
  readonly #met = new Map<string, number>();
  readonly #started = performance.now();
  #next: number;
  #failures = 0;
  #baseline = 0;

  constructor(options: Options, mode: Mode) {
    this.#options = options;
    this.#mode = mode;
    this.#next = options.first;
  }

  /** True where all of them held. */
  async all(): Promise<boolean> {
    await Promise.all(Array.from({ length: AT_ONCE[this.#mode] }, () => this.#some()));
    await this.#summary();
    return this.#failures === 0;
  }

  async #some(): Promise<void> {
    const { first, seeds } = this.#options;
    while (this.#next < first + seeds) await this.#one(this.#next++);
  }

  async #one(seed: number): Promise<void> {
    const history = historyOf(this.#options, this.#mode, seed);
    const result = await bounded(`seed ${seed}, ${this.#mode}`, HISTORY_LIMIT_MS, () => runHistory(history));
    this.#totals.histories++;
    for (const [name, count] of Object.entries(result.counts)) this.#totals[name as keyof Totals] += count;
    for (const [name, count] of result.met) this.#met.set(name, (this.#met.get(name) ?? 0) + count);
    if (result.failure !== undefined) {
      this.#failures++;
      await report(history, result, this.#options);
    } else if (this.#options.seeds === 1) {
      console.log(result.trace.join('\n'));
    }
    if (this.#totals.histories % PROGRESS_EVERY === 0)
      console.log(`trunking: ${this.#mode}: ${this.#totals.histories} histories, ${this.#failures} failed`);
    await this.#checkHeap();
  }

  async #checkHeap(): Promise<void> {
    const { histories } = this.#totals;
    if (histories === WARM_HISTORIES) this.#baseline = await heldBytes();
    if (histories % HEAP_EVERY !== 0 || this.#baseline === 0) return;
    const grown = (await heldBytes()) - this.#baseline;
    if (grown <= MAX_GROWTH_BYTES) return;
    console.error(`trunking: the heap grew by ${Math.round(grown / MIB)} MiB`);
    this.#failures++;
  }

  async #summary(): Promise<void> {
    const seconds = (performance.now() - this.#started) / 1000;
    const grown = ((await heldBytes()) - this.#baseline) / MIB;
    const memory = this.#baseline === 0 ? '' : `, heap grew by ${grown.toFixed(1)} MiB`;
    const rate = Math.round(this.#totals.steps / seconds);
    const totals = Object.entries(this.#totals).map(([name, count]) => `${name} ${count}`);
    console.log(
      `trunking: ${this.#mode}: ${seconds.toFixed(1)} s, ${rate} steps/s${memory}, ${totals.join(', ')}`,
    );
    if (this.#met.size > 0) console.log(`  ${[...this.#met].map(([name, n]) => `${name} ${n}`).join(', ')}`);
    console.log(`trunking: ${this.#mode}: ${this.#failures} failed`);
  }
}

async function main(): Promise<number> {
  const options = ownOptions(readOptions, HELP);
  if (typeof options === 'number') return options;
  let held = true;
  for (const mode of options.modes) held = (await new Run(options, mode).all()) && held;
  return held ? 0 : 1;
}

process.exit(await main());
