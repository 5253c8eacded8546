import type { RecordSink, RecordSource } from '@dfs/nfs';

/** The engine's records as the last run left them, which it has not taken up yet. */
export class LeftRecords implements RecordSource {
  readonly #records: ReadonlyMap<string, Buffer>;

  constructor(records: ReadonlyMap<string, Buffer>) {
    this.#records = records;
  }

  /** Nothing of it changes. */
  sweep(): void {}

  *write(sink: RecordSink): Generator<undefined> {
    for (const [key, value] of this.#records) {
      sink.put(key, -1, -1).copyFrom(value, 0, value.length);
      yield;
    }
  }
}
