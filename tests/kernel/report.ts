import type { Combination } from './options.ts';
import type { CaptureReport } from './rig/capture.ts';

export type Result = {
  readonly name: string;
  readonly status: 'ok' | 'skip' | 'fail';
  readonly seconds: number;
  readonly note: string;
  /** The longest that a call of it, or a GETATTR beside it, took, less the time in which the machine had no CPU; seconds. */
  readonly stall: number;
};

export type CombinationReport = {
  readonly combination: Combination;
  readonly results: readonly Result[];
  /** What the last lines of a failed workload were, by its name. */
  readonly logs: Readonly<Record<string, readonly string[]>>;
  /** What workloads want to be in the report, beyond the line of their result, by their names. */
  readonly reports: Readonly<Record<string, readonly string[]>>;
  /** GETATTRs sent beside the workloads, and the slowest as it was measured. */
  readonly probes: { readonly count: number; readonly slowest: number };
  readonly capture: CaptureReport | undefined;
  readonly seconds: number;
};

export type Report = {
  readonly server: string;
  readonly kernel: string;
  readonly profile: 'ci' | 'full';
  readonly seed: number;
  readonly tools: Readonly<Record<string, string>>;
  readonly combinations: readonly CombinationReport[];
  /** For how long in all the host had no CPU for a process that only wants to tick, and the longest of it; seconds. */
  readonly hostStarved: { readonly total: number; readonly longest: number };
  /** What failed outside of any workload, such as the way the server stopped. */
  readonly failures: readonly string[];
  readonly seconds: number;
};

export const label = ({ vers, nconnect, steered }: Combination): string =>
  steered ? `${vers} op` : `${vers} x${nconnect}`;
/** For names of files. */
export const slug = ({ vers, nconnect, steered }: Combination): string =>
  steered ? `${vers}-steered` : `${vers}-${nconnect}`;

const milliseconds = (seconds: number): string => `${Math.round(seconds * 1000)} ms`;

/** One line for a result, as it comes in. */
export function resultLine(combination: Combination, result: Result): string {
  const word = result.status === 'fail' ? 'FAIL' : result.status;
  const seconds = result.status === 'ok' ? ` ${result.seconds.toFixed(2)}` : '';
  const stall = result.stall > 0.1 ? ` [waited ${milliseconds(result.stall)}]` : '';
  return `${label(combination).padEnd(8)}${word.padEnd(5)}${result.name}${seconds} ${result.note}${stall}`;
}

function cell(result: Result | undefined): string {
  if (result === undefined) return '-';
  switch (result.status) {
    case 'ok':
      return result.seconds.toFixed(1);
    case 'skip':
      return 'skip';
    case 'fail':
      return 'FAIL';
  }
}

function columns(rows: ReadonlyArray<readonly string[]>): string[] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [i, text] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, text.length);
  return rows.map((row) =>
    row.map((text, i) => (i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0))).join('  '),
  );
}

function table(combinations: readonly CombinationReport[]): string[] {
  const names = new Set(combinations.flatMap(({ results }) => results.map(({ name }) => name)));
  const rows: string[][] = [['seconds', ...combinations.map(({ combination }) => label(combination))]];
  for (const name of names) {
    const row = combinations.map(({ results }) => cell(results.find((result) => result.name === name)));
    rows.push([name, ...row]);
  }
  const stalls = combinations.map(({ results }) => Math.max(0, ...results.map(({ stall }) => stall)));
  rows.push(['longest wait', ...stalls.map(milliseconds)]);
  const slowest = combinations.map(({ capture }) =>
    capture === undefined ? '-' : milliseconds(capture.slowest),
  );
  rows.push(['slowest reply on the wire', ...slowest]);
  rows.push(['calls decoded', ...combinations.map(({ capture }) => `${capture?.calls ?? '-'}`)]);
  rows.push(['malformed', ...combinations.map(({ capture }) => `${capture?.malformed ?? '-'}`)]);
  rows.push(['all of it', ...combinations.map(({ seconds }) => seconds.toFixed(0))]);
  return columns(rows);
}

/** Everything that failed, a line each. */
export function failures(report: Report): string[] {
  const found = [...report.failures];
  for (const { combination, results, logs } of report.combinations) {
    for (const { name, status, note } of results) {
      if (status !== 'fail') continue;
      found.push(
        `${label(combination)} ${name}: ${note}`,
        ...(logs[name] ?? []).map((line) => `    ${line}`),
      );
    }
  }
  return found;
}

/** What workloads have said of themselves. */
function said(combinations: readonly CombinationReport[]): string[] {
  return combinations.flatMap(({ combination, reports }) =>
    Object.entries(reports).flatMap(([name, lines]) => ['', `${label(combination)} ${name}:`, ...lines]),
  );
}

/** The report as text for a terminal or a log. */
export function summary(report: Report): string {
  const failed = failures(report);
  const heading = `${report.server}, Linux ${report.kernel}, ${report.profile} profile, seed ${report.seed}`;
  const verdict = failed.length === 0 ? 'all well' : 'FAILED';
  return [
    '',
    heading,
    ...table(report.combinations),
    ...said(report.combinations),
    ...(failed.length === 0 ? [] : ['', 'failures:', ...failed]),
    `${verdict}, ${report.seconds.toFixed(0)} s; the host had no CPU for ${report.hostStarved.total.toFixed(1)} s of it, ${milliseconds(report.hostStarved.longest)} at once`,
  ].join('\n');
}
