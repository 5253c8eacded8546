import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Combination, Options } from './options.ts';
import { guestSide, operatorSide } from './options.ts';
import { type CombinationReport, label, type Result, resultLine, slug } from './report.ts';
import { type CaptureReport, examine, startCapture } from './rig/capture.ts';
import { type GuestEnd, runGuest } from './rig/guest.ts';
import type { Kernel } from './rig/kernel.ts';
import { network } from './rig/net.ts';
import { excess, longestStall, type Span, spanOf, type Wait } from './stalls.ts';
import { sizesFor, uncaptured, workloadsOf } from './workloads.ts';

export type Setting = {
  readonly options: Options;
  readonly kernel: Kernel;
  /** The checkout's root. */
  readonly root: string;
  readonly runDir: string;
  readonly fixtures: string;
  readonly exportPath: string;
  /** When the host had no CPU; it grows while the run goes on. */
  readonly hostStarved: readonly Span[];
  readonly abort: AbortSignal;
  readonly say: (line: string) => void;
};

const GUEST_MEMORY_MIB = 2560;
const WORKLOAD_LIMIT_S = 300;
/** A server is started twenty times in one of them. */
const STEERED_FULL_LIMIT_S = 1100;
const GUEST_LIMIT_MS = 1_200_000;
/** "Every one ends without a stall of a second." */
const STALL_LIMIT_S = 1;
const MAX_SPANS = 100_000;
const MAX_LOG_LINES = 60;

/** What the guest's lines add up to; see guest/suite.sh for them. */
class Progress {
  readonly results: Array<Omit<Result, 'stall'> & { window: Span }> = [];
  readonly logs: Record<string, string[]> = {};
  readonly reports: Record<string, string[]> = {};
  readonly waits: Wait[] = [];
  readonly late: Span[] = [];
  /** When a workload had the server taken away, and nobody could be served. */
  readonly excused: Span[] = [];
  probeTotals = { count: 0, slowest: 0 };
  private windows = new Map<string, [number, number]>();

  /** Takes a line; answers with the result that it completes, or with the line itself where it is nobody's. */
  take(line: string): Omit<Result, 'stall'> | string | undefined {
    const [word = '', first = '', second = ''] = line.split(' ');
    const rest = (from: number): string => line.split(' ').slice(from).join(' ').trim();
    switch (word) {
      case 'begin':
        this.windows.set(first, [Number(second), Number.POSITIVE_INFINITY]);
        return undefined;
      case 'end':
        this.windows.set(first, [this.windows.get(first)?.[0] ?? 0, Number(second)]);
        return undefined;
      case 'late':
        if (this.late.length < MAX_SPANS) this.late.push(spanOf(Number(first), Number(second)));
        return undefined;
      case 'excused':
        if (this.excused.length < MAX_SPANS) this.excused.push(spanOf(Number(first), Number(second)));
        return undefined;
      case 'probe':
      case 'wait': {
        const what = word === 'probe' ? 'a GETATTR beside it' : rest(3);
        if (this.waits.length < MAX_SPANS)
          this.waits.push({ span: spanOf(Number(first), Number(second)), what });
        return undefined;
      }
      case 'probes':
        this.probeTotals = { count: Number(first), slowest: Number(second) };
        return undefined;
      case 'log':
        this.logs[first] = [...(this.logs[first] ?? []), rest(2)].slice(-MAX_LOG_LINES);
        return undefined;
      case 'report':
        this.reports[first] = [...(this.reports[first] ?? []), rest(2)].slice(-MAX_LOG_LINES);
        return undefined;
      case 'ok':
        return this.add({ name: first, status: 'ok', seconds: Number(second), note: rest(3) });
      case 'skip':
        return this.add({ name: first, status: 'skip', seconds: 0, note: rest(2) });
      case 'FAIL':
        return this.add({ name: first, status: 'fail', seconds: 0, note: rest(2) });
      default:
        return line;
    }
  }

  private add(result: Omit<Result, 'stall'>): Omit<Result, 'stall'> {
    const [from, to] = this.windows.get(result.name) ?? [0, 0];
    this.results.push({ ...result, window: [from, to] });
    return result;
  }
}

function guestEnvironment(
  setting: Setting,
  combination: Combination,
  isLast: boolean,
): Record<string, string> {
  const { options } = setting;
  const sizes = sizesFor(options.full, isLast);
  return {
    VERS: combination.vers,
    NCONNECT: `${combination.nconnect}`,
    PORT: `${guestSide.port}`,
    EXPORT: setting.exportPath,
    COMBO: `run-${slug(combination)}`,
    WORKLOADS: workloadsOf(options.workloads, combination.steered).join(' '),
    UNCAPTURED: uncaptured,
    WORKLOAD_LIMIT: `${combination.steered && options.full ? STEERED_FULL_LIMIT_S : WORKLOAD_LIMIT_S}`,
    BIG_MIB: `${sizes.bigMiB}`,
    FILES: `${sizes.files}`,
    FSX_STEPS: `${options.fsxSteps ?? sizes.fsxSteps}`,
    FSX_SEED: `${options.seed}`,
    FIXTURES: setting.fixtures,
    FULL: options.full ? '1' : '',
    OPERATOR: `${operatorSide.host}:${operatorSide.port}`,
    SECOND_SERVER: network.secondServer,
    CUTTER: network.cutter,
    MORE_CLIENTS: network.moreClients,
    NODE: process.execPath,
    SUITE: import.meta.dirname,
    // The fixtures belong to whoever runs the suite, who need not be the guest's root.
    GIT_CONFIG_COUNT: '3',
    GIT_CONFIG_KEY_0: 'safe.directory',
    GIT_CONFIG_VALUE_0: '*',
    GIT_CONFIG_KEY_1: 'user.name',
    GIT_CONFIG_VALUE_1: 'dfs test',
    GIT_CONFIG_KEY_2: 'user.email',
    GIT_CONFIG_VALUE_2: 'test@example.invalid',
    PYTHONDONTWRITEBYTECODE: '1',
    ...(options.exec === undefined ? {} : { EXEC: options.exec }),
  };
}

