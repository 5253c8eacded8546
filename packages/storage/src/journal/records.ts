import { type Hashed, HashTable, hashOfText } from '@dfs/nfs';

/** A record of the engine as it is; `value` is undefined once it was deleted. */
export class JournalRecord implements Hashed<JournalRecord> {
  readonly key: string;
  readonly hash: number;
  value: Buffer | undefined;
  next: JournalRecord | undefined;

  constructor(key: string, hash: number, value: Buffer) {
    this.key = key;
    this.hash = hash;
    this.value = value;
  }
}

/** The engine's records, of which many come and go with every request. */
export class JournalRecords {
  readonly #table = new HashTable<JournalRecord>();

  set(key: string, value: Buffer | undefined): void {
    const hash = hashOfText(key);
    let record = this.#table.first(hash);
    while (record !== undefined && record.key !== key) record = record.next;
    if (record === undefined) {
      if (value !== undefined) this.#table.add(new JournalRecord(key, hash, value));
      return;
    }
    record.value = value;
    if (value === undefined) this.#table.remove(record);
  }

  /** All of them. Those that are deleted later have no value then. */
  all(): readonly JournalRecord[] {
    return this.#table.all();
  }

  clear(): void {
    this.#table.clear();
  }
}
