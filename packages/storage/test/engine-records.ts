import type { RecordSink, RecordSource, StateJournal } from '@dfs/nfs';

/** Undefined deletes. */
export type Unit = readonly (readonly [key: string, value: Buffer | undefined])[];

/** Records as an engine has them, and appends them to a journal. */
export class EngineRecords implements RecordSource {
  readonly #journal: Pick<StateJournal, 'begin' | 'end'>;
  readonly #records: Map<string, Buffer>;
  /** What changed and waits for its {@link sweep}. */
  #unit: Unit = [];

  /** `left` is what the last run has left. */
  constructor(
    journal: Pick<StateJournal, 'keep' | 'begin' | 'end'>,
    left: Iterable<readonly [key: string, value: Buffer]> = [],
  ) {
    this.#journal = journal;
    this.#records = new Map(left);
    journal.keep(this);
  }

  append(unit: Unit, withChanges: boolean): void {
    this.#change(unit);
    this.#write(unit, withChanges);
  }

  /** Of this nobody has been told: it is appended with the next sweep. */
  change(unit: Unit): void {
    this.#change(unit);
    this.#unit = [...this.#unit, ...unit];
  }

  sweep(): void {
    const unit = this.#unit;
    this.#unit = [];
    this.#write(unit, false);
  }

  *write(sink: RecordSink): Generator<undefined> {
    for (const key of [...this.#records.keys()]) {
      if (this.#unit.length > 0) throw new Error('written before it was swept');
      const value = this.#records.get(key);
      if (value !== undefined) put(sink, key, value);
      yield;
    }
  }

  #change(unit: Unit): void {
    for (const [key, value] of unit) {
      if (value === undefined) this.#records.delete(key);
      else this.#records.set(key, value);
    }
  }

  #write(unit: Unit, withChanges: boolean): void {
    const sink = this.#journal.begin(withChanges);
    for (const [key, value] of unit) {
      if (value === undefined) sink.delete(key, -1, -1);
      else put(sink, key, value);
    }
    this.#journal.end();
  }
}

function put(sink: RecordSink, key: string, value: Buffer): void {
  sink.put(key, -1, -1).copyFrom(value, 0, value.length);
}
