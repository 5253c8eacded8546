import type { StateJournal, StateStore } from '@dfs/nfs';
import { endOf, key32, keyText, parseKeyText, Table } from '../file-system/keys.ts';
import type { CommitLog } from '../log/commit-log.ts';
import type { Key } from '../metadata/store.ts';
import { DataDirectoryError } from './errors.ts';

/** What belongs to no share is kept under this number. */
const NO_SHARE = 0;
const PAGE = 256;

/** Small values by name: share definitions, settings. A change is seen at once and kept once {@link stable} answers. */
export interface Records {
  get(name: string): Buffer | undefined;
  /** `name` has at most 900 bytes. */
  put(name: string, value: Buffer): void;
  delete(name: string): void;
  /** All whose names begin so, in the order of their bytes. */
  list(prefix?: string): Iterable<readonly [name: string, value: Buffer]>;
  stable(): Promise<void>;
}

/** One table of the log, by name. */
export class LogRecords implements Records {
  readonly #log: CommitLog;
  readonly #prefix: Key;
  readonly #maxKey: number;

  constructor(log: CommitLog, table: Table, maxKey: number) {
    this.#log = log;
    this.#prefix = key32(NO_SHARE) + table;
    this.#maxKey = maxKey;
  }

  get(name: string): Buffer | undefined {
    const value = this.#log.get(this.#key(name));
    return value === undefined ? undefined : Buffer.from(value);
  }

  put(name: string, value: Buffer): void {
    this.#log.put(this.#key(name), Buffer.from(value));
    this.#log.urge();
  }

  delete(name: string): void {
    this.#log.delete(this.#key(name));
    this.#log.urge();
  }

  *list(prefix = ''): Generator<readonly [name: string, value: Buffer]> {
    const start = this.#prefix + keyText(prefix);
    const end = prefix === '' ? endOf(this.#prefix) : `${start}\xff`;
    for (let from = start; ; ) {
      const page = this.#log.scan(from, end, PAGE);
      for (const { key, value } of page) yield [parseKeyText(key, this.#prefix.length), value];
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return;
      from = `${last.key}\x00`;
    }
  }

  async stable(): Promise<void> {
    await this.#log.stablePatiently();
  }

  #key(name: string): Key {
    const key = keyText(name);
    if (key.length > this.#maxKey) {
      throw new DataDirectoryError(
        'INVALID_ARGUMENT',
        `a record's name has ${key.length} bytes, at most ${this.#maxKey} are kept`,
      );
    }
    return this.#prefix + key;
  }
}

/** The engine's own records, in the same batches as the effects on files. */
export class LogStateStore implements StateStore {
  readonly journal?: StateJournal;
  readonly #records: LogRecords;
  readonly #log: CommitLog;

  constructor(log: CommitLog, maxKey: number, journal?: StateJournal) {
    if (journal !== undefined) this.journal = journal;
    this.#records = new LogRecords(log, Table.STATE, maxKey);
    this.#log = log;
  }

  load(): Iterable<readonly [key: string, value: Buffer]> {
    return this.#records.list();
  }

  put(key: string, value: Buffer): void {
    this.#records.put(key, value);
  }

  delete(key: string): void {
    this.#records.delete(key);
  }

  stable(): Promise<void> | undefined {
    return this.#log.stable();
  }
}
