/**
 * `npm run bench:guard`: counts what each kind of request allocates and how often it calls the system, and fails where that is a fifth more than
 * what is on record in baseline.json. Nothing is timed. `--update` writes the record.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Durability } from '../../packages/storage/src/index.ts';
import { World } from '../engine/world.ts';
import { type Counts, count, watchFiles } from './count.ts';
import { rows } from './rows.ts';

const BASELINE = fileURLToPath(new URL('baseline.json', import.meta.url));
/** How many changes share a commit depends on the disk: they are counted without one, transfers of data with, and what goes to the journal as well. */
const WORLDS: readonly {
  readonly suffix: string;
  readonly where: 'memory' | 'disk';
  readonly durability?: Durability;
  readonly counts: RegExp;
}[] = [
  { suffix: '', where: 'memory', counts: /^(?!read-|write-)/ },
  { suffix: '', where: 'disk', counts: /^(read|write)-/ },
  { suffix: ' journaled', where: 'disk', durability: 'power', counts: /^(getattr|open-close|lock)$/ },
];
const WORSE = 1.2;
/** What one row may differ by without that meaning anything. */
const SLACK: Counts = { heapBytes: 48, bufferBytes: 128, callsPerBatch: 0.05 };
/** A nursery that a round does not fill; and no optimizing compiler, which spares this or that allocation as its timing has it. */
const NODE_FLAGS = [
  '--expose-gc',
  '--min-semi-space-size=64',
  '--max-semi-space-size=64',
  '--no-opt',
  '--no-maglev',
];

const KINDS: readonly (keyof Counts)[] = ['heapBytes', 'bufferBytes', 'callsPerBatch'];

type Record_ = Readonly<Record<string, Counts>>;

async function measure(only: readonly string[]): Promise<Record_> {
  watchFiles();
  const found: Record<string, Counts> = {};
  for (const { suffix, where, durability, counts } of WORLDS) {
    const world = await World.start(where, durability);
    try {
      const wire = world.wire();
      for (const [row, batch] of await rows(world, wire)) {
        const name = `${row}${suffix}`;
        if (counts.test(row) && (only.length === 0 || only.includes(name)))
          found[name] = await count(wire, batch);
      }
    } finally {
      await world.stop();
    }
  }
  return found;
}

function judge(found: Record_, known: Record_): boolean {
  let good = true;
  for (const [name, counts] of Object.entries(found)) {
    const was = known[name];
    const parts = KINDS.map((kind) => {
      const [now, before] = [counts[kind], was?.[kind]];
      if (before === undefined) return `${kind} ${now}`;
      const worse = now > before * WORSE + SLACK[kind];
      if (worse) good = false;
      return `${kind} ${now} (${before})${worse ? ' WORSE' : ''}`;
    });
    console.log(`${name.padEnd(20)} ${parts.join(', ')}`);
  }
  return good;
}

async function main(args: readonly string[]): Promise<number> {
  if (globalThis.gc === undefined) {
    const script = fileURLToPath(import.meta.url);
    return spawnSync(process.execPath, [...NODE_FLAGS, script, ...args], { stdio: 'inherit' }).status ?? 1;
  }
  const update = args.includes('--update');
  const found = await measure(args.filter((arg) => !arg.startsWith('--')));
  if (update) {
    writeFileSync(BASELINE, `${JSON.stringify(found, undefined, 2)}\n`);
    judge(found, found);
    return 0;
  }
  const good = judge(found, JSON.parse(readFileSync(BASELINE, 'utf8')) as Record_);
  if (good) console.log('guard: nothing is worse');
  else console.log('guard: worse than on record; if that is meant: npm run bench:guard -- --update');
  return good ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
