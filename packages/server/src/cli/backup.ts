import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, type Backup } from '@dfs/api';
import { type ApiClient, findServer } from '@dfs/api/client';
import { dataSocketPath, defaultDataDirectory, type Environment, memorySocketPath } from '@dfs/api/places';
import type { OutputFormat } from '@dfs/api/terminal';
import { type BackupProgress, backupDataDirectory } from '@dfs/storage';
import type { Config } from '../config/resolve.ts';
import { copiedText, runCopy, type Tell } from './backup-report.ts';

const MS = 1000;
/** Milliseconds between two looks at a backup that a server makes. */
const LOOK_MS = 250;
const ADVICE =
  'dfs backup asks the server that serves the data; --data or --api-socket say which one is meant.';

export interface BackupFlags {
  readonly maxPause?: number;
  readonly maxRate?: number;
  readonly output: OutputFormat;
}

interface Report {
  readonly data: string | null;
  readonly target: string;
  /** A server has it open, and made the backup. */
  readonly served: boolean;
  readonly moment: string;
  readonly shares: readonly number[];
  readonly files: number;
  readonly bytes: number;
  readonly pause_seconds: number;
  readonly seconds: number;
}

/** Copies the data directory of this configuration: by its server where one has it, else by itself. Resolves to the exit code. */
export function backupCommand(
  config: Config,
  target: string,
  flags: BackupFlags,
  env: Environment,
): Promise<number> {
  const to = path.resolve(target);
  const { output } = flags;
  return runCopy({ what: 'back up', advice: ADVICE, output, env, view }, async (signal, tell) => {
    const server = await serverOf(config, env);
    return server === undefined
      ? offline(config, to, flags, env, signal, tell)
      : served(server, to, flags, signal, tell);
  });
}

/** Undefined where none answers. */
async function serverOf({ values }: Config, env: Environment): Promise<ApiClient | undefined> {
  const memory = values.memory ? values.listen.map(({ port }) => memorySocketPath(port, env)) : [];
  const data = dataSocketPath(values.data ?? defaultDataDirectory(env), env);
  const places = values.api_socket !== undefined ? [values.api_socket] : values.memory ? memory : [data];
  try {
    return await findServer(places.map((socketPath) => ({ socketPath })));
  } catch (error) {
    // One that was asked for by its socket is to be there, as is one whose data is nowhere else.
    const isNeeded = values.memory || values.api_socket !== undefined;
    if (error instanceof ApiError && error.code === 'unreachable' && !isNeeded) return undefined;
    throw error;
  }
}

async function offline(
  config: Config,
  target: string,
  { maxRate }: BackupFlags,
  env: Environment,
  signal: AbortSignal,
  tell: Tell,
): Promise<Report> {
  const data = config.values.data ?? defaultDataDirectory(env);
  const result = await backupDataDirectory(data, target, {
    signal,
    onProgress: tell,
    ...(maxRate !== undefined && { maxRate }),
  });
  const { moment, shares, files, bytes, seconds } = result;
  return { data, target, served: false, moment, shares, files, bytes, pause_seconds: 0, seconds };
}

async function served(
  server: ApiClient,
  target: string,
  { maxPause, maxRate }: BackupFlags,
  signal: AbortSignal,
  tell: Tell,
): Promise<Report> {
  const { data } = await server.status();
  const { started_at } = await server.createBackup({
    target,
    ...(maxPause !== undefined && { max_pause_seconds: maxPause }),
    ...(maxRate !== undefined && { max_bytes_per_second: maxRate }),
  });
  for (;;) {
    if (signal.aborted) await server.cancelBackup().catch(ignoreRefusal);
    const backup = await server.backup();
    if (backup.started_at !== started_at)
      throw new Error('the server was started anew: the backup is not finished');
    if (backup.state !== 'running') return { data, target, served: true, ...ended(backup) };
    tell(progressOf(backup));
    await sleep(LOOK_MS, undefined, { signal }).catch(() => {});
  }
}

/** It has ended by itself meanwhile. */
function ignoreRefusal(error: unknown): void {
  if (!(error instanceof ApiError && error.code === 'problem')) throw error;
}

function ended({ result, error }: Backup): NonNullable<Backup['result']> {
  if (result !== null) return result;
  throw new ApiError('problem', error === null ? 'it has ended' : `${error.detail}\n  ${error.advice}`);
}

function progressOf({ phase, files, bytes, of_bytes }: Backup): BackupProgress {
  return { phase: phase ?? 'copying', files, bytes, ofBytes: of_bytes ?? undefined };
}

function view(report: Report): string {
  const { target, moment, seconds, served, pause_seconds } = report;
  const waited = served ? `; clients waited ${Math.round(pause_seconds * MS)} ms at the most` : '';
  return `${target}: ${copiedText(report)}, as of ${moment}, in ${seconds.toFixed(1)} s${waited}`;
}
