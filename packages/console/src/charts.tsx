import type { History, Vitals } from '@dfs/api';
import { Chart, type Curve } from './chart.tsx';
import { bytes, count, duration, percent, rate } from './format.ts';

/** What one chart shows of an answer about the last hour. */
interface Spec<Past> {
  readonly title: string;
  readonly show: (value: number) => string;
  readonly curves: readonly {
    readonly label: string;
    readonly colour: Curve['colour'];
    readonly of: keyof Past;
  }[];
  readonly isBinary?: boolean;
  readonly most?: (past: Past) => number | undefined;
}

type Past = { readonly times: readonly number[] };

/** Charts of one answer, below one another. */
export function Charts<P extends Past>({ past, specs }: { past: P; specs: readonly Spec<P>[] }) {
  return (
    <>
      {specs.map(({ title, show, curves, isBinary, most }) => (
        <Chart
          key={title}
          title={title}
          times={past.times}
          show={show}
          isBinary={isBinary}
          most={most?.(past)}
          curves={curves.map(({ label, colour, of }) => ({
            label,
            colour,
            values: past[of] as Curve['values'],
          }))}
        />
      ))}
    </>
  );
}

export const TRAFFIC: readonly Spec<History>[] = [
  {
    title: 'Throughput',
    show: rate,
    isBinary: true,
    curves: [
      { label: 'received', colour: 'both', of: 'bytes_in' },
      { label: 'sent', colour: 'fore', of: 'bytes_out' },
    ],
  },
  {
    title: 'Operations a second',
    show: count,
    curves: [{ label: 'operations', colour: 'both', of: 'operations' }],
  },
];

export const REQUEST_TIMES: readonly Spec<History>[] = [
  {
    title: 'Time that requests take',
    show: duration,
    curves: [
      { label: 'half within', colour: 'both', of: 'p50' },
      { label: '95 % within', colour: 'fore', of: 'p95' },
      { label: '99 % within', colour: 'warn', of: 'p99' },
    ],
  },
];

export const COMMITS: readonly Spec<Vitals>[] = [
  {
    title: 'Time that commits take',
    show: duration,
    curves: [
      { label: 'half within', colour: 'both', of: 'commit_p50' },
      { label: '99 % within', colour: 'warn', of: 'commit_p99' },
    ],
  },
  { title: 'Commits a second', show: count, curves: [{ label: 'commits', colour: 'both', of: 'commits' }] },
];

export const PROCESS: readonly Spec<Vitals>[] = [
  {
    title: 'Free on the disk',
    show: bytes,
    isBinary: true,
    curves: [{ label: 'free', colour: 'both', of: 'disk_free' }],
    most: ({ disk }) => disk?.total_bytes,
  },
  {
    title: 'Memory',
    show: bytes,
    isBinary: true,
    curves: [{ label: 'resident', colour: 'both', of: 'memory' }],
  },
  { title: 'Processor', show: percent, curves: [{ label: 'of one core', colour: 'both', of: 'cpu' }] },
  {
    title: 'Slowest turn of the event loop',
    show: duration,
    curves: [{ label: 'late by', colour: 'warn', of: 'loop_lag' }],
  },
];
