import type { Measured } from '../measure.ts';
import { type Comparison, cpuOf, diskShare, reached } from './compare.ts';

const KIB = 1024;

/** Three significant digits, with thousands set apart. */
export function figure(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en-US');
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

const times = (value: number | undefined): string => (value === undefined ? '-' : `${figure(value)}×`);

function rate({ row, median }: Measured): string {
  if (row.transferAim !== undefined) return `${figure(median.mbPerSecond)} MB/s`;
  if (row.workload === 'readdir') return `${figure(median.entriesPerSecond)} entries`;
  return figure(median.opsPerSecond);
}

function cpu(measured: Measured): string {
  const value = figure(cpuOf(measured.row, measured.median));
  return measured.row.transferAim === undefined ? value : `${value} s/GiB`;
}

const latency = ({ median }: Measured): string =>
  `${figure(median.p50)} / ${figure(median.p99)} / ${figure(median.p999)}`;

function aim({ row }: Comparison): string {
  if (row.transferAim !== undefined)
    return `${row.transferAim.rate}×, CPU ${(1 / row.transferAim.cpu).toFixed(2)}×`;
  return row.aim === undefined ? '' : `${row.aim}×`;
}

function met(comparison: Comparison): string {
  const is = reached(comparison);
  return is === undefined ? '' : is ? 'yes' : 'no';
}

/** Rows of a table in Markdown, the first of them its head. */
export function padded(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((cells) => cells[i]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`;
  const rule = `|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(rows[0]!), rule, ...rows.slice(1).map(line)].join('\n');
}

/** The figures of two servers, row by row, as a table in Markdown. */
export function comparisonTable(comparisons: readonly Comparison[], mine: string, other: string): string {
  const head = [
    ...['row', 'grade', `${mine} ops/s`, other, 'ratio'],
    ...[`${mine} CPU µs`, other, 'ratio', `p50 / p99 / p99.9 µs, ${mine}`, other, 'p99 ratio', 'aim', 'met'],
  ];
  const rows = comparisons.map((c) => [
    c.row.name,
    grades(c),
    rate(c.dfs),
    c.other === undefined ? '-' : rate(c.other),
    times(c.rate),
    cpu(c.dfs),
    c.other === undefined ? '-' : cpu(c.other),
    times(c.cpu),
    latency(c.dfs),
    c.other === undefined ? '-' : latency(c.other),
    times(c.p99),
    aim(c),
    met(c),
  ]);
  return padded([head, ...rows]);
}

function grades({ dfs, other }: Comparison): string {
  if (dfs.grade === undefined) return '-';
  if (other?.grade === undefined || other.grade === dfs.grade) return dfs.grade;
  return `${dfs.grade} (${other.grade})`;
}

/** Rows that wait for the disk: how much of what it can do they use. */
export function diskTable(comparisons: readonly Comparison[]): string {
  const rows = comparisons.flatMap((c) => {
    const share = diskShare(c);
    if (share === undefined) return [];
    const { opsPerSecond, batchesPerSecond, batchBytes, syncsPerSecond } = c.dfs.median;
    const each = batchesPerSecond > 0 ? figure(opsPerSecond / batchesPerSecond) : '-';
    const [ops, batches, syncs] = [opsPerSecond, batchesPerSecond, syncsPerSecond].map(figure);
    return [[c.row.name, ops!, batches!, each, figure(batchBytes / KIB), syncs!, share.toFixed(2)]];
  });
  return padded([
    [
      'row',
      'operations/s',
      'batches/s',
      'operations in a batch',
      'KiB in a batch',
      'fdatasync/s',
      'batches for each',
    ],
    ...rows,
  ]);
}

/** Resident memory at the end of each row. */
export function memoryTable(comparisons: readonly Comparison[], mine: string, other: string): string {
  const rows = comparisons.map((c) => [
    c.row.name,
    figure(c.dfs.median.rssMib),
    c.other === undefined ? '-' : figure(c.other.median.rssMib),
    c.dfs.median.cores.toFixed(2),
    c.other === undefined ? '-' : c.other.median.cores.toFixed(2),
  ]);
  return padded([['row', `${mine} MiB`, other, `${mine} cores busy`, other], ...rows]);
}
