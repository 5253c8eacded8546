import type { Backup, BackupRequest } from '@dfs/api';
import { BackupError, type BackupProgress, type BackupResult, type DataDirectory } from '@dfs/storage';
import { HTTP, notFound, Refusal, wrongFields } from '../rest/refusal.ts';
import { errorMessage } from './start-error.ts';

export interface BackupFigures {
  readonly running: boolean;
  /** Seconds since 1970; 0 where never. */
  readonly lastSuccess: number;
  /** Since the start. */
  readonly ended: Readonly<Record<Ending, number>>;
  /** Of the last that was done since the start. */
  readonly seconds: number;
  readonly pauseSeconds: number;
}

export interface BackupNews {
  readonly action: 'started' | Ending;
  readonly target: string;
  readonly who: string;
  readonly reason?: string;
}

type Ending = 'done' | 'failed' | 'cancelled';

interface Run {
  readonly target: string;
  readonly who: string;
  readonly startedAt: number;
  readonly cancel: AbortController;
  /** Answers when it has ended, however. */
  ended: Promise<void>;
  progress: BackupProgress | undefined;
  state: 'running' | Ending;
  endedAt: number | undefined;
  result: BackupResult | undefined;
  error: { readonly detail: string; readonly advice: string } | undefined;
}

const MS = 1000;
const STOPPING = 'the server stops';
const LATER = 'run it again once a server has started';
const RECORD = 'backup/last-success';

/** Backups of a data directory that is served: one at a time, and what became of the last. */
export class Backups {
  readonly #store: Pick<DataDirectory, 'backup' | 'records'>;
  readonly #listener: (news: BackupNews) => void;
  readonly #ended: Record<Ending, number> = { done: 0, failed: 0, cancelled: 0 };
  #run: Run | undefined;
  #lastDone: BackupResult | undefined;
  #lastSuccess: number;
  #isClosed = false;

  constructor(store: Pick<DataDirectory, 'backup' | 'records'>, listener: (news: BackupNews) => void) {
    this.#store = store;
    this.#listener = listener;
    const stored = Number(store.records.get(RECORD)?.toString('latin1') ?? '0');
    this.#lastSuccess = Number.isFinite(stored) ? stored : 0;
  }

  get figures(): BackupFigures {
    return {
      running: this.#run?.state === 'running',
      lastSuccess: this.#lastSuccess / MS,
      ended: this.#ended,
      seconds: this.#lastDone?.seconds ?? 0,
      pauseSeconds: (this.#lastDone?.pauseMs ?? 0) / MS,
    };
  }

  show(): Backup {
    const run = this.#run;
    const progress = run?.state === 'running' ? run.progress : undefined;
    const time = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());
    return {
      state: run?.state ?? 'none',
      target: run?.target ?? null,
      started_at: time(run?.startedAt),
      ended_at: time(run?.endedAt),
      phase: progress === undefined || progress.phase === 'restoring' ? null : progress.phase,
      files: progress?.files ?? 0,
      bytes: progress?.bytes ?? 0,
      of_bytes: progress?.ofBytes ?? null,
      result: run?.result === undefined ? null : shown(run.result),
      error: run?.error ?? null,
      last_success: this.#lastSuccess === 0 ? null : time(this.#lastSuccess),
    };
  }

  /** Answers once it copies, which says that the target will do. */
  async start(request: BackupRequest, who: string): Promise<Backup> {
    if (this.#isClosed) {
      throw new Refusal(HTTP.UNAVAILABLE, 'stopping', `${STOPPING}: ${LATER}`);
    }
    const before = this.#run;
    if (before?.state === 'running') {
      const detail = `a backup to ${before.target} is being made: wait for it, or cancel it`;
      throw new Refusal(HTTP.CONFLICT, 'backup_running', detail);
    }
    const run: Run = {
      target: request.target,
      who,
      startedAt: Date.now(),
      cancel: new AbortController(),
      ended: Promise.resolve(),
      progress: undefined,
      state: 'running',
      endedAt: undefined,
      result: undefined,
      error: undefined,
    };
    this.#run = run;
    const begun = Promise.withResolvers<void>();
    const making = this.#make(run, request, begun.resolve);
    run.ended = making.catch(() => {});
    try {
      await Promise.race([begun.promise, making]);
    } catch (error) {
      if (run.progress === undefined) this.#run = before;
      throw refusalOf(error);
    }
    return this.show();
  }

  /** Answers when it has ended. */
  async cancel(): Promise<void> {
    const run = this.#run;
    if (run?.state !== 'running') throw notFound('backup that is being made');
    run.cancel.abort();
    await run.ended;
  }

  /** No other is begun. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#run?.cancel.abort();
    await this.#run?.ended;
  }

  async #make(run: Run, request: BackupRequest, begun: () => void): Promise<void> {
    const { target, who } = run;
    try {
      const result = await this.#store.backup(target, {
        signal: run.cancel.signal,
        ...(request.max_pause_seconds !== undefined && { maxPauseMs: request.max_pause_seconds * MS }),
        ...(request.max_bytes_per_second !== undefined && { maxRate: request.max_bytes_per_second }),
        onProgress: (progress) => {
          if (run.progress === undefined) this.#listener({ action: 'started', target, who });
          run.progress = progress;
          begun();
        },
      });
      run.result = result;
      this.#lastDone = result;
      this.#lastSuccess = Date.now();
      this.#store.records.put(RECORD, Buffer.from(String(this.#lastSuccess)));
      this.#end(run, 'done');
    } catch (error) {
      const isCancelled = error instanceof BackupError && error.code === 'CANCELLED';
      run.error =
        isCancelled && this.#isClosed
          ? { detail: `cancelled: ${STOPPING}`, advice: LATER }
          : {
              detail: errorMessage(error),
              advice: error instanceof BackupError ? error.advice : 'the log of the server says more',
            };
      // One that was refused has not begun.
      if (run.progress !== undefined) this.#end(run, isCancelled ? 'cancelled' : 'failed');
      throw error;
    }
  }

  #end(run: Run, ending: Ending): void {
    const { target, who } = run;
    run.state = ending;
    run.endedAt = Date.now();
    this.#ended[ending]++;
    const reason = ending === 'failed' ? run.error?.detail : undefined;
    this.#listener({ action: ending, target, who, ...(reason !== undefined && { reason }) });
  }
}

function shown({
  moment,
  shares,
  files,
  bytes,
  pauseMs,
  seconds,
}: BackupResult): NonNullable<Backup['result']> {
  return { moment, shares: [...shares], files, bytes, pause_seconds: pauseMs / MS, seconds };
}

function refusalOf(error: unknown): unknown {
  if (!(error instanceof BackupError)) return error;
  const text = `${error.message}: ${error.advice}`;
  if (error.code === 'TARGET_REFUSED') return wrongFields([{ field: 'target', message: text }]);
  return new Refusal(HTTP.CONFLICT, error.code.toLowerCase(), text);
}
