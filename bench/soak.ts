/**
 * `npm run bench:soak`: dfs under mixed load for `--minutes` (30), its memory looked at between the loads. Fails where that grows from the second
 * quarter of the time to the last by more than a bound, or is above the budget at any time.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildLoad, drive } from './load.ts';
import { median } from './measure.ts';
import { chooseRows, type Row } from './rows.ts';
import { startGrade } from './servers/dfs.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LOADS = ['mixed', 'read-1M', 'write-1M', 'create-remove', 'readdir', 'open-close'];
const LOAD_SECONDS = 10;
const BUDGET_MIB = 768;
const GROWTH_MIB = 64;
const KIB_PER_MIB = 1024;

interface Sample {
  readonly minute: number;
  readonly rssMib: number;
}

function rssOf(pid: number): number {
  const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found?.[1] ?? 0) / KIB_PER_MIB;
}

function judge(samples: readonly Sample[]): string[] {
  const quarter = (n: number) =>
    samples.slice(Math.floor((samples.length * n) / 4), Math.floor((samples.length * (n + 1)) / 4));
  const middle = (part: readonly Sample[]) => median(part.map(({ rssMib }) => rssMib));
  const [second, last] = [middle(quarter(1)), middle(quarter(3))];
  const most = Math.max(...samples.map(({ rssMib }) => rssMib));
  console.log(
    `second quarter ${Math.round(second)} MiB, last ${Math.round(last)} MiB, most ${Math.round(most)} MiB`,
  );
  const complaints: string[] = [];
  if (last - second > GROWTH_MIB) complaints.push(`grew by ${Math.round(last - second)} MiB`);
  if (most > BUDGET_MIB) complaints.push(`took ${Math.round(most)} MiB, more than ${BUDGET_MIB}`);
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
      await drive(server, row, { ...options, against: undefined, folder: undefined });
      const minute = Math.round((Date.now() - start) / 6000) / 10;
      samples.push({ minute, rssMib: Math.round(rssOf(server.pid)) });
      console.log(`${minute.toFixed(1)} min, after ${row.name}: ${samples.at(-1)!.rssMib} MiB`);
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
