import { drive, type Sample } from './load.ts';
import type { Options } from './options.ts';
import type { Row } from './rows.ts';
import type { Server } from './servers/server.ts';

/** One row on one server: the medians of its rounds, and the rounds. */
export interface Measured {
  readonly server: string;
  readonly row: Row;
  readonly grade: string | undefined;
  readonly median: Sample;
  readonly samples: readonly Sample[];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function medianSample(samples: readonly Sample[]): Sample {
  const of = (pick: (sample: Sample) => number) => median(samples.map(pick));
  return {
    opsPerSecond: of((s) => s.opsPerSecond),
    mbPerSecond: of((s) => s.mbPerSecond),
    entriesPerSecond: of((s) => s.entriesPerSecond),
    p50: of((s) => s.p50),
    p99: of((s) => s.p99),
    p999: of((s) => s.p999),
    cpuMicros: of((s) => s.cpuMicros),
    cpuPerGib: of((s) => s.cpuPerGib),
    cores: of((s) => s.cores),
    rssMib: of((s) => s.rssMib),
    otherCores: of((s) => s.otherCores),
    batchesPerSecond: of((s) => s.batchesPerSecond),
    batchBytes: of((s) => s.batchBytes),
    syncsPerSecond: of((s) => s.syncsPerSecond),
  };
}

/** Peers give one grade: the rows that differ by dfs' grade alone are measured on them once. */
function keyOf(server: Server, row: Row): string {
  return `${server.name} ${row.workload} ${row.args.join(' ')} ${server.gradeOf(row)}`;
}

/**
 * Drives all rows on all servers, round by round and row by row in turn, so that what else the machine does meets all of them alike.
 */
export async function measure(
  servers: readonly Server[],
  rows: readonly Row[],
  options: Options,
  folder: string,
  progress: (text: string) => void,
): Promise<Measured[]> {
  const samples = new Map<string, Sample[]>();
  for (let round = 1; round <= options.rounds; round++) {
    for (const row of rows) {
      // Whoever comes first one time comes last the next.
      const order = round % 2 === 1 ? servers : [...servers].reverse();
      for (const server of order) {
        const key = keyOf(server, row);
        const known = samples.get(key) ?? [];
        if (!server.serves(row) || known.length >= round) continue;
        progress(`round ${round} of ${options.rounds}: ${row.name}, ${server.name}`);
        known.push(await drive(server, row, options, folder));
        samples.set(key, known);
      }
    }
  }
  return rows.flatMap((row) =>
    servers.flatMap((server) => {
      const found = samples.get(keyOf(server, row));
      if (found === undefined || !server.serves(row)) return [];
      const measured = { server: server.name, row, grade: server.gradeOf(row), samples: found };
      return [{ ...measured, median: medianSample(found) }];
    }),
  );
}