/** A result with the wait that was measured beside it; one that is too long makes it a failure. */
function withStall(
  result: Progress['results'][number],
  progress: Progress,
  hostStarved: readonly Span[],
): Result {
  const { window, ...rest } = result;
  const { seconds: stall, what } = longestStall(window, progress.waits, [
    ...progress.late,
    ...progress.excused,
    ...hostStarved,
  ]);
  if (stall <= STALL_LIMIT_S || rest.status === 'fail') return { ...rest, stall };
  return { ...rest, stall, status: 'fail', note: `${what} took ${stall.toFixed(2)} s` };
}

const failed = (name: string, note: string): Result => ({ name, status: 'fail', seconds: 0, note, stall: 0 });

function judgeCapture(report: CaptureReport, starved: readonly Span[]): Result[] {
  const bad: Result[] = [];
  if (report.dropped > 0)
    bad.push(failed('capture', `dumpcap missed ${report.dropped} packets: nothing can be said`));
  else if (report.malformed > 0)
    bad.push(failed('decoder', `${report.malformed} malformed: ${report.findings.join('; ')}`));
  for (const { from, seconds, what } of report.slow) {
    const real = excess(spanOf(from, from + seconds), starved);
    if (real > STALL_LIMIT_S) bad.push(failed('reply', `a reply took ${real.toFixed(2)} s: ${what}`));
  }
  return bad;
}

type Guest = {
  readonly end: GuestEnd;
  readonly progress: Progress;
  readonly dropped: number;
  readonly file: string;
};

/** Connections that are cut at any byte make streams that tshark cannot but find wrong. */
const captures = (options: Options, { steered }: Combination): boolean => options.capture && !steered;

async function runInGuest(setting: Setting, combination: Combination, isLast: boolean): Promise<Guest> {
  const { options, runDir, say } = setting;
  const name = slug(combination);
  const file = join(runDir, `${name}.pcap`);
  const capture = captures(options, combination) ? await startCapture(file, guestSide.port) : undefined;
  let stopped: Promise<number> | undefined;
  const progress = new Progress();
  const end = await runGuest({
    kernel: setting.kernel,
    runDir: join(runDir, `guest-${name}`),
    script: join(import.meta.dirname, 'guest/suite.sh'),
    cwd: '/',
    env: guestEnvironment(setting, combination, isLast),
    moduleOptions: options.moduleOptions,
    memoryMiB: GUEST_MEMORY_MIB,
    cpus: options.cpus,
    timeoutMs: GUEST_LIMIT_MS,
    abort: setting.abort,
    onLine: (line) => {
      if (line === 'mark last') stopped ??= capture?.stop();
      const taken = line === 'mark last' ? undefined : progress.take(line);
      if (typeof taken === 'string')
        say(options.exec === undefined ? `${label(combination)} says: ${taken}` : taken);
      else if (taken !== undefined) say(resultLine(combination, { ...taken, stall: 0 }));
    },
  });
  stopped ??= capture?.stop();
  return { end, progress, dropped: (await stopped) ?? 0, file };
}

const nameOf = (file: string): string => file.replace(/\..*/, '');

/** What went wrong with the guest itself. */
function judgeGuest({ end }: Guest, results: readonly Result[], wanted: readonly string[]): Result[] {
  const bad: Result[] = [];
  if (end.status === undefined) bad.push(failed('guest', end.reason));
  else if (end.status !== 0) bad.push(failed('guest', `its script ended with status ${end.status}`));
  const absent = wanted.filter((name) => !results.some((result) => result.name === name));
  if (absent.length > 0) bad.push(failed('guest', `no word of ${absent.join(', ')}`));
  return bad;
}

/** Lets tshark read the capture, which is removed where it is in order and nobody asked to keep it. */
async function decode(
  setting: Setting,
  { file, dropped }: Guest,
): Promise<[CaptureReport | undefined, Result[]]> {
  try {
    const capture = await examine(file, guestSide.port, dropped);
    if (capture.malformed === 0 && !setting.options.keep) rmSync(file);
    return [capture, judgeCapture(capture, setting.hostStarved)];
  } catch (error) {
    return [undefined, [failed('decoder', error instanceof Error ? error.message : String(error))]];
  }
}

/**
 * Boots a guest and lets it do the workloads with this way of mounting. Resolves when the guest is gone; the report in
 * it follows when tshark, which takes what CPU is left, has read the capture.
 */
export async function runCombination(
  setting: Setting,
  combination: Combination,
  isLast: boolean,
): Promise<{ readonly report: Promise<CombinationReport> }> {
  const began = Date.now();
  const guest = await runInGuest(setting, combination, isLast);
  const { progress } = guest;
  const seconds = (Date.now() - began) / 1000;
  const results = progress.results.map((result) => withStall(result, progress, setting.hostStarved));
  const files = workloadsOf(setting.options.workloads, combination.steered);
  const wanted = setting.options.exec === undefined ? files.map(nameOf) : [];
  results.push(...judgeGuest(guest, results, wanted));
  const finish = async (): Promise<CombinationReport> => {
    const [capture, bad] = captures(setting.options, combination)
      ? await decode(setting, guest)
      : [undefined, []];
    const { logs, reports, probeTotals: probes } = progress;
    return { combination, results: [...results, ...bad], logs, reports, probes, capture, seconds };
  };
  return { report: finish() };
}
