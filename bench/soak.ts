/**
 * `npm run bench:soak`: dfs under mixed load for `--minutes` (30), its memory looked at between the loads. Fails where that grows from the second
 * quarter of the time to the last by more than a bound, or is above the budget at any time.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildLoad, drive } from './load.ts';
import { median } from './measure.ts';
import { chooseRows, type Row } from './rows.ts';
import { type DfsServer, metricsOf, startGrade } from './servers/dfs.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LOADS = ['mixed', 'read-1M', 'write-1M', 'create-remove', 'readdir', 'open-close'];
const LOAD_SECONDS = 10;
const BUDGET_MIB = 768;
const GROWTH_MIB = 64;
const MIB = 1024 * 1024;

/** Kinds of memory as `dfs_memory_bytes` has them. */
const KINDS = ['own', 'mapped', 'heap', 'buffers'] as const;

type Sample = { readonly minute: number; readonly rssMib: number } & Readonly<
  Record<(typeof KINDS)[number], number>
>;

async function sampleOf(server: DfsServer, minute: number): Promise<Sample> {
  const text = await metricsOf(server.data);
  const mib = (kind: string) =>
    Math.round(Number(new RegExp(`^dfs_memory_bytes\\{kind="${kind}"\\} (\\S+)`, 'm').exec(text)?.[1]) / MIB);
  const [own, mapped] = [mib('own'), mib('mapped')];
  return { minute, rssMib: own + mapped, own, mapped, heap: mib('heap'), buffers: mib('buffers') };
}

function judge(samples: readonly Sample[]): string[] {
  const quarter = (n: number) =>
    samples.slice(Math.floor((samples.length * n) / 4), Math.floor((samples.length * (n + 1)) / 4));
  const quarters = Object.fromEntries(
    ['rssMib' as const, ...KINDS].map((kind) => {
      const middle = (n: number) => Math.round(median(quarter(n).map((sample) => sample[kind])));
      return [kind, { second: middle(1), last: middle(3), most: Math.max(...samples.map((s) => s[kind])) }];
    }),
  ) as Record<'rssMib' | (typeof KINDS)[number], { second: number; last: number; most: number }>;
  console.table(quarters);
  const { own, rssMib } = quarters;
  const complaints: string[] = [];
  // What is mapped grows with the files that were ever there, and is the host's to take back.
  if (own.last - own.second > GROWTH_MIB) complaints.push(`grew by ${own.last - own.second} MiB`);
  if (rssMib.most > BUDGET_MIB) complaints.push(`took ${rssMib.most} MiB, more than ${BUDGET_MIB}`);
  return complaints;
}

async function soak(minutes: number): Promise<Sample[]> {
  buildLoad();
  const folder = await mkdtemp(join(tmpdir(), 'dfs-soak-'));
  const server = await startGrade('dfs', ROOT, folder, 'power');
  const samples: Sample[] = [];
  const rows = LOADS.map((name) => chooseRows([name]).find((row) => row.name === name)).filter(
    (row): row is Row => row !== undefined,
  );
  const options = { rounds: 1, seconds: LOAD_SECONDS, warmup: 0.1, rows: [], peer: false, write: false };
  const start = Date.now();
  try {
    for (let turn = 0; Date.now() - start < minutes * 60_000; turn++) {
      const row = rows[turn % rows.length]!;
      await drive(server, row, { ...options, against: undefined, folder: undefined }, folder);
      const minute = Math.round((Date.now() - start) / 6000) / 10;
      const sample = await sampleOf(server, minute);
      samples.push(sample);
      const kinds = KINDS.map((kind) => `${kind} ${sample[kind]}`).join(', ');
      console.log(`${minute.toFixed(1)} min, after ${row.name}: ${sample.rssMib} MiB (${kinds})`);
    }
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
  return samples;
}

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '30' }, write: { type: 'boolean', default: false } },
});
const samples = await soak(Number(values.minutes));
const complaints = judge(samples);
if (values.write) {
  mkdirSync(join(ROOT, 'docs/benchmarks'), { recursive: true });
  writeFileSync(join(ROOT, 'docs/benchmarks/soak.json'), `${JSON.stringify(samples)}\n`);
}
for (const complaint of complaints) console.error(`soak: ${complaint}`);
process.exitCode = complaints.length === 0 ? 0 : 1;
