import type { RecordSink, RecordSource, StateJournal } from '@dfs/nfs';
import type { CommitLog } from '../log/commit-log.ts';
import type { Journal } from './journal.ts';

/** The engine's side of the journal, which it shares with the log. */
export class LogStateJournal implements StateJournal {
  readonly #log: CommitLog;
  readonly #journal: Journal;
  #left: ReadonlyMap<string, Buffer> | undefined;

  /** `left` is what the last run has left, undefined where that may not be whole. */
  constructor(log: CommitLog, journal: Journal, left: ReadonlyMap<string, Buffer> | undefined) {
    this.#log = log;
    this.#journal = journal;
    this.#left = left;
  }

  get isWhole(): boolean {
    return !this.#journal.isLost;
  }

  load(): Iterable<readonly [key: string, value: Buffer]> | undefined {
    // Who has loaded it keeps to its contract: it flushes before replies leave.
    this.#log.callerFlushes();
    const left = this.#left;
    this.#left = undefined;
    return left;
  }

  keep(source: RecordSource): void {
    this.#journal.keep(source);
  }

  begin(changesFiles: boolean): RecordSink {
    return this.#journal.begin(changesFiles);
  }

  end(): boolean {
    return this.#journal.end();
  }

  flush(): void {
    this.#log.flushJournal();
  }
}
