import { execFileSync, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { probeSyncs } from './machine.ts';
import type { Options } from './options.ts';
import type { Row } from './rows.ts';
import { type Brought, EXPORT, type Server } from './servers/server.ts';

const FOLDER = fileURLToPath(new URL('nfsload/', import.meta.url));
export const CONNECTIONS = 4;
const SPARE_SECONDS = 45;
/** For a look at the disk behind a row, and before that, so that it has done what it has to do for the row. */
const PROBE_MS = 150;
const CALM_MS = 300;
/** Where within a row batches are counted: behind what the load generator has to prepare, and before its end. */
const [FROM, TO] = [0.6, 0.95];

/** What one round of one row on one server came to. */
export interface Sample {
  readonly opsPerSecond: number;
  readonly mbPerSecond: number;
  readonly entriesPerSecond: number;
  /** Microseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly cpuMicros: number;
  /** Seconds of CPU for a GiB moved; 0 where nothing is moved. */
  readonly cpuPerGib: number;
  readonly cores: number;
  readonly rssMib: number;
  readonly otherCores: number;
  /** Of a row of grade power: batches that came to the disk in a second, and how many of as many bytes that does one after another. */
  readonly batchesPerSecond: number;
  readonly batchBytes: number;
  readonly syncsPerSecond: number;
}

interface Report {
  readonly ok: boolean;
  readonly ops_per_s: number;
  readonly mb_per_s: number;
  readonly entries_per_s: number;
  readonly latency_us: { readonly p50: number; readonly p99: number; readonly p999: number };
  readonly server_cpu: {
    readonly us_per_op: number;
    readonly s_per_gib?: number;
    readonly cores: number;
    readonly rss_kib: number;
  };
  readonly machine: { readonly other_cores: number };
}

/** Builds the load generator where need be. Throws where there is no C compiler. */
export function buildLoad(): void {
  execFileSync('make', ['-s', '-C', FOLDER, 'nfsload'], { stdio: ['ignore', 'inherit', 'inherit'] });
}

function run(args: readonly string[]): Promise<{ status: number | null; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(`${FOLDER}nfsload`, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', (text) => {
      out += text;
    });
    child.stderr.on('data', (text) => {
      err += text;
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, out, err }));
  });
}

interface Batches {
  readonly perSecond: number;
  readonly bytes: number;
}

/** Of a stretch that lies within the measured time. */
async function batchesOf(brought: () => Promise<Brought>, { seconds, warmup }: Options): Promise<Batches> {
  const count = async () => ({ at: performance.now(), ...(await brought()) });
  const ms = 1000 * (warmup + seconds);
  await sleep(FROM * ms);
  const from = await count();
  await sleep((TO - FROM) * ms);
  const to = await count();
  const batches = to.batches - from.batches;
  return { perSecond: (1000 * batches) / (to.at - from.at), bytes: (to.bytes - from.bytes) / batches };
}

/** How many such batches the disk can do in a second. */
async function syncsOf(batches: Batches, folder: string): Promise<number> {
  if (!(batches.perSecond > 0)) return 0;
  await sleep(CALM_MS);
  return probeSyncs(folder, PROBE_MS, batches.bytes);
}

/** Drives one row on one server. Throws where the load had an error: figures of a server that answers wrongly are worth nothing. */
export async function drive(server: Server, row: Row, options: Options, folder: string): Promise<Sample> {
  const counting =
    row.grade === 'power' && server.brought !== undefined
      ? batchesOf(server.brought.bind(server), options)
      : undefined;
  const limit = options.seconds + options.warmup + SPARE_SECONDS;
  const { status, out, err } = await run([
    ...['--port', String(server.port), '--export', EXPORT],
    ...['--connections', String(CONNECTIONS), '--inflight', String(row.inflight)],
    ...['--seconds', String(options.seconds), '--warmup', String(options.warmup)],
    ...['--max-time', String(Math.ceil(limit)), '--server-pid', String(server.pid)],
    ...['--workload', row.workload, ...row.args, '--quiet', '--json', '-'],
  ]);
  if (status !== 0)
    throw new Error(`${server.name}, ${row.name}: nfsload ended with ${status}\n${err}${out}`);
  const report = JSON.parse(out) as Report;
  const batches = (await counting) ?? { perSecond: 0, bytes: 0 };
  return {
    opsPerSecond: report.ops_per_s,
    mbPerSecond: report.mb_per_s,
    entriesPerSecond: report.entries_per_s,
    p50: report.latency_us.p50,
    p99: report.latency_us.p99,
    p999: report.latency_us.p999,
    cpuMicros: report.server_cpu.us_per_op,
    cpuPerGib: report.server_cpu.s_per_gib ?? 0,
    cores: report.server_cpu.cores,
    rssMib: report.server_cpu.rss_kib / 1024,
    otherCores: report.machine.other_cores,
    batchesPerSecond: batches.perSecond,
    batchBytes: batches.bytes,
    syncsPerSecond: await syncsOf(batches, folder),
  };
}
