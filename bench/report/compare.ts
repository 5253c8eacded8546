import type { Sample } from '../load.ts';
import type { Measured } from '../measure.ts';
import type { Row } from '../rows.ts';

/** dfs against one other server in one row. Every ratio is above 1 where dfs is better. */
export interface Comparison {
  readonly row: Row;
  readonly dfs: Measured;
  readonly other: Measured | undefined;
  readonly rate: number | undefined;
  readonly cpu: number | undefined;
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  readonly p999: number | undefined;
}

const transfers = (row: Row): boolean => row.transferAim !== undefined;

/** CPU of a row: microseconds for an operation, or, of large transfers, seconds for a GiB. */
export function cpuOf(row: Row, sample: Sample): number {
  return transfers(row) ? sample.cpuPerGib : sample.cpuMicros;
}

export function compare(
  measured: readonly Measured[],
  mine: string,
  other: string | undefined,
): Comparison[] {
  return measured
    .filter((m) => m.server === mine)
    .map((dfs) => {
      const { row } = dfs;
      const peer = measured.find((m) => m.server === other && m.row === row);
      const ratio = (ours: number, theirs: number | undefined): number | undefined =>
        theirs === undefined || ours === 0 ? undefined : theirs / ours;
      return {
        row,
        dfs,
        other: peer,
        rate: peer === undefined ? undefined : dfs.median.opsPerSecond / peer.median.opsPerSecond,
        cpu: ratio(cpuOf(row, dfs.median), peer === undefined ? undefined : cpuOf(row, peer.median)),
        p50: ratio(dfs.median.p50, peer?.median.p50),
        p99: ratio(dfs.median.p99, peer?.median.p99),
        p999: ratio(dfs.median.p999, peer?.median.p999),
      };
    });
}

/** Of the batches that the disk could take one after another, how many it was given; undefined where the row waits for none. */
export function diskShare({ dfs: { median } }: Comparison): number | undefined {
  return median.syncsPerSecond > 0 ? median.batchesPerSecond / median.syncsPerSecond : undefined;
}

/** Is the row as good as the project wants it? Undefined where nothing is asked or nothing is there to compare with. */
export function reached({ row, rate, cpu }: Comparison): boolean | undefined {
  if (rate === undefined || cpu === undefined) return undefined;
  if (row.transferAim !== undefined) return rate >= row.transferAim.rate && cpu >= 1 / row.transferAim.cpu;
  return row.aim === undefined ? undefined : rate >= row.aim && cpu >= row.aim;
}
