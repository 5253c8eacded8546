/** Everything that bounds what `dfsctl top` keeps and draws. */
export const TOP_LIMITS = {
  /** Rates kept of each row, one for each sample: what a sparkline can show. */
  history: 60,
  /** Connections up to which everything is unfolded at first. */
  unfolded: 40,
  /** A terminal smaller than this is asked to grow. */
  minColumns: 40,
  minRows: 10,
  /** Columns beyond this are left empty: no screen is as wide. */
  maxColumns: 400,
  maxRows: 400,
  /** Seconds between two samples. */
  minInterval: 0.2,
  maxInterval: 60,
} as const;
