/**
 * `npm run test:crash`: clients work on a server that is killed, or whose machine loses power, at any moment, over and over; each time all
 * that was acknowledged must be there and nothing may have run twice. See `--help`.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bounded } from '../../packages/nfs/test/support/bounded.ts';
import type { Durability } from '../../packages/storage/src/index.ts';
import { ownOptions } from '../support/command-line.ts';
import { buildRecorder, NoRecorder } from './disk/recorder.ts';
import type { HistoryOptions, Tally } from './history.ts';
import { KillHistory } from './kill-history.ts';
import { HELP, type Kind, type Options, readOptions } from './options.ts';
import { PowerHistory } from './power-history.ts';
import { Violation } from './world.ts';

const FAILED = 1;
const LACKING = 3;
const MS = 1000;
/** A history whose rounds take longer than this on the average hangs. */
const ROUND_LIMIT_MS = 120_000;

const say = (line: string) => console.log(`crash: ${line}`);

/** True where it held. */
async function runHistory(kind: Kind, options: HistoryOptions, total: Tally): Promise<boolean> {
  const history = kind === 'kill' ? new KillHistory(options) : new PowerHistory(options);
  try {
    await bounded('the history', ROUND_LIMIT_MS * (options.rounds + 1), () => history.run());
    return true;
  } catch (error) {
    const { seed, rounds, grade } = options;
    console.error(
      `\ncrash: ${kind}, durability ${grade}, seed ${seed}: FAILED in round ${history.tally.rounds}:`,
    );
    console.error(error instanceof Violation ? error.message : error);
    console.error(
      `again: npm run test:crash -- --kind ${kind} --grade ${grade} --seed ${seed} --rounds ${rounds}`,
    );
    console.error(`what it has left: ${options.folder}`);
    return false;
  } finally {
    await history.end();
    for (const key of Object.keys(total) as (keyof Tally)[]) total[key] += history.tally[key];
  }
}

/** All rounds of one kind and grade; true where all held. */
async function runAll(
  options: Options,
  kind: Kind,
  grade: Durability,
  folder: string,
  crashes: number,
): Promise<boolean> {
  const total: Tally = { rounds: 0, steps: 0, inFlight: 0, hadRun: 0, lost: 0, starting: 0 };
  const recorder = kind === 'power' ? buildRecorder(folder) : undefined;
  const server = options.server ?? (kind === 'kill' ? 'daemon' : 'bare');
  const began = performance.now();
  let failures = 0;
  let { seed } = options;
  for (let left = crashes; left > 0; seed++) {
    const rounds = Math.min(left, options.each);
    const place = join(folder, `${kind}-${grade}-${seed}`);
    mkdirSync(place, { recursive: true });
    const held = await runHistory(kind, { seed, rounds, grade, server, folder: place, recorder }, total);
    if (held && options.folder === undefined) rmSync(place, { recursive: true, force: true });
    if (!held) failures++;
    left -= rounds;
  }
  const seconds = ((performance.now() - began) / MS).toFixed(1);
  const start = Math.round(total.starting / Math.max(1, total.rounds));
  const parts = [
    `${total.rounds} rounds in ${seconds} s, seeds ${options.seed} to ${seed - 1}`,
    `${total.steps} requests, ${total.inFlight} in flight${kind === 'kill' ? `, ${total.hadRun} of those had run` : ''}`,
    ...(kind === 'power' && grade === 'crash' ? [`${total.lost} taken back`] : []),
    `a start takes ${start} ms`,
  ];
  say(`${kind}, durability ${grade}: ${parts.join('; ')}; ${failures} histories failed`);
  return failures === 0;
}

async function main(): Promise<number> {
  const options = ownOptions(readOptions, HELP);
  if (typeof options === 'number') return options;
  const folder =
    options.folder === undefined ? mkdtempSync(join(tmpdir(), 'dfs-crash-')) : resolve(options.folder);
  mkdirSync(folder, { recursive: true });
  let held = true;
  try {
    for (const kind of options.kinds) {
      let left = options.rounds;
      for (const [at, grade] of options.grades.entries()) {
        const crashes = Math.ceil(left / (options.grades.length - at));
        left -= crashes;
        held = (await runAll(options, kind, grade, folder, crashes)) && held;
      }
    }
  } catch (error) {
    if (!(error instanceof NoRecorder)) throw error;
    console.error(`crash: ${error.message}`);
    return LACKING;
  }
  if (held && options.folder === undefined) rmSync(folder, { recursive: true, force: true });
  return held ? 0 : FAILED;
}

process.exit(await main());
