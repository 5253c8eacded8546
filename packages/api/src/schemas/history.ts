import { type Static, Type } from 'typebox';
import { Count } from './common.ts';

export const HistoryScope = Type.Union([
  Type.Literal('server'),
  Type.Literal('share'),
  Type.Literal('client'),
  Type.Literal('connection'),
]);
export type HistoryScope = Static<typeof HistoryScope>;

const Values = (description: string) => Type.Array(Type.Union([Type.Number(), Type.Null()]), { description });

export const HistorySeries = Type.Object(
  {
    scope: HistoryScope,
    id: Type.String({ description: '"server", or the id of the share, client or connection' }),
    name: Type.String({ description: 'For people: the path, the address' }),
    live: Type.Boolean({ description: 'False: it is gone, only its history is still here' }),
  },
  { $id: 'HistorySeries' },
);
export type HistorySeries = Static<typeof HistorySeries>;

export const HistoryList = Type.Object(
  {
    series: Type.Array(HistorySeries),
    left_out: Count('Clients and connections without a history, as there were too many at once'),
  },
  { $id: 'HistoryList' },
);
export type HistoryList = Static<typeof HistoryList>;

/** What was in each interval; null where nothing was measured. All arrays are as long as `times`. */
export const History = Type.Object(
  {
    scope: HistoryScope,
    id: Type.String(),
    name: Type.String(),
    interval_seconds: Type.Number(),
    times: Type.Array(Type.Number(), { description: 'Ends of the intervals, seconds since 1970' }),
    operations: Values('Operations a second'),
    bytes_in: Values('Bytes received a second'),
    bytes_out: Values('Bytes sent a second'),
    p50: Values('Seconds that half of the requests took at the most; null where there were none'),
    p95: Values('Seconds that 95 % of the requests took at the most'),
    p99: Values('Seconds that 99 % of the requests took at the most'),
  },
  { $id: 'History' },
);
export type History = Static<typeof History>;

/** How commits to the data directory, the disk and the process have been. */
export const Vitals = Type.Object(
  {
    interval_seconds: Type.Number(),
    times: Type.Array(Type.Number(), { description: 'Ends of the intervals, seconds since 1970' }),
    commits: Values('Commits a second'),
    commit_p50: Values('Seconds that half of the commits took at the most'),
    commit_p99: Values('Seconds that 99 % of the commits took at the most'),
    loop_lag: Values('Seconds by which the slowest timer of the interval was late'),
    cpu: Values("Share of one CPU's time that the process took"),
    memory: Values('Bytes of resident memory'),
    disk_free: Values('Bytes that were free on the disk; null where everything is kept in memory'),
    disk: Type.Union(
      [
        Type.Object({
          path: Type.String(),
          total_bytes: Count('Of the file system that holds the data directory'),
          free_bytes: Count('That this user may still fill'),
        }),
        Type.Null(),
      ],
      { description: 'null where everything is kept in memory' },
    ),
  },
  { $id: 'Vitals' },
);
export type Vitals = Static<typeof Vitals>;
