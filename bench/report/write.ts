import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CONNECTIONS } from '../load.ts';
import type { Machine } from '../machine.ts';
import { type Measured, median } from '../measure.ts';
import type { Options } from '../options.ts';
import type { Server } from '../servers/server.ts';
import { ratioChart } from './chart.ts';
import { type Comparison, compare, reached } from './compare.ts';
import { comparisonTable, diskTable, memoryTable } from './table.ts';

export interface Run {
  readonly machine: Machine;
  readonly options: Options;
  readonly measured: readonly Measured[];
  readonly dfs: Server;
  readonly peer: Server;
}

function verdict(comparisons: readonly Comparison[]): string {
  const asked = comparisons.filter((c) => reached(c) !== undefined);
  const missed = asked.filter((c) => reached(c) === false).map((c) => c.row.name);
  const slower = comparisons.filter((c) => c.p99 !== undefined && c.p99 < 1).map((c) => c.row.name);
  return [
    `${asked.length - missed.length} of ${asked.length} rows reach what the project aims at${missed.length === 0 ? '' : `; not yet: ${missed.join(', ')}`}.`,
    `p99 latency is ${slower.length === 0 ? 'better in every row' : `worse than the peer's in: ${slower.join(', ')}`}.`,
  ].join(' ');
}

/** What else was at work tells in operations a second and in latencies more than in CPU. */
function business({ cpus, loadAverage }: Machine): string {
  if (loadAverage <= cpus) return '';
  return `The machine was not quiet: ${loadAverage} processes wanted its ${cpus} CPUs in the minute before. What those took is missing in operations a second
and shows in the higher percentiles, of both servers; CPU for an operation is the figure to go by.

`;
}

function page(run: Run, comparisons: readonly Comparison[]): string {
  const { machine, options, dfs, peer, measured } = run;
  const other = median(measured.map((m) => m.median.otherCores));
  return `# Benchmarks

Written by \`npm run bench\`: not edited by hand. ${dfs.version} and ${peer.version}, on the same disk, driven in turn by
[bench/nfsload](../bench/nfsload/README.md) over one NFSv4.1 session of ${CONNECTIONS} connections, 32 requests in flight (16 of 1 MiB).
Medians of ${options.rounds} interleaved rounds of ${options.seconds} s.

${machine.cpus} CPUs (${machine.cpu}), ${machine.memoryGib} GiB, Linux ${machine.kernel}, ${machine.fileSystem}, Node ${machine.node.slice(1)}. The disk answers
${machine.syncsPerSecond.toLocaleString('en-US')} fdatasync calls a second. Everything else on the machine, but for the load generator, kept ${other.toFixed(2)} of its CPUs busy.

${business(machine)}${verdict(comparisons)}

![Times better than the peer, row by row](images/benchmarks.svg)

${comparisonTable(comparisons, 'dfs', 'Ganesha')}

- Ratios are above 1 where dfs is better. CPU is user and system time of the server's process, all its threads, for an operation.
- **grade** is what an answered change survives: \`power\`, a loss of power; \`crash\`, the end of the server's process. In brackets, the
  peer's, where it is another: Ganesha leaves metadata to the kernel's page cache, and syncs what is written as FILE_SYNC.
- \`readdir\` is a listing of 1,000 entries with all attributes; \`mixed\` is described with the load generator.

## What waits for the disk

Rows of grade \`power\`. A batch is brought to the disk with all operations that wait for one at that moment. The last column holds the batches against the
fdatasync calls that the same disk answers just after, one after another, each behind as many bytes as a batch has at the end of a file: what of its rate the row uses.

${diskTable(comparisons)}

## Memory and CPUs

${memoryTable(comparisons, 'dfs', 'Ganesha')}

Figures of every round: [benchmarks/loopback.json](benchmarks/loopback.json).
`;
}

/** Writes the page, the figures and the chart. */
export async function writeReport(root: string, run: Run): Promise<void> {
  const { machine, options, measured, dfs, peer } = run;
  const docs = join(root, 'docs');
  const comparisons = compare(measured, dfs.name, peer.name);
  await mkdir(join(docs, 'benchmarks'), { recursive: true });
  await mkdir(join(docs, 'images'), { recursive: true });
  const { rounds, seconds } = options;
  const figures = { machine, rounds, seconds, dfs: dfs.version, peer: peer.version, rows: measured };
  await writeFile(join(docs, 'benchmarks/loopback.json'), `${JSON.stringify(figures, rounded, 1)}\n`);
  await writeFile(join(docs, 'images/benchmarks.svg'), ratioChart(comparisons, 'NFS-Ganesha (VFS)'));
  await writeFile(join(docs, 'benchmarks.md'), page(run, comparisons));
}

const DIGITS = 5;

/** Digits beyond what can be measured make the file long and its changes hard to read. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(DIGITS)) : value;
}
