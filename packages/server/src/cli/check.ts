import { createInterface } from 'node:readline/promises';
import { isatty } from 'node:tty';
import { defaultDataDirectory, type Environment } from '@dfs/api/places';
import {
  complain,
  ExitCode,
  type OutputFormat,
  type Paint,
  painter,
  plural,
  render,
  say,
  showCount,
  table,
  wantsColour,
} from '@dfs/api/terminal';
import {
  type CheckResult,
  checkDataDirectory,
  FINDINGS,
  type Finding,
  type Findings,
  isBackup,
} from '@dfs/storage';
import type { Config } from '../config/resolve.ts';
import { dataError } from '../daemon/data-error.ts';
import { StartError } from '../daemon/start-error.ts';
import { checkBackupCommand } from './check-backup.ts';
import { ProgressLine } from './progress-line.ts';

const STDIN = 0;
const STDOUT = 1;
/** Findings that people are shown one by one. */
const SHOWN = 20;

export interface CheckFlags {
  readonly repair: boolean;
  readonly yes: boolean;
  readonly output: OutputFormat;
}

/** Verifies the data directory of this configuration, and mends it where asked and agreed to; or a backup, which is not mended. Resolves to the exit code. */
export async function checkCommand(config: Config, flags: CheckFlags, env: Environment): Promise<number> {
  const path = config.values.data ?? defaultDataDirectory(env);
  if (isBackup(path)) {
    const paint = painter(flags.output === 'table' && wantsColour(STDOUT, env));
    return checkBackupCommand(path, flags.output, paint);
  }
  const progress = new ProgressLine();
  try {
    const result = await checkDataDirectory(path, {
      onProgress: (share, phase, done) =>
        progress.show(() => `share ${share}: ${phase}, ${showCount(done)} looked at`),
      ...(flags.repair && { mayRepair: (findings) => agreed(findings, flags, progress) }),
    });
    progress.clear();
    const paint = painter(flags.output === 'table' && wantsColour(STDOUT, env));
    say(render(report(path, result), flags.output, () => view(path, result, flags.repair, paint)));
    return (result.afterRepair ?? result.findings).damage > 0 ? ExitCode.DAMAGED : ExitCode.OK;
  } catch (caught) {
    progress.clear();
    const error = dataError(caught);
    if (!(error instanceof StartError)) throw error;
    complain(`dfs: cannot check: ${error.message}\n  ${error.advice}\n`);
    return ExitCode.CANNOT_START;
  }
}

async function agreed(findings: Findings, flags: CheckFlags, progress: ProgressLine): Promise<boolean> {
  if (flags.yes) return true;
  progress.clear();
  if (!isatty(STDIN)) {
    complain('dfs: nothing was mended: there is no terminal to ask on; --yes agrees beforehand\n');
    return false;
  }
  complain(`${countsTable(findings, painter(false))}\n`);
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await lines.question('Mend that? What has lost its name goes to lost+found. [y/N] ');
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}

interface Report {
  readonly data: string;
  readonly shares: readonly number[];
  readonly damage: number;
  readonly leftovers: number;
  readonly counts: Record<string, number>;
  /** The first of them, with details. */
  readonly findings: readonly Finding[];
  readonly repaired: boolean;
  readonly damage_left: number;
}

function report(data: string, { shares, findings, afterRepair }: CheckResult): Report {
  return {
    data,
    shares,
    damage: findings.damage,
    leftovers: findings.leftovers,
    counts: Object.fromEntries(findings.counts),
    findings: findings.kept,
    repaired: afterRepair !== undefined,
    damage_left: (afterRepair ?? findings).damage,
  };
}

function view(path: string, result: CheckResult, wantedRepair: boolean, paint: Paint): string {
  const { shares, findings, afterRepair } = result;
  const lines = [`${path}: ${plural(shares.length, 'share')} looked at`];
  if (findings.counts.size > 0)
    lines.push('', countsTable(findings, paint), '', detailTable(findings, paint), '');
  lines.push(verdict(findings, afterRepair, wantedRepair, paint));
  return lines.join('\n');
}

function verdict(
  findings: Findings,
  after: Findings | undefined,
  wantedRepair: boolean,
  paint: Paint,
): string {
  if (after !== undefined) {
    if (after.damage === 0) return paint('green', 'mended: nothing is left');
    return paint('red', `${after.damage} could not be mended: restore a backup`);
  }
  if (findings.damage > 0) {
    const advice = wantedRepair ? '' : ': back the directory up, then run it again with --repair';
    return paint('red', `${findings.damage} damaged${advice}`);
  }
  const left = findings.leftovers;
  return paint(
    'green',
    left === 0
      ? 'everything is as it should be'
      : `no damage; ${left} left over, which the next start clears away`,
  );
}

function countsTable(findings: Findings, paint: Paint): string {
  const rows = [...findings.counts].map(([code, count]) => [
    String(count),
    FINDINGS[code].kind,
    code,
    FINDINGS[code].text,
  ]);
  return table(['COUNT', 'KIND', 'CODE', 'MEANING'], rows, paint);
}

function detailTable(findings: Findings, paint: Paint): string {
  const rows = findings.kept
    .slice(0, SHOWN)
    .map(({ code, share, ino, detail }) => [
      String(share),
      ino === undefined ? '-' : String(ino),
      code,
      detail,
    ]);
  return table(['SHARE', 'INODE', 'CODE', 'DETAIL'], rows, paint);
}
